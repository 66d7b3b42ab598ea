// A block's shared memory, and for each byte of it who wrote and who read it last: a byte that one
// thread wrote and another reads or writes without a barrier between is a race.
//
// Time is counted in releases of barriers. What happened before the block's last barrier is in
// order for all; what happened before a warp's last collective is in order for its lanes.
#pragma once
#include <cstdint>
#include <vector>

namespace heddle_sim {

class SharedMemory {
 public:
  static constexpr unsigned BYTES = 512 << 10;
  // What an access may find.
  enum Finding { FINE, OUTSIDE, UNWRITTEN, WRITE_THEN_READ, READ_THEN_WRITE, WRITE_THEN_WRITE };

  // A range that may be used.
  struct Extent {
    unsigned long offset, bytes;
    const char *name;
  };

  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory &) = delete;

  char *data() const { return data_; }
  bool holds(uintptr_t address) const { return address - (uintptr_t)data_ < BYTES; }

  // What a kernel's variables allow.
  void lay_out(const std::vector<Extent> &extents);
  // Forgets what was written; all threads are in order with what came before.
  void begin_block();
  void barrier() { last_barrier_ = ++clock_; }
  void warp_barrier(unsigned warp) { last_collective_[warp] = ++clock_; }

  // An access by a thread of the block; `other` is the one that it collides with.
  Finding read(uintptr_t address, unsigned bytes, unsigned thread, unsigned &other);
  Finding write(uintptr_t address, unsigned bytes, unsigned thread, unsigned &other);
  // Atomic operations collide with plain accesses, not with each other.
  Finding atomic(uintptr_t address, unsigned bytes, unsigned thread, unsigned &other);
  // Nothing was written there, from now on.
  void forget(uintptr_t address, unsigned bytes);

  // A name for several readers of a warp (ORed with its number), or of any.
  static constexpr unsigned WARP = 0x400, MANY = 0x800, ATOMIC = 0xc00;

 private:
  // A time and, in the lower 12 bits, a thread: of the last write, of the last read.
  struct Cell {
    uint64_t write, read;
  };

  bool in_order(uint64_t stamp, unsigned who, unsigned thread) const;

  char *data_;
  uint8_t *allowed_;
  Cell *cells_;
  std::vector<Extent> extents_;
  uint64_t clock_ = 1, block_start_ = 1, last_barrier_ = 1;
  uint64_t last_collective_[32];
};

}  // namespace heddle_sim
