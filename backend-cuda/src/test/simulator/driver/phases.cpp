// mbarriers: phases that arrivals end, and threads that wait for the end of one.
#include "block.h"

namespace heddle_sim {

void Block::begin_phases(uintptr_t address, unsigned arrivals) {
  phases_[address] = Phases{arrivals, arrivals, 0, {}, {}};
}

Phases &Block::phases(Fiber &self, uintptr_t address) {
  const auto found = phases_.find(address);
  if (found == phases_.end()) {
    fail(self, LAUNCH_FAILED, "uses an mbarrier that nobody began (mbarrier.init)");
  }
  return found->second;
}

void Block::arrive(Fiber &self, uintptr_t address) {
  Phases &own = phases(self, address);
  shared_.release(self.thread, own.arrived);
  if (--own.missing > 0) return;
  own.missing = own.expected;
  own.over++;
  own.released = own.arrived;
  for (unsigned thread = 0; thread < threads_; thread++) {
    if (states_[thread] == AT_PHASES && fibers_[thread]->phases == &own &&
        own.is_over(fibers_[thread]->parity)) {
      make_ready(thread);
    }
  }
}

void Block::wait_phase(Fiber &self, uintptr_t address, unsigned parity) {
  const Phases &own = phases(self, address);
  while (!own.is_over(parity)) {
    self.phases = &own;
    self.parity = parity;
    states_[self.thread] = AT_PHASES;
    leave(self);
  }
  shared_.acquire(self.thread, own.released);
}

}  // namespace heddle_sim
