// A block's shared memory, and for each byte of it who wrote and who read it last: a byte that one
// thread wrote and another reads or writes without a barrier between is a race.
//
// Time is counted in releases of barriers. What happened before the block's last barrier is in
// order for all; what happened before a warp's last collective is in order for its lanes; what a
// thread did before it arrived at an mbarrier is in order for the warps that waited for it, those of
// other blocks of its cluster too.
//
// wgmma reads by another way than threads do, the asynchronous proxy: it sees a write only if its thread
// showed it by a fence, before what orders the two; and nobody may write what it reads until it is done.
// Bulk copies write that way.
#pragma once
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace heddle_sim {

class SharedMemory {
 public:
  static constexpr unsigned BYTES = 512 << 10;
  // What an access may find.
  enum Finding {
    FINE, OUTSIDE, UNWRITTEN, WRITE_THEN_READ, READ_THEN_WRITE, WRITE_THEN_WRITE, NOT_SHOWN, UNDER_WAY,
    COMING
  };

  // A range that may be used.
  struct Extent {
    unsigned long offset, bytes;
    const char *name;
  };

  // Up to when what each thread did is in order, and, behind the threads, what bulk copies did; and up
  // to when of its writes wgmma sees.
  struct Clocks {
    std::vector<uint64_t> done, shown;
    void join(const Clocks &other);
  };

  // What wgmma reads, and a bulk copy writes, at a time; and threads.
  static constexpr unsigned PIECE = 16, WORD = 4;

  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory &) = delete;

  char *data() const { return data_; }
  bool holds(uintptr_t address) const { return address - (uintptr_t)data_ < BYTES; }

  // What a kernel's variables allow.
  void lay_out(const std::vector<Extent> &extents);
  // Forgets what was written; all threads are in order with what came before. The other blocks of a
  // cluster have as many threads; where a warp of them is meant, it is numbered behind this one's.
  void begin_block(unsigned threads, unsigned blocks);
  void barrier();
  // All threads of the cluster are in order.
  void cluster_barrier();
  void warp_barrier(unsigned warp) { last_collective_[warp] = ++clock_; }

  // An access by a thread of the block; `other` is the one that it collides with.
  Finding read(uintptr_t address, unsigned bytes, unsigned thread, unsigned &other);
  Finding write(uintptr_t address, unsigned bytes, unsigned thread, unsigned &other);
  // Atomic operations collide with plain accesses, not with each other.
  Finding atomic(uintptr_t address, unsigned bytes, unsigned thread, unsigned &other);
  // A thread shows wgmma what it wrote.
  void show(unsigned thread);
  // Adds what is in order before a thread's arrival, or before that of another block's warp, or that
  // bulk copies did; and makes it so for a warp.
  void release(unsigned thread, Clocks &to);
  void pass_on(unsigned warp, Clocks &to);
  void release_copies(Clocks &to);
  void acquire(unsigned warp, const Clocks &from);
  // Whether what a thread did at a time is in order for a warp of another block.
  bool knows(unsigned warp, uint64_t time, unsigned who) const;
  uint64_t now() const { return clock_; }
  // A wgmma of a warp begins to read a piece, and is done with it.
  Finding begin_async_read(uintptr_t piece, unsigned warp, unsigned &other);
  void end_async_read(uintptr_t piece, unsigned warp);
  // A bulk copy that a thread issues, of this block or another one, begins to write a piece; and has
  // written it, or never will where there are no data.
  Finding begin_copy(uintptr_t piece, unsigned warp, unsigned thread, unsigned &other);
  void end_copy(uintptr_t piece, const char *data);

  // Nothing was written there, from now on.
  void forget(uintptr_t address, unsigned bytes);

  // A name for several readers of a warp (ORed with its number), or of any.
  static constexpr unsigned WARP = 0x400, MANY = 0x800, ATOMIC = 0xc00;
  // And for bulk copies.
  static constexpr unsigned COPY = 0x801;

 private:
  // A time and, in the lower 12 bits, a thread: of the last write, of the last read.
  struct Cell {
    uint64_t write, read;
  };

  // Of a piece: how many reads of wgmma are under way, and when one of each warp ended last; whether a
  // bulk copy is under way.
  struct Piece {
    uint64_t reads, ended[32];
    bool coming;
  };

  bool in_order(uint64_t stamp, unsigned who, unsigned thread) const;
  void note_read(uintptr_t offset, uint64_t stamp, unsigned who);
  bool reads_in_order(uintptr_t offset, unsigned thread) const;
  bool is_shown(uint64_t stamp, unsigned who, unsigned warp) const;
  Finding written_meanwhile(uintptr_t offset, unsigned bytes, unsigned warp, unsigned &other) const;
  void use_clocks();
  unsigned warps() const { return (threads_ + 31) / 32; }

  char *data_;
  uint8_t *allowed_;
  Cell *cells_;
  Piece *pieces_;
  std::vector<Extent> extents_;
  uint64_t clock_ = 1, block_start_ = 1, last_barrier_ = 1;
  uint64_t last_collective_[32];
  // Empty until a block has an mbarrier or a fence: by warp, what it knows; by thread, its last fence,
  // and that before the last barrier.
  unsigned threads_ = 0, blocks_ = 1;
  std::vector<Clocks> known_;
  std::vector<uint64_t> shown_, shown_to_all_;
  // From then on: by word that several warps read, when each thread did last.
  std::unordered_map<uintptr_t, std::vector<uint64_t>> reads_;
};

}  // namespace heddle_sim
