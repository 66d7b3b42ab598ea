// g++ as the compiler behind the simulated NVRTC.
#pragma once
#include <string>
#include <vector>

namespace heddle_sim {

struct Compilation {
  bool succeeded;
  std::string image;  // A shared library.
  std::string log;
};

struct CompileOptions {
  unsigned architecture = 75;  // What NVRTC 12 takes if nothing is said.
  bool own = false;            // sm_90a: with what this architecture has and no later one.
  bool is_ptx = true;
  bool contract = true;        // Whether a * b + c may be rounded once: --fmad.
  std::vector<std::string> preprocessor;  // -D, -U and -I, as g++ takes them.
};

// Compiles a CUDA text, or takes what an earlier process made of the same one.
Compilation compile(const std::string &text, const CompileOptions &options);

}  // namespace heddle_sim
