// Turns what C++ cannot say of a preprocessed CUDA text into plain C++.
#pragma once
#include <stdexcept>
#include <string>

namespace heddle_sim {

// What the simulator cannot take, as a compiler's message.
struct RewriteError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The text of a translation unit that has the kernels of `text` and, as HEDDLE_MODULE, a table of
// them. Lines stay where they were.
//
// A __shared__ variable becomes a reference to its place in the block's shared memory, and an
// entry of the table; an asm statement becomes a call of the function of its mnemonic's name; each
// __global__ function gets an entry with its launch bounds.
std::string rewrite(const std::string &text, unsigned architecture, bool is_ptx);

}  // namespace heddle_sim
