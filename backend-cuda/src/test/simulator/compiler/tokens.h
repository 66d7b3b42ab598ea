// A walk over the tokens of a C++ text, as far as a rewriter needs them.
#pragma once
#include <cctype>
#include <string>

namespace heddle_sim {

class Tokens {
 public:
  explicit Tokens(const std::string &text) : text_(text) {}

  bool done() const { return at_ >= text_.size(); }
  size_t at() const { return at_; }
  void seek(size_t at) { at_ = at; }
  char peek() const { return done() ? '\0' : text_[at_]; }

  // Over white space and over lines that begin with #, which are markers and pragmas.
  void skip_space() {
    while (!done()) {
      if (text_[at_] == '#' && at_line_start()) {
        while (!done() && text_[at_] != '\n') at_++;
      } else if (isspace((unsigned char)text_[at_])) {
        at_++;
      } else {
        return;
      }
    }
  }

  bool at_line_start() const {
    size_t i = at_;
    while (i > 0 && (text_[i - 1] == ' ' || text_[i - 1] == '\t')) i--;
    return i == 0 || text_[i - 1] == '\n';
  }

  static bool starts_word(char c) { return isalpha((unsigned char)c) || c == '_'; }
  static bool in_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

  // The next token: a word, a number, a literal with its quotes, or a single character.
  std::string next() {
    skip_space();
    if (done()) return "";
    const size_t begin = at_;
    const char c = text_[at_++];
    if (c == '"' || c == '\'') {
      while (!done() && text_[at_] != c) at_ += text_[at_] == '\\' ? 2 : 1;
      at_++;
    } else if (in_word(c)) {
      // The dot, sign or quote inside a number is no matter here, but '1'000 is not used.
      while (!done() && in_word(text_[at_])) at_++;
    }
    return text_.substr(begin, at_ - begin);
  }

  std::string peek_token() {
    const size_t begin = at_;
    std::string token = next();
    at_ = begin;
    return token;
  }

  // From an opening bracket, which is next, past the one that closes it; what is between.
  std::string group() {
    next();
    const size_t begin = at_;
    for (int depth = 1; depth > 0 && !done();) {
      const std::string token = next();
      if (token == "(" || token == "[" || token == "{") depth++;
      if (token == ")" || token == "]" || token == "}") depth--;
    }
    return text_.substr(begin, at_ - 1 - begin);
  }

 private:
  const std::string &text_;
  size_t at_ = 0;
};

}  // namespace heddle_sim
