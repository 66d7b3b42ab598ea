#include "cluster.h"

#include "launch.h"

namespace heddle_sim {

void Cluster::prepare(const Launch &launch, void *const *arguments) {
  launch_ = &launch;
  size_ = launch.function->kernel->cluster;
  while (blocks_.size() < size_) {
    blocks_.push_back(std::make_unique<Block>(*this, (unsigned)blocks_.size()));
  }
  for (unsigned rank = 0; rank < size_; rank++) blocks_[rank]->prepare(launch, arguments);
}

unsigned long Cluster::count() const {
  return (unsigned long)launch_->grid.x * launch_->grid.y * launch_->grid.z / size_;
}

// Each block goes on until all its threads wait; when those of all blocks do, a copy comes, one at a
// time: so late that whoever does not wait for it is seen.
void Cluster::run(unsigned long number, Fault &fault) {
  drop_copies();
  rounds_ = arrived_ = 0;
  // No order of blocks, or of copies, is taken for granted.
  backwards_ = number % 2 == 1;
  const Extent &grid = launch_->grid;
  const unsigned across = grid.x / size_;
  for (unsigned rank = 0; rank < size_; rank++) {
    blocks_[rank]->begin(Extent{(unsigned)(number % across) * size_ + rank,
                                (unsigned)(number / across % grid.y),
                                (unsigned)(number / across / grid.y)},
                         fault);
  }
  for (bool moved = true; moved && fault.result == SUCCESS;) {
    moved = false;
    for (unsigned i = 0; i < size_ && fault.result == SUCCESS; i++) {
      moved |= blocks_[backwards_ ? size_ - 1 - i : i]->go_on();
    }
    if (!moved && fault.result == SUCCESS) moved = land_copy();
  }
  for (unsigned rank = 0; rank < size_; rank++) {
    Block &block = *blocks_[rank];
    if (fault.result == SUCCESS && !block.is_over()) {
      block.give_up(LAUNCH_FAILED, block.deadlock());
    }
    block.end();
  }
}

Block &Cluster::block_of(Fiber &self, unsigned address) const {
  const unsigned rank = address >> RANK_SHIFT;
  if (rank == 0) return *self.block;
  if (rank > size_) {
    Block::fail(self, LAUNCH_FAILED, format("uses shared memory of block %u of a cluster of %u",
                                            rank - 1, size_));
  }
  Block &block = *blocks_[rank - 1];
  if (block.is_over()) {
    Block::fail(self, LAUNCH_FAILED, format("uses shared memory of block %u of the cluster, which has "
                                            "ended", rank - 1));
  }
  return block;
}

uintptr_t Cluster::place_in(Block &block, unsigned address) {
  return (uintptr_t)block.shared().data() + (address & ((1u << RANK_SHIFT) - 1));
}

unsigned Cluster::warp(const Fiber &self, unsigned rank) const {
  const unsigned warps = (self.block->threads() + 31) / 32;
  return (self.block->rank() + size_ - rank) % size_ * warps + self.thread / 32;
}

void Cluster::release(Fiber &self, Orders &to) const {
  to.resize(size_);
  for (unsigned rank = 0; rank < size_; rank++) {
    SharedMemory &shared = blocks_[rank]->shared();
    if (rank == self.block->rank()) {
      shared.release(self.thread, to[rank]);
    } else {
      shared.pass_on(warp(self, rank), to[rank]);
    }
  }
}

void Cluster::acquire(Fiber &self, const Orders &from) const {
  for (unsigned rank = 0; rank < from.size(); rank++) {
    blocks_[rank]->shared().acquire(warp(self, rank), from[rank]);
  }
}

void Cluster::arrive(Fiber &self) {
  if (self.at_cluster) {
    Block::fail(self, LAUNCH_FAILED, "is at barrier.cluster.arrive twice without barrier.cluster.wait");
  }
  self.at_cluster = true;
  self.round = rounds_;
  arrived_++;
  end_round();
}

void Cluster::wait(Fiber &self) {
  if (!self.at_cluster) {
    Block::fail(self, LAUNCH_FAILED, "is at barrier.cluster.wait without barrier.cluster.arrive");
  }
  while (rounds_ == self.round) self.block->wait_for_cluster(self);
  self.at_cluster = false;
}

// Threads that have ended are not waited for.
void Cluster::end_round() {
  unsigned missing = 0;
  for (unsigned rank = 0; rank < size_; rank++) {
    missing += blocks_[rank]->threads() - blocks_[rank]->ended();
  }
  if (arrived_ == 0 || arrived_ < missing) return;
  rounds_++;
  arrived_ = 0;
  for (unsigned rank = 0; rank < size_; rank++) blocks_[rank]->cluster_came();
}

}  // namespace heddle_sim

using heddle_sim::Fiber;

extern "C" {

void heddle_sim_cluster_arrive() {
  Fiber &self = *Fiber::current();
  self.block->cluster().arrive(self);
}

void heddle_sim_cluster_wait() {
  Fiber &self = *Fiber::current();
  self.block->cluster().wait(self);
}

}  // extern "C"
