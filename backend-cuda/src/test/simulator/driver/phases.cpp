// mbarriers: phases that arrivals, and bytes of copies, end, and threads that wait for the end of one.
#include "block.h"
#include "cluster.h"

namespace heddle_sim {

void Block::begin_phases(Fiber &self, uintptr_t address, unsigned arrivals) {
  phases_[address] = Phases{arrivals, arrivals, 0, 0, self.thread, shared_.now(), false, {}, {}};
}

void Block::show_phases(const Fiber &self) {
  for (auto &[address, each] : phases_) each.shown |= each.begun_by == self.thread;
}

Phases &Block::phases(Fiber &self, uintptr_t address) {
  const auto found = phases_.find(address);
  if (found == phases_.end()) {
    fail(self, LAUNCH_FAILED, "uses an mbarrier that nobody began (mbarrier.init)");
  }
  Phases &own = found->second;
  if (self.block != this && !shared_.knows(cluster_->warp(self, rank_), own.begun_at, own.begun_by)) {
    fail(self, LAUNCH_FAILED, "uses an mbarrier of another block, which began it, and no "
                              "barrier.cluster was since");
  }
  return own;
}

void Block::arrive(Fiber &self, uintptr_t address, unsigned bytes) {
  Phases &own = phases(self, address);
  if (own.missing == 0) {
    fail(self, LAUNCH_FAILED, "arrives at an mbarrier whose phase waits for bytes of copies alone");
  }
  own.missing--;
  own.bytes += bytes;
  cluster_->release(self, own.arrived);
  end_phase(own);
}

void Block::copy_came(uintptr_t address, unsigned bytes) {
  Phases &own = phases_.at(address);
  own.bytes -= bytes;
  own.arrived.resize(cluster_->size());
  shared_.release_copies(own.arrived[rank_]);
  end_phase(own);
}

void Block::end_phase(Phases &own) {
  if (own.missing > 0 || own.bytes != 0) return;
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
  cluster_->acquire(self, own.released);
}

}  // namespace heddle_sim
