// The blocks that run together: a cluster, of one block where a kernel has none. They arrive at each
// other's mbarriers, wait for each other, and copy into each other's shared memory.
#pragma once
#include <deque>
#include <memory>
#include <vector>

#include "block.h"

namespace heddle_sim {

class Cluster {
 public:
  Cluster() = default;
  Cluster(const Cluster &) = delete;

  // What the next clusters are of.
  void prepare(const Launch &launch, void *const *arguments);
  // How many the launch has.
  unsigned long count() const;
  // Runs one to its end; what it found is in `fault`.
  void run(unsigned long number, Fault &fault);

  unsigned size() const { return size_; }
  // The block that an address of shared::cluster space is in, and where there.
  Block &block_of(Fiber &self, unsigned address) const;
  static uintptr_t place_in(Block &block, unsigned address);
  // How the block of a rank numbers a thread's warp.
  unsigned warp(const Fiber &self, unsigned rank) const;

  // Adds what is in order before a thread's arrival, and makes it so for a thread's warp.
  void release(Fiber &self, Orders &to) const;
  void acquire(Fiber &self, const Orders &from) const;

  // barrier.cluster.
  void arrive(Fiber &self);
  void wait(Fiber &self);
  void thread_ended() { end_round(); }

  // cp.async.bulk.tensor.
  void begin_copy(Fiber &self, const BulkCopy &own);

 private:
  // To a block: what it will write, and the mbarrier that counts it.
  struct Copy {
    Block *block;
    uintptr_t to, barrier;
    unsigned span;
    std::shared_ptr<const std::vector<char>> data;

    uintptr_t place(unsigned at) const;
  };

  void end_round();
  bool land_copy();
  void drop_copies();
  const TensorMap &checked(Fiber &self, const BulkCopy &own) const;
  std::vector<char> read_box(Fiber &self, const BulkCopy &own) const;
  void begin_copy_to(Fiber &self, const Copy &copy);

  const Launch *launch_ = nullptr;
  unsigned size_ = 1;
  std::vector<std::unique_ptr<Block>> blocks_;  // As many as ever ran together.
  std::deque<Copy> copies_;
  bool backwards_ = false;
  unsigned long rounds_ = 0;
  unsigned arrived_ = 0;
};

}  // namespace heddle_sim
