// One block at a time: its threads, each on a stack of its own from the first time it waits, and
// what they wait for.
#pragma once
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "../device/abi.h"
#include "results.h"
#include "shared_memory.h"
#include "stack_switch.h"
#include "warpgroup.h"

namespace heddle_sim {

class Block;
class Cluster;
struct Launch;

// What is in order before something, in each block of a cluster.
using Orders = std::vector<SharedMemory::Clocks>;

// An mbarrier: how many arrivals end a phase, how many of this one are missing, how many phases are
// over; how many bytes of copies were announced that have not come; who began it, when, and whether it
// was shown to bulk copies; what lies before the arrivals so far, and before the end of the last phase.
struct Phases {
  unsigned expected, missing;
  unsigned long over;
  long bytes;
  unsigned begun_by;
  uint64_t begun_at;
  bool shown;
  Orders arrived, released;

  bool is_over(unsigned parity) const { return over % 2 != parity; }
};

// A stack and the thread that runs on it. Lies at the foot of the stack.
struct Fiber {
  View view;
  Block *block;
  unsigned thread;  // Its number in the block, x fastest.
  StackState state;
  // Where it waits: at a barrier of the block, with a predicate...
  unsigned site;
  int predicate;
  // ...or for a phase of an mbarrier to end...
  const Phases *phases;
  unsigned parity;
  // ...or with other lanes of its warp, whose values it gets.
  unsigned mask;
  const char *collective;
  unsigned long long value;
  unsigned long long values[32];
  // What its warp multiplies meanwhile; nullptr if nothing.
  const Products *products;
  // Whether it has arrived at the cluster's barrier and not waited for it, and in which round.
  bool at_cluster;
  unsigned long round;

  static Fiber *current() {
    return (Fiber *)((unsigned long)__builtin_frame_address(0) & ~(STACK_BYTES - 1));
  }
};

// What the lanes of a warp do as one: each gave a value, and all of them wait.
using WarpWork = void (*)(const unsigned long long *values);

// What a thread copies into shared memory while it goes on.
struct AsyncCopy {
  uintptr_t to;
  unsigned bytes, group;
  char data[16];
};

// What ended a kernel.
struct Fault {
  Result result = SUCCESS;
  std::string words;
};

class Block {
 public:
  Block(Cluster &cluster, unsigned rank);
  ~Block();
  Block(const Block &) = delete;

  // What the next blocks are of.
  void prepare(const Launch &launch, void *const *arguments);
  // Begins a block; lets its threads go on until all of them wait, false if they did before; and ends
  // it. What it found is in `fault`.
  void begin(Extent index, Fault &fault);
  bool go_on();
  void end();
  bool is_over() const { return ended_ == threads_; }
  unsigned threads() const { return threads_; }
  unsigned ended() const { return ended_; }
  unsigned rank() const { return rank_; }

  // Called on a thread's stack.
  int barrier(Fiber &self, unsigned site, int predicate);
  void collective(Fiber &self, unsigned mask, unsigned long long value, const char *what,
                  WarpWork work = nullptr);
  // Copies into shared memory: begun, counted among a group, and there once the thread has waited
  // for their group. Until then nothing may read what they overwrite.
  void begin_copy(Fiber &self, uintptr_t to, uintptr_t from, unsigned bytes, unsigned given);
  void commit_copies(Fiber &self);
  // Takes out what has come, when at most `groups` may be under way.
  bool next_copy(Fiber &self, unsigned groups, AsyncCopy &copy);
  // Of an mbarrier at an address in shared memory. Threads of other blocks arrive at them too.
  void begin_phases(Fiber &self, uintptr_t address, unsigned arrivals);
  void show_phases(const Fiber &self);
  Phases &phases(Fiber &self, uintptr_t address);
  void arrive(Fiber &self, uintptr_t address, unsigned bytes);
  void copy_came(uintptr_t address, unsigned bytes);
  void wait_phase(Fiber &self, uintptr_t address, unsigned parity);
  // Waits for the others of the cluster; they have come.
  void wait_for_cluster(Fiber &self);
  void cluster_came();
  // A bulk copy by a thread of the cluster reads global memory, and is to write here.
  void check_copied(Fiber &self, uintptr_t from, size_t bytes);
  void begin_copied(Fiber &self, uintptr_t piece);
  // wgmma: called once for a warp, with what each lane gave.
  void begin_product(Fiber &self, const Wgmma *const *lanes);
  void fence_sums(Fiber &self);
  void commit_products(Fiber &self);
  void end_products(Fiber &self, unsigned groups);
  // setmaxnreg: called once for a warp.
  void set_registers(Fiber &self, unsigned count, bool more);
  // Whether warps of four have the same.
  bool registers_agree() const;
  unsigned active(const Fiber &self) const;
  // Ends the kernel by what a thread did, of whatever block, or by none's doing.
  [[noreturn]] static void fail(Fiber &self, Result result, const std::string &what);
  void give_up(Result result, const std::string &words);
  // Why nobody can go on.
  std::string deadlock() const;

  Cluster &cluster() { return *cluster_; }
  SharedMemory &shared() { return shared_; }
  const Launch &launch() const { return *launch_; }

 private:
  enum State : unsigned char {
    NEW, RUNNING, AT_BARRIER, AT_COLLECTIVE, AT_PHASES, AT_CLUSTER, ENDED
  };

  static void begin_fiber();
  Fiber *take_stack();
  void begin_thread(Fiber &fiber, unsigned thread);
  // Who goes on when the present thread cannot; nullptr if the block has ended.
  Fiber *next();
  void leave(Fiber &self);
  void make_ready(unsigned thread);
  void release_barrier();
  void end_phase(Phases &own);
  void check_async_read(Fiber &self, uintptr_t piece);
  Products::Sums &sums_of(Fiber &self, const Wgmma *const *lanes);
  const Products::Rows &rows_of(Fiber &self, const Wgmma *const *lanes);
  bool release_collective(unsigned warp, unsigned mask, WarpWork work);
  std::string who(unsigned thread) const;

  Cluster *const cluster_;
  const unsigned rank_;
  std::vector<void *> stacks_;  // All there are,
  std::vector<Fiber *> free_;   // and those in no use.
  SharedMemory shared_;
  StackState host_;

  const Launch *launch_ = nullptr;
  Fault *fault_ = nullptr;
  void *const *arguments_ = nullptr;
  View view_;
  unsigned threads_ = 0, started_ = 0, ended_ = 0, waiting_ = 0;
  bool backwards_ = false;
  int predicates_ = 0;
  std::vector<State> states_;
  std::vector<Fiber *> fibers_;  // By thread, of those that wait.
  std::vector<std::deque<AsyncCopy>> copies_;  // By thread,
  std::vector<unsigned> groups_;               // and how many groups it has committed.
  std::map<uintptr_t, Phases> phases_;         // By place in shared memory.
  std::vector<Products> products_;             // By warp; empty until one multiplies.
  std::vector<unsigned> registers_;            // Of a thread, by warp; empty until one asks for others.
  std::vector<Fiber *> ready_;   // A queue: [ready_from_, end).
  size_t ready_from_ = 0;
};

}  // namespace heddle_sim
