#include "rewrite.h"

#include <algorithm>
#include <vector>

#include "tokens.h"

namespace heddle_sim {
namespace {

struct KernelText {
  std::string name, bounds, blocks, cluster;
};

// Only the line breaks of a piece of text: what replaces it keeps the lines below in place.
std::string breaks(const std::string &text) {
  std::string lines;
  bool marker = false;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '#' && (i == 0 || text[i - 1] == '\n')) marker = true;
    if (text[i] == '\n') {
      marker = false;
      lines += '\n';
    } else if (marker) {
      lines += text[i];
    }
  }
  return lines;
}

std::string trimmed(const std::string &text) {
  size_t begin = 0, end = text.size();
  while (begin < end && isspace((unsigned char)text[begin])) begin++;
  while (end > begin && isspace((unsigned char)text[end - 1])) end--;
  return text.substr(begin, end - begin);
}

// Pieces between separators that stand in no brackets.
std::vector<std::string> split(const std::string &text, char separator) {
  std::vector<std::string> parts(1);
  Tokens tokens(text);
  size_t from = 0;
  int depth = 0;
  while (true) {
    tokens.skip_space();
    const size_t begin = tokens.at();
    const std::string token = tokens.next();
    if (token.empty()) break;
    if (token == "(" || token == "[" || token == "{") depth++;
    if (token == ")" || token == "]" || token == "}") depth--;
    if (depth == 0 && token[0] == separator && token.size() == 1) {
      parts.back() = text.substr(from, begin - from);
      parts.emplace_back();
      from = tokens.at();
    }
  }
  parts.back() = text.substr(from);
  return parts;
}

class Rewriter {
 public:
  explicit Rewriter(const std::string &text) : text_(text), tokens_(text) {}

  std::string all(unsigned architecture, bool is_ptx) {
    while (true) {
      const size_t before = tokens_.at();
      tokens_.skip_space();
      out_ += text_.substr(before, tokens_.at() - before);
      const size_t begin = tokens_.at();
      const std::string token = tokens_.next();
      if (token.empty()) break;
      if (token == "__global__") {
        begin_kernel();
        out_ += token;
      } else if (token == "__shared__") {
        shared(begin, false);
      } else if ((token == "extern" || token == "static") &&
                 tokens_.peek_token() == "__shared__") {
        tokens_.next();
        shared(begin, token == "extern");
      } else if (token == "asm" || token == "__asm__") {
        ptx(begin);
      } else if (token == "__grid_constant__") {
        grid_constant();
      } else {
        follow(token);
        out_ += token;
      }
    }
    return "#pragma GCC diagnostic ignored \"-Wunused\"\nnamespace {\n# 1 \"kernel\"\n" + out_ +
           "\n}  // namespace\n" + table(architecture, is_ptx);
  }

 private:
  // Whose body we are in, for the owners of shared variables.
  void follow(const std::string &token) {
    if (token == "{") {
      if (pending_) {
        pending_ = false;
        body_ = depth_;
      }
      depth_++;
    } else if (token == "}") {
      depth_--;
      if (depth_ == body_) {
        body_ = -1;
        owner_.clear();
      }
    } else if (token == ";" && pending_) {
      pending_ = false;
      owner_.clear();
    }
  }

  void begin_kernel() {
    const size_t begin = tokens_.at();
    KernelText kernel;
    kernel.bounds = "0";
    kernel.blocks = kernel.cluster = "1";
    for (std::string word = tokens_.next(); !word.empty(); word = tokens_.next()) {
      if (tokens_.peek_token() != "(") continue;
      if (word == "__launch_bounds__") {
        const std::vector<std::string> bounds = split(tokens_.group(), ',');
        kernel.bounds = bounds[0];
        if (bounds.size() > 1) kernel.blocks = bounds[1];
      } else if (word == "__attribute__" || word == "alignas") {
        cluster(tokens_.group(), kernel);
      } else if (word == "__cluster_dims__") {
        cluster("cluster_dims(" + tokens_.group() + ")", kernel);
      } else {
        kernel.name = word;
        break;
      }
    }
    if (kernel.name.empty()) throw RewriteError("a __global__ without a function");
    tokens_.seek(begin);
    owner_ = kernel.name;
    pending_ = true;
    const auto same = [&](const KernelText &each) { return each.name == kernel.name; };
    if (std::none_of(kernels_.begin(), kernels_.end(), same)) kernels_.push_back(kernel);
  }

  // ((cluster_dims(2, 1, 1))), which __cluster_dims__ is a name for.
  static void cluster(const std::string &attribute, KernelText &kernel) {
    const size_t at = attribute.find("cluster_dims");
    if (at == std::string::npos) return;
    Tokens tokens(attribute);
    tokens.seek(at);
    tokens.next();
    const std::vector<std::string> extents = split(tokens.group(), ',');
    kernel.cluster = trimmed(extents[0]);
    for (size_t axis = 1; axis < extents.size(); axis++) {
      if (trimmed(extents[axis]) != "1") {
        throw RewriteError("cluster_dims: the simulator takes clusters along x only");
      }
    }
  }

  // A parameter that has one place for all threads: a reference to where the launch has it.
  void grid_constant() {
    std::string type, name;
    for (std::string next = tokens_.peek_token(); !next.empty() && next != "," && next != ")";
         next = tokens_.peek_token()) {
      const size_t from = tokens_.at();
      tokens_.next();
      type += name;
      name = text_.substr(from, tokens_.at() - from);
    }
    out_ += type + " &" + name;
  }

  void shared(size_t begin, bool dynamic) {
    std::string declaration;
    std::string alignment = "1";
    for (size_t from = tokens_.at();; from = tokens_.at()) {
      const std::string token = tokens_.next();
      if (token.empty()) throw RewriteError("a __shared__ declaration without an end");
      if (token == ";") break;
      if (token == "alignas" || token == "__align__") {
        alignment = tokens_.group();
      } else if (token == "[" || token == "(") {
        tokens_.seek(from);
        const std::string inside = tokens_.group();
        declaration += token + inside + (token == "[" ? "]" : ")");
      } else {
        declaration += text_.substr(from, tokens_.at() - from);
      }
    }
    if (split(declaration, ',').size() > 1) {
      throw RewriteError("__shared__" + declaration +
                         ": the simulator takes one variable to a declaration");
    }
    size_t end = std::min(declaration.find('['), declaration.size());
    while (end > 0 && !Tokens::in_word(declaration[end - 1])) end--;
    size_t first = end;
    while (first > 0 && Tokens::in_word(declaration[first - 1])) first--;
    const std::string name = declaration.substr(first, end - first);
    const std::string type = trimmed(declaration.substr(0, first));
    const std::string extents = declaration.substr(end);
    if (dynamic) {
      out_ += type + " *" + name + " = (" + type + " *)heddle_sim::self().dynamic_shared;";
    } else {
      out_ += "typedef " + type + " heddle_type_" + name + trimmed(extents) +
              "; static heddle_sim::SharedVariable heddle_variable_" + name +
              " __attribute__((section(\"heddle_shared\"), used, aligned(8))) = {\"" + owner_ + "\", \"" + name +
              "\", sizeof(heddle_type_" + name + "), heddle_sim::greater(" + alignment +
              ", alignof(heddle_type_" + name + ")), 0}; heddle_type_" + name + " &" + name +
              " = heddle_sim::shared<heddle_type_" + name + ">(heddle_variable_" + name + ");";
      any_shared_ = true;
    }
    out_ += breaks(text_.substr(begin, tokens_.at() - begin));
  }

  void ptx(size_t begin) {
    while (Tokens::starts_word(tokens_.peek_token()[0])) tokens_.next();
    const std::string inside = tokens_.group();
    const std::vector<std::string> parts = split(inside, ':');
    const std::string statement = literal(parts[0]);
    std::vector<std::string> operands;
    for (size_t part = 1; part < parts.size() && part <= 2; part++) {
      for (const std::string &each : split(parts[part], ',')) {
        const size_t open = each.find('(');
        if (open != std::string::npos) {
          operands.push_back(each.substr(open, each.rfind(')') + 1 - open));
        }
      }
    }
    out_ += code(statement, operands) + breaks(text_.substr(begin, tokens_.at() - begin));
  }

  // An instruction, or { .reg .pred p; ... } with predicates of its own.
  static std::string code(const std::string &statement, const std::vector<std::string> &operands) {
    if (statement.empty()) return "";  // It keeps a compiler from moving something.
    if (statement[0] != '{') return call(statement, operands, {});
    if (statement.back() != '}') throw RewriteError("asm(\"" + statement + "\") has no }");
    std::string all;
    std::vector<std::string> predicates;
    for (const std::string &each : split(statement.substr(1, statement.size() - 2), ';')) {
      const std::string part = trimmed(each), declaration = ".reg .pred ";
      if (part.empty()) continue;
      if (part.compare(0, declaration.size(), declaration) == 0) {
        predicates.push_back(trimmed(part.substr(declaration.size())));
        all += "bool heddle_register_" + predicates.back() + "; ";
      } else {
        all += call(part + ";", operands, predicates) + "; ";
      }
    }
    return "{ " + all + "}";
  }

  // Adjacent string literals as one text.
  static std::string literal(const std::string &code) {
    std::string value;
    Tokens tokens(code);
    for (std::string token = tokens.next(); !token.empty(); token = tokens.next()) {
      if (token[0] != '"') throw RewriteError("asm: expected a string, not " + token);
      for (size_t i = 1; i + 1 < token.size(); i++) {
        if (token[i] == '\\') {
          i++;
          value += ' ';  // \n and \t stand between instructions.
        } else {
          value += token[i];
        }
      }
    }
    return trimmed(value);
  }

  static std::string call(const std::string &statement, const std::vector<std::string> &operands,
                          const std::vector<std::string> &predicates) {
    const size_t end = statement.find(';');
    if (end == std::string::npos || end + 1 != statement.size()) {
      throw RewriteError("asm(\"" + statement +
                         "\"): the simulator takes one instruction to a statement, or several in {}");
    }
    size_t at = 0;
    std::string name;
    while (at < end && !isspace((unsigned char)statement[at])) {
      name += Tokens::in_word(statement[at]) ? statement[at] : '_';
      at++;
    }
    std::string arguments;
    while (at < end) {
      std::string argument;
      if (statement[at] == '%' && isdigit((unsigned char)statement[at + 1])) {
        at++;
        size_t number = 0;
        while (isdigit((unsigned char)statement[at])) number = 10 * number + (statement[at++] - '0');
        if (number >= operands.size()) {
          throw RewriteError("asm(\"" + statement + "\") has no operand " + std::to_string(number));
        }
        argument = operands[number];
      } else if (isdigit((unsigned char)statement[at])) {
        while (at < end && Tokens::in_word(statement[at])) argument += statement[at++];
      } else if (Tokens::starts_word(statement[at])) {
        while (at < end && Tokens::in_word(statement[at])) argument += statement[at++];
        if (argument == "_") continue;  // A result that nobody wants.
        if (std::find(predicates.begin(), predicates.end(), argument) == predicates.end()) {
          throw RewriteError("asm(\"" + statement + "\") has no register " + argument);
        }
        argument.insert(0, "heddle_register_");
      } else {
        at++;
        continue;
      }
      arguments += (arguments.empty() ? "" : ", ") + argument;
    }
    return "heddle_ptx::" + name + "(" + arguments + ")";
  }

  std::string table(unsigned architecture, bool is_ptx) const {
    std::string code = "# 1 \"module\"\n";
    if (any_shared_) {
      code += "extern \"C\" heddle_sim::SharedVariable __start_heddle_shared[] "
              "__attribute__((visibility(\"hidden\"))), __stop_heddle_shared[] "
              "__attribute__((visibility(\"hidden\")));\n";
    }
    code += "static const heddle_sim::Kernel heddle_kernels[] = {\n";
    for (const KernelText &kernel : kernels_) {
      code += "  heddle_sim::Entry<&" + kernel.name + ">::of(\"" + kernel.name + "\", (unsigned)(" +
              kernel.bounds + "), (unsigned)(" + kernel.blocks + "), (unsigned)(" + kernel.cluster +
              ")),\n";
    }
    code += "  {0, 0, 0, 0, 0, 0, 0}};\n";
    const std::string variables =
        any_shared_ ? "__start_heddle_shared, __stop_heddle_shared" : "0, 0";
    code += "extern \"C\" __attribute__((visibility(\"default\"))) const heddle_sim::Module "
            "heddle_module __asm__(HEDDLE_MODULE) = {heddle_kernels, " + std::to_string(kernels_.size()) + ", " +
            variables + ", " + std::to_string(architecture) + ", " + (is_ptx ? "1" : "0") + "};\n";
    return code;
  }

  const std::string &text_;
  Tokens tokens_;
  std::string out_;
  std::vector<KernelText> kernels_;
  std::string owner_;
  bool pending_ = false, any_shared_ = false;
  int depth_ = 0, body_ = -1;
};

}  // namespace

std::string rewrite(const std::string &text, unsigned architecture, bool is_ptx) {
  return Rewriter(text).all(architecture, is_ptx);
}

}  // namespace heddle_sim
