#include "toolchain.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <regex>

#include "process.h"
#include "rewrite.h"

namespace heddle_sim {
namespace {

// The folder this library lies in: the kernels' headers lie beside it.
std::string home() {
  Dl_info info;
  if (dladdr((void *)&home, &info) == 0 || info.dli_fname == nullptr) return ".";
  const std::string path = info.dli_fname;
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::string compiler_name() {
  const char *chosen = getenv("HEDDLE_SIM_CXX");
  return chosen != nullptr ? chosen : "g++";
}

// How kernels are compiled: every access becomes a call that the driver answers (access.cpp), but
// for those of a function's own variables that nobody else can reach. What g++ inserts for its
// address sanitizer would leave out a write behind a read of the same place, so it is the thread
// sanitizer's. -O1 compiles in a third of -O2's time.
std::vector<std::string> flags(const CompileOptions &options) {
  std::vector<std::string> all = {
      "-std=c++17", "-O1", "-fPIC", "-w", "-fno-exceptions", "-fno-rtti", "-fno-stack-protector",
      "-fno-math-errno", "-fno-asynchronous-unwind-tables", "-fcf-protection=none", "-g1",
      "-fvisibility=hidden", "-fsanitize=thread",
      "--param=tsan-instrument-func-entry-exit=0"};
  all.push_back(options.contract ? "-ffp-contract=fast" : "-ffp-contract=off");
#if defined(__x86_64__)
  if (__builtin_cpu_supports("fma")) all.push_back("-mfma");
  if (__builtin_cpu_supports("f16c")) all.push_back("-mf16c");
#endif
  return all;
}

std::vector<std::string> definitions(const CompileOptions &options) {
  std::vector<std::string> all = options.preprocessor;
  if (options.own) {
    all.push_back("-D__CUDA_ARCH_FEAT_SM" + std::to_string(options.architecture) + "_ALL=1");
  }
  return all;
}

uint64_t hash(const std::string &text, uint64_t seed) {
  uint64_t h = seed;
  for (unsigned char c : text) h = (h ^ c) * 0x100000001b3u;
  return h ^ h >> 31;
}

// Where an image of this text is kept: the name tells the text, how it is compiled, and the headers
// and the compiler by the stamp that the build script wrote.
std::string cache_path(const std::string &text, const CompileOptions &options) {
  const char *chosen = getenv("HEDDLE_SIM_CACHE");
  const std::string folder = chosen != nullptr ? chosen : home() + "/cache";
  if (folder.empty()) return "";
  mkdir(folder.c_str(), 0777);
  std::string key;
  read_file(home() + "/stamp", key);
  key += compiler_name() + "\n" + std::to_string(options.architecture) + (options.is_ptx ? "p" : "c");
  for (const std::string &each : flags(options)) key += " " + each;
  for (const std::string &each : definitions(options)) key += " " + each;
  key += "\n" + text;
  char name[64];
  snprintf(name, sizeof name, "/%016llx%016llx.so",
           (unsigned long long)hash(key, 0xcbf29ce484222325u),
           (unsigned long long)hash(key, 0x9e3779b97f4a7c15u));
  return folder + name;
}

// Whether a text has float4 and its like.
bool uses_vectors(const std::string &text) {
  static const std::regex vector(
      "\\b(u?char|u?short|u?int|u?longlong|float|double)[24]\\b", std::regex::optimize);
  return std::regex_search(text, vector);
}

// A folder that goes when this does.
struct Scratch {
  std::string path;
  Scratch() {
    const char *base = getenv("TMPDIR");
    path = std::string(base != nullptr ? base : P_tmpdir) + "/heddle-nvrtc-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) path.clear();
  }
  ~Scratch() {
    for (const char *file : {"/kernel.cu", "/kernel.cpp", "/kernel.so"}) unlink((path + file).c_str());
    rmdir(path.c_str());
  }
};

Compilation build(const std::string &text, const CompileOptions &options) {
  Compilation result{false, "", ""};
  const Scratch scratch;
  const std::string source = scratch.path + "/kernel.cpp", image = scratch.path + "/kernel.so";
  // As NVRTC, which has no folder of headers.
  std::vector<std::string> command = {
      compiler_name(), "-E", "-x", "c++", "-std=c++17", "-nostdinc", "-D__CUDACC__", "-D__NVCC__",
      "-D__CUDACC_RTC__", "-D__CUDA_ARCH__=" + std::to_string(options.architecture * 10),
      "-DHEDDLE_SIMULATOR"};
  for (const std::string &each : definitions(options)) command.push_back(each);
  command.push_back("-");
  std::string preprocessed;
  if (run(command, text, preprocessed, result.log) != 0) return result;
  try {
    write_file(source, rewrite(preprocessed, options.architecture, options.is_ptx));
  } catch (const RewriteError &error) {
    result.log += std::string("kernel: error: ") + error.what() + "\n";
    return result;
  }
  command = {compiler_name(), "-shared", "-o", image, "-include", home() + "/device/cuda.h"};
  for (const std::string &each : flags(options)) command.push_back(each);
  for (const std::string &each : definitions(options)) command.push_back(each);
  // A vector is then read and written at once, as a GPU does, which shows where it is misaligned.
  if (uses_vectors(preprocessed)) command.push_back("-fno-tree-sra");
  // Nothing of C++'s library, and no time-consuming plug-in of the linker's.
  for (const char *each : {"-nostdlib", "-fno-use-linker-plugin"}) command.push_back(each);
  for (const std::string &each : {source, std::string("-lm"), std::string("-lc")}) {
    command.push_back(each);
  }
  std::string output;
  if (run(command, "", output, result.log) != 0) return result;
  result.succeeded = read_file(image, result.image);
  return result;
}

}  // namespace

Compilation compile(const std::string &text, const CompileOptions &options) {
  const std::string kept = cache_path(text, options);
  Compilation result{true, "", ""};
  if (!kept.empty() && read_file(kept, result.image)) return result;
  result = build(text, options);
  if (result.succeeded && !kept.empty()) write_file(kept, result.image);
  return result;
}

}  // namespace heddle_sim
