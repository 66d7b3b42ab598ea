// setmaxnreg: four warps give registers back, which others get.
#include <numeric>

#include "block.h"
#include "launch.h"

namespace heddle_sim {

void Block::set_registers(Fiber &self, unsigned count, bool more) {
  const Kernel &kernel = *launch_->function->kernel;
  if (kernel.most_threads == 0) {
    fail(self, LAUNCH_FAILED, "setmaxnreg: in a kernel without launch bounds it may do nothing");
  }
  if (count % 8 != 0 || count < 24 || count > 256) {
    fail(self, LAUNCH_FAILED,
         format("setmaxnreg: %u registers, which is not 24 to 256, a multiple of 8", count));
  }
  // A kernel that does this was compiled for as many as there are.
  const unsigned given = 65536 / kernel.least_blocks / threads_ / 8 * 8;
  if (more ? count < given : count > given) {
    fail(self, LAUNCH_FAILED, format("setmaxnreg: %u registers are not %s than the %u it has", count,
                                     more ? "more" : "fewer", given));
  }
  registers_.resize((threads_ + 31) / 32);
  unsigned &own = registers_[self.thread / 32];
  if (own != 0) fail(self, LAUNCH_FAILED, "setmaxnreg: a second time, which is not simulated");
  own = count;
  const unsigned asked = 32 * std::accumulate(registers_.begin(), registers_.end(), 0u);
  if (asked > given * threads_) {
    fail(self, LAUNCH_FAILED, format("setmaxnreg: waits for ever, for %u registers of the %u that the "
                                     "block has", asked, given * threads_));
  }
}

bool Block::registers_agree() const {
  for (size_t first = 0; first < registers_.size(); first += 4) {
    for (size_t other = first; other < first + 4 && other < registers_.size(); other++) {
      if (registers_[other] != registers_[first]) return false;
    }
  }
  return true;
}

}  // namespace heddle_sim
