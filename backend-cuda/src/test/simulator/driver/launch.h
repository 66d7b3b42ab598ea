// A kernel's launch, and the threads of the host that run its blocks.
#pragma once
#include <string>
#include <vector>

#include "cluster.h"
#include "module.h"

namespace heddle_sim {

struct Launch {
  const Function *function;
  Extent grid, block;
  unsigned dynamic_bytes;
  std::vector<char> arguments;  // Side by side, each at a multiple of 16.

  std::string words() const;  // multiply<<<(1,1,1), (64,1,1)>>>
};

// Runs all blocks; SUCCESS or what the first fault was.
Result run_launch(const Launch &launch);

}  // namespace heddle_sim
