// NVRTC's functions. Its cubin and its PTX are both a shared library that the simulated driver
// loads.
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "toolchain.h"

namespace {

using heddle_sim::Compilation;
using heddle_sim::CompileOptions;

enum Result {
  SUCCESS = 0,
  INVALID_INPUT = 3,
  INVALID_PROGRAM = 4,
  INVALID_OPTION = 5,
  COMPILATION = 6,
};

struct Program {
  std::string text;
  bool compiled = false;
  bool is_ptx = true;
  Compilation result{false, "", ""};
};

// What NVRTC 12.9 compiles for.
const int ARCHITECTURES[] = {50, 52, 53, 60, 61, 62, 70, 72, 75, 80, 86, 87, 89, 90, 100, 101, 103, 120, 121};

std::mutex lock;
std::map<void *, std::shared_ptr<Program>> programs;

std::shared_ptr<Program> find(void *handle) {
  const std::lock_guard<std::mutex> held(lock);
  const auto found = programs.find(handle);
  return found == programs.end() ? nullptr : found->second;
}

bool takes(const std::string &option, const char *name, std::string &value) {
  for (const char *dashes : {"--", "-"}) {
    const std::string prefix = std::string(dashes) + name + "=";
    if (option.compare(0, prefix.size(), prefix) == 0) {
      value = option.substr(prefix.size());
      return true;
    }
  }
  return false;
}

bool read_architecture(const std::string &value, CompileOptions &options) {
  const bool real = value.compare(0, 3, "sm_") == 0;
  if (!real && value.compare(0, 8, "compute_") != 0) return false;
  char *rest;
  const unsigned number = (unsigned)strtoul(value.c_str() + (real ? 3 : 8), &rest, 10);
  const bool own = strcmp(rest, "a") == 0 && number == 90;
  if (*rest != '\0' && !own) return false;
  for (int each : ARCHITECTURES) {
    if ((unsigned)each == number) {
      options.architecture = number;
      options.is_ptx = !real;
      options.own = own;
      return true;
    }
  }
  return false;
}

// Options that choose among codes of the same meaning, or what a log tells.
bool is_harmless(const std::string &option) {
  static const char *const names[] = {
      "std", "prec-div", "prec-sqrt", "ftz", "maxrregcount", "ptxas-options", "diag-suppress",
      "diag-warn", "diag-error", "split-compile", "optimization-info", "brief-diagnostics", "pch-dir"};
  static const char *const words[] = {
      "default-device", "device-as-default-execution-space", "lineinfo", "generate-line-info",
      "device-debug", "use_fast_math", "extra-device-vectorization", "disable-warnings", "w",
      "restrict", "display-error-number", "no-display-error-number", "device-int128"};
  std::string value;
  for (const char *name : names) {
    if (takes(option, name, value)) return true;
  }
  for (const char *word : words) {
    if (option == std::string("-") + word || option == std::string("--") + word) return true;
  }
  return false;
}

// Returns the option that is not understood, or nothing.
std::string read_options(int count, const char *const *texts, CompileOptions &options) {
  for (int i = 0; i < count; i++) {
    const std::string option = texts[i];
    std::string value;
    if (takes(option, "gpu-architecture", value) || takes(option, "arch", value)) {
      if (!read_architecture(value, options)) return option;
    } else if (takes(option, "fmad", value)) {
      options.contract = value == "true";
    } else if (takes(option, "define-macro", value)) {
      options.preprocessor.push_back("-D" + value);
    } else if (takes(option, "include-path", value)) {
      options.preprocessor.push_back("-I" + value);
    } else if (option.compare(0, 2, "-D") == 0 || option.compare(0, 2, "-U") == 0 ||
               option.compare(0, 2, "-I") == 0) {
      options.preprocessor.push_back(option);
      if (option.size() == 2 && i + 1 < count) options.preprocessor.back() += texts[++i];
    } else if (!is_harmless(option)) {
      return option;
    }
  }
  return "";
}

int give(const std::string &bytes, char *to) {
  memcpy(to, bytes.data(), bytes.size());
  return SUCCESS;
}

}  // namespace

extern "C" {

int nvrtcVersion(int *major, int *minor) {
  if (major == nullptr || minor == nullptr) return INVALID_INPUT;
  *major = 12;
  *minor = 9;
  return SUCCESS;
}

int nvrtcGetNumSupportedArchs(int *count) {
  if (count == nullptr) return INVALID_INPUT;
  *count = (int)(sizeof ARCHITECTURES / sizeof *ARCHITECTURES);
  return SUCCESS;
}

int nvrtcGetSupportedArchs(int *architectures) {
  if (architectures == nullptr) return INVALID_INPUT;
  memcpy(architectures, ARCHITECTURES, sizeof ARCHITECTURES);
  return SUCCESS;
}

int nvrtcCreateProgram(void **program, const char *text, const char *, int headers,
                       const char *const *, const char *const *) {
  // Texts that bring their headers along are not compiled here.
  if (program == nullptr || text == nullptr || headers != 0) return INVALID_INPUT;
  auto created = std::make_shared<Program>();
  created->text = text;
  const std::lock_guard<std::mutex> held(lock);
  *program = created.get();
  programs[created.get()] = created;
  return SUCCESS;
}

int nvrtcDestroyProgram(void **program) {
  if (program == nullptr) return INVALID_INPUT;
  const std::lock_guard<std::mutex> held(lock);
  if (programs.erase(*program) == 0) return INVALID_PROGRAM;
  *program = nullptr;
  return SUCCESS;
}

int nvrtcCompileProgram(void *handle, int count, const char *const *texts) {
  const std::shared_ptr<Program> program = find(handle);
  if (program == nullptr) return INVALID_PROGRAM;
  CompileOptions options;
  const std::string unknown = read_options(count, texts, options);
  if (!unknown.empty()) {
    program->result.log = "nvrtc: error: unrecognized option " + unknown + " found\n";
    return INVALID_OPTION;
  }
  program->result = heddle_sim::compile(program->text, options);
  program->compiled = true;
  program->is_ptx = options.is_ptx;
  return program->result.succeeded ? SUCCESS : COMPILATION;
}

int nvrtcGetProgramLogSize(void *handle, size_t *size) {
  const std::shared_ptr<Program> program = find(handle);
  if (program == nullptr || size == nullptr) return INVALID_PROGRAM;
  *size = program->result.log.size() + 1;
  return SUCCESS;
}

int nvrtcGetProgramLog(void *handle, char *log) {
  const std::shared_ptr<Program> program = find(handle);
  if (program == nullptr || log == nullptr) return INVALID_PROGRAM;
  memcpy(log, program->result.log.c_str(), program->result.log.size() + 1);
  return SUCCESS;
}

int nvrtcGetCUBINSize(void *handle, size_t *size) {
  const std::shared_ptr<Program> program = find(handle);
  if (program == nullptr || size == nullptr || !program->result.succeeded) return INVALID_PROGRAM;
  // There is none of a virtual architecture.
  *size = program->is_ptx ? 0 : program->result.image.size();
  return SUCCESS;
}

int nvrtcGetCUBIN(void *handle, char *to) {
  const std::shared_ptr<Program> program = find(handle);
  if (program == nullptr || to == nullptr || !program->result.succeeded) return INVALID_PROGRAM;
  return program->is_ptx ? INVALID_PROGRAM : give(program->result.image, to);
}

int nvrtcGetPTXSize(void *handle, size_t *size) {
  const std::shared_ptr<Program> program = find(handle);
  if (program == nullptr || size == nullptr || !program->result.succeeded) return INVALID_PROGRAM;
  *size = program->result.image.size();
  return SUCCESS;
}

int nvrtcGetPTX(void *handle, char *to) {
  const std::shared_ptr<Program> program = find(handle);
  if (program == nullptr || to == nullptr || !program->result.succeeded) return INVALID_PROGRAM;
  return give(program->result.image, to);
}

// Names of extern "C" kernels are what they are in the text; others are not offered.
int nvrtcAddNameExpression(void *, const char *) { return INVALID_INPUT; }
int nvrtcGetLoweredName(void *, const char *, const char **) { return INVALID_INPUT; }

const char *nvrtcGetErrorString(int result) {
  switch (result) {
    case SUCCESS: return "NVRTC_SUCCESS";
    case 1: return "NVRTC_ERROR_OUT_OF_MEMORY";
    case 2: return "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
    case INVALID_INPUT: return "NVRTC_ERROR_INVALID_INPUT";
    case INVALID_PROGRAM: return "NVRTC_ERROR_INVALID_PROGRAM";
    case INVALID_OPTION: return "NVRTC_ERROR_INVALID_OPTION";
    case COMPILATION: return "NVRTC_ERROR_COMPILATION";
    default: return "NVRTC_ERROR unknown";
  }
}

}  // extern "C"
