// What compiled kernels call at every access to memory (g++'s names for -fsanitize=thread),
// at barriers, and at collectives of a warp.
#include <cstring>

#include "block.h"
#include "cluster.h"
#include "launch.h"
#include "memory.h"
#include "report.h"

namespace heddle_sim {
namespace {

enum class Use { READ, WRITE, ATOMIC };

const char *verb(Use use) {
  return use == Use::READ ? "reads" : use == Use::WRITE ? "writes" : "changes";
}

[[noreturn]] void fail(Fiber &self, Result result, Use use, uintptr_t address, size_t bytes,
                       const std::string &why, const void *caller) {
  const std::string line = self.block->launch().function->module->line((uintptr_t)caller);
  Block::fail(self, result,
                   format("%s %zu bytes at 0x%zx: ", verb(use), bytes, (size_t)address) + why +
                       (line.empty() ? "" : " (line " + line + " of the text)"));
}

std::string thread_words(const Fiber &self, unsigned other) {
  if (other == SharedMemory::ATOMIC) return "an atomic operation";
  if (other == SharedMemory::COPY) return "a bulk copy";
  if (other >= SharedMemory::MANY) return "threads of several warps";
  if (other & SharedMemory::WARP) return format("several threads of warp %u", other & 31);
  const Extent &size = self.view.block_size;
  return format("thread (%u,%u,%u)", other % size.x, other / size.x % size.y,
                other / size.x / size.y);
}

// The name and the place of an address in a block's shared memory.
std::string shared_words(Block &block, uintptr_t address) {
  const unsigned long offset = address - (uintptr_t)block.shared().data();
  const Launch &launch = block.launch();
  const Function &function = *launch.function;
  const SharedMemory::Extent dynamic{function.dynamic_from, launch.dynamic_bytes, "the dynamic part"};
  const SharedMemory::Extent *nearest = launch.dynamic_bytes > 0 ? &dynamic : nullptr;
  for (const SharedMemory::Extent &each : function.extents) {
    if (each.offset <= offset && (nearest == nullptr || offset < nearest->offset ||
                                  each.offset > nearest->offset)) {
      nearest = &each;
    }
  }
  if (nearest == nullptr) return "of which the kernel has none";
  return format("%ld bytes into %s of %lu bytes", (long)(offset - nearest->offset), nearest->name,
                nearest->bytes);
}

// Fails if something was found in the memory of a block.
void report_shared(Fiber &self, Block &block, Use use, uintptr_t address, size_t bytes,
                   const void *caller, unsigned other, SharedMemory::Finding found) {
  if (__builtin_expect(found == SharedMemory::FINE, 1)) return;
  const std::string place = "shared memory, " + shared_words(block, address) +
                            (self.block == &block ? "" : " of another block of the cluster");
  const std::string who = thread_words(self, other);
  switch (found) {
    case SharedMemory::FINE: break;
    case SharedMemory::OUTSIDE:
      fail(self, ILLEGAL_ADDRESS, use, address, bytes, place, caller);
    case SharedMemory::UNWRITTEN:
      fail(self, LAUNCH_FAILED, use, address, bytes, place + ", which nothing was written to", caller);
    case SharedMemory::WRITE_THEN_READ:
      fail(self, LAUNCH_FAILED, use, address, bytes,
           place + ": " + who + " wrote it, and there was no barrier since", caller);
    case SharedMemory::READ_THEN_WRITE:
      fail(self, LAUNCH_FAILED, use, address, bytes,
           place + ": " + who + " read it, and there was no barrier since", caller);
    case SharedMemory::WRITE_THEN_WRITE:
      fail(self, LAUNCH_FAILED, use, address, bytes,
           place + ": " + who + " wrote it too, and there was no barrier since", caller);
    case SharedMemory::NOT_SHOWN:
      fail(self, LAUNCH_FAILED, use, address, bytes,
           place + (use == Use::READ ? ", for a wgmma: " : ", for a bulk copy: ") + who +
               " wrote it, and no fence.proxy.async shows it since",
           caller);
    case SharedMemory::UNDER_WAY:
      fail(self, LAUNCH_FAILED, use, address, bytes,
           place + ", which a wgmma reads that is under way", caller);
    case SharedMemory::COMING:
      fail(self, LAUNCH_FAILED, use, address, bytes,
           place + ", which a bulk copy writes that is under way", caller);
  }
}

void check_shared(Fiber &self, Use use, uintptr_t address, size_t bytes, const void *caller) {
  SharedMemory &shared = self.block->shared();
  unsigned other = 0;
  const unsigned count = (unsigned)bytes;
  report_shared(self, *self.block, use, address, bytes, caller, other,
                use == Use::READ    ? shared.read(address, count, self.thread, other)
                : use == Use::WRITE ? shared.write(address, count, self.thread, other)
                                    : shared.atomic(address, count, self.thread, other));
}

// An access that the shadow of global memory does not allow as it is, or that lies elsewhere.
__attribute__((noinline)) void check_slowly(Fiber &self, Use use, uintptr_t address, size_t bytes,
                                            const void *caller) {
  Memory &memory = Memory::get();
  if (Memory::is_ours(address) && Memory::is_ours(address + bytes - 1)) {
    uint8_t *const shadow = Memory::shadow(address);
    for (size_t i = 0; i < bytes; i++) {
      if (!(shadow[i] & Memory::ALLOCATED)) {
        fail(self, ILLEGAL_ADDRESS, use, address, bytes, memory.describe(address + i), caller);
      }
      if (use != Use::WRITE && shadow[i] != Memory::WRITTEN) {
        fail(self, LAUNCH_FAILED, use, address, bytes,
             memory.describe(address + i) + ", which nothing was written to", caller);
      }
    }
    if (use != Use::READ) memset(shadow, Memory::WRITTEN, bytes);
    return;
  }
  if (use == Use::READ && self.block->launch().function->module->holds(address, bytes)) return;
  if (memory.is_pinned(address, bytes)) return;
  fail(self, ILLEGAL_ADDRESS, use, address, bytes, memory.describe(address), caller);
}

template <class Word>
bool all_are(const uint8_t *shadow, uint8_t what) {
  Word word, wanted;
  memcpy(&word, shadow, sizeof word);
  memset(&wanted, what, sizeof wanted);
  return word == wanted;
}

template <size_t BYTES>
bool all_written(const uint8_t *shadow) {
  if constexpr (BYTES == 1) return all_are<uint8_t>(shadow, Memory::WRITTEN);
  if constexpr (BYTES == 2) return all_are<uint16_t>(shadow, Memory::WRITTEN);
  if constexpr (BYTES == 4) return all_are<uint32_t>(shadow, Memory::WRITTEN);
  if constexpr (BYTES == 8) return all_are<uint64_t>(shadow, Memory::WRITTEN);
  if constexpr (BYTES == 16) return all_are<unsigned __int128>(shadow, Memory::WRITTEN);
}

inline bool on_own_stack(const Fiber &self, uintptr_t address) {
  return (address ^ (uintptr_t)&self) < STACK_BYTES;
}

// A thread's own variables, which are registers on a GPU, may be a wgmma's.
__attribute__((noinline)) void check_registers(Fiber &self, Use use, uintptr_t address, size_t bytes,
                                               const void *caller) {
  for (const Products::Sums &each : self.products->sums) {
    if (each.hold(address, bytes, self.thread % 32)) {
      fail(self, LAUNCH_FAILED, use, address, bytes,
           "the sum of a wgmma that is under way, before wgmma.wait_group", caller);
    }
  }
  for (const Products::Rows &each : self.products->rows) {
    if (each.hold(address, bytes, self.thread % 32)) {
      fail(self, LAUNCH_FAILED, use, address, bytes,
           "a of a wgmma that is under way, before wgmma.wait_group", caller);
    }
  }
}

template <size_t BYTES, Use USE>
inline __attribute__((always_inline)) void check(uintptr_t address, const void *caller) {
  Fiber &self = *Fiber::current();
  if (on_own_stack(self, address)) {
    if (__builtin_expect(self.products != nullptr, 0)) {
      check_registers(self, USE, address, BYTES, caller);
    }
    return;
  }
  if (__builtin_expect(address % BYTES != 0, 0)) {
    fail(self, MISALIGNED_ADDRESS, USE, address, BYTES, "the address is no multiple of the size",
         caller);
  }
  if (Memory::is_ours(address)) {
    // What was written once may be read and written.
    if (__builtin_expect(all_written<BYTES>(Memory::shadow(address)), 1)) return;
  } else if (self.block->shared().holds(address)) {
    check_shared(self, USE, address, BYTES, caller);
    return;
  }
  check_slowly(self, USE, address, BYTES, caller);
}

void check_range(Use use, uintptr_t address, size_t bytes, const void *caller) {
  Fiber &self = *Fiber::current();
  if (bytes == 0 || on_own_stack(self, address)) return;
  if (self.block->shared().holds(address)) {
    check_shared(self, use, address, bytes, caller);
  } else {
    check_slowly(self, use, address, bytes, caller);
  }
}

}  // namespace

void Block::check_async_read(Fiber &self, uintptr_t piece) {
  unsigned other = 0;
  const SharedMemory::Finding found = shared_.begin_async_read(piece, self.thread / 32, other);
  report_shared(self, *this, Use::READ, piece, SharedMemory::PIECE, nullptr, other, found);
}

void Block::check_copied(Fiber &self, uintptr_t from, size_t bytes) {
  check_slowly(self, Use::READ, from, bytes, nullptr);
}

void Block::begin_copied(Fiber &self, uintptr_t piece) {
  unsigned other = 0;
  const SharedMemory::Finding found =
      shared_.begin_copy(piece, cluster_->warp(self, rank_), self.thread, other);
  report_shared(self, *this, Use::WRITE, piece, SharedMemory::PIECE, nullptr, other, found);
}

}  // namespace heddle_sim

using heddle_sim::Fiber;
using heddle_sim::Use;

#define HEDDLE_CHECKS(n)                                                    \
  void __tsan_read##n(uintptr_t address) {                                  \
    heddle_sim::check<n, Use::READ>(address, __builtin_return_address(0));  \
  }                                                                         \
  void __tsan_write##n(uintptr_t address) {                                 \
    heddle_sim::check<n, Use::WRITE>(address, __builtin_return_address(0)); \
  }

extern "C" {

HEDDLE_CHECKS(1)
HEDDLE_CHECKS(2)
HEDDLE_CHECKS(4)
HEDDLE_CHECKS(8)
HEDDLE_CHECKS(16)

// Of structs of other sizes.
void __tsan_read_range(uintptr_t address, size_t bytes) {
  heddle_sim::check_range(Use::READ, address, bytes, __builtin_return_address(0));
}
void __tsan_write_range(uintptr_t address, size_t bytes) {
  heddle_sim::check_range(Use::WRITE, address, bytes, __builtin_return_address(0));
}

// Called once for each module, before anything else of it.
void __tsan_init() {}

void heddle_sim_atomic(const volatile void *where, unsigned bytes, const char *) {
  Fiber &self = *Fiber::current();
  const auto address = (uintptr_t)where;
  const void *const caller = __builtin_return_address(0);
  if (address % bytes != 0) {
    heddle_sim::fail(self, heddle_sim::MISALIGNED_ADDRESS, Use::ATOMIC, address, bytes,
                     "the address is no multiple of the size", caller);
  }
  heddle_sim::check_range(Use::ATOMIC, address, bytes, caller);
}

void heddle_sim_barrier(unsigned site) {
  Fiber &self = *Fiber::current();
  self.block->barrier(self, site, 0);
}

int heddle_sim_barrier_count(unsigned site, int predicate) {
  Fiber &self = *Fiber::current();
  return self.block->barrier(self, site, predicate);
}

const unsigned long long *heddle_sim_warp(unsigned, unsigned mask, unsigned long long value,
                                          const char *what) {
  Fiber &self = *Fiber::current();
  self.block->collective(self, mask, value, what);
  return self.values;
}

void heddle_sim_warp_work(void *own, heddle_sim::WarpWork work, const char *what) {
  Fiber &self = *Fiber::current();
  self.block->collective(self, 0xffffffffu, (unsigned long long)own, what, work);
}

void heddle_sim_copy_async(uintptr_t to, uintptr_t from, unsigned bytes, unsigned given) {
  Fiber &self = *Fiber::current();
  const void *const caller = __builtin_return_address(0);
  for (const uintptr_t address : {to, from}) {
    if (address % bytes != 0) {
      heddle_sim::fail(self, heddle_sim::MISALIGNED_ADDRESS, Use::READ, address, bytes,
                       "cp.async, and the address is no multiple of the size", caller);
    }
  }
  if (given > 0) heddle_sim::check_slowly(self, Use::READ, from, given, caller);
  heddle_sim::check_shared(self, Use::WRITE, to, bytes, caller);
  self.block->begin_copy(self, to, from, bytes, given);
}

void heddle_sim_copy_commit() {
  Fiber &self = *Fiber::current();
  self.block->commit_copies(self);
}

void heddle_sim_copy_wait(unsigned groups) {
  Fiber &self = *Fiber::current();
  heddle_sim::AsyncCopy copy;
  while (self.block->next_copy(self, groups, copy)) {
    heddle_sim::check_shared(self, Use::WRITE, copy.to, copy.bytes, __builtin_return_address(0));
    memcpy((void *)copy.to, copy.data, copy.bytes);
  }
}

void heddle_sim_phases_begin(uintptr_t barrier, unsigned count) {
  heddle_sim::check<8, Use::WRITE>(barrier, __builtin_return_address(0));
  Fiber &self = *Fiber::current();
  self.block->begin_phases(self, barrier, count);
}

void heddle_sim_phases_arrive(unsigned barrier, unsigned bytes) {
  Fiber &self = *Fiber::current();
  heddle_sim::Block &block = self.block->cluster().block_of(self, barrier);
  const uintptr_t place = heddle_sim::Cluster::place_in(block, barrier);
  if (&block == self.block) {
    heddle_sim::check<8, Use::ATOMIC>(place, __builtin_return_address(0));
  }
  block.arrive(self, place, bytes);
}

void heddle_sim_phases_show() {
  Fiber &self = *Fiber::current();
  self.block->show_phases(self);
}

void heddle_sim_phases_wait(uintptr_t barrier, unsigned parity) {
  Fiber &self = *Fiber::current();
  heddle_sim::check<8, Use::ATOMIC>(barrier, __builtin_return_address(0));
  self.block->wait_phase(self, barrier, parity);
}

void heddle_sim_proxy_fence() {
  Fiber &self = *Fiber::current();
  self.block->shared().show(self.thread);
  self.block->show_phases(self);
}

void heddle_sim_wgmma(const heddle_sim::Wgmma *own) {
  heddle_sim_warp_work((void *)own, [](const unsigned long long *lanes) {
    Fiber &self = *Fiber::current();
    self.block->begin_product(self, (const heddle_sim::Wgmma *const *)lanes);
  }, "wgmma.mma_async");
}

void heddle_sim_wgmma_fence() {
  heddle_sim_warp_work(nullptr, [](const unsigned long long *) {
    Fiber &self = *Fiber::current();
    self.block->fence_sums(self);
  }, "wgmma.fence");
}

void heddle_sim_wgmma_commit() {
  heddle_sim_warp_work(nullptr, [](const unsigned long long *) {
    Fiber &self = *Fiber::current();
    self.block->commit_products(self);
  }, "wgmma.commit_group");
}

void heddle_sim_wgmma_wait(unsigned groups) {
  heddle_sim_warp_work(&groups, [](const unsigned long long *lanes) {
    Fiber &self = *Fiber::current();
    self.block->end_products(self, *(const unsigned *)lanes[0]);
  }, "wgmma.wait_group");
}

void heddle_sim_registers(unsigned count, bool more) {
  unsigned own[] = {count, more};
  heddle_sim_warp_work(own, [](const unsigned long long *lanes) {
    Fiber &self = *Fiber::current();
    const auto *const first = (const unsigned *)lanes[0];
    self.block->set_registers(self, first[0], first[1] != 0);
  }, more ? "setmaxnreg.inc" : "setmaxnreg.dec");
}

unsigned heddle_sim_active_mask() {
  const Fiber &self = *Fiber::current();
  return self.block->active(self);
}

[[noreturn]] void heddle_sim_trap(const char *what) {
  Fiber &self = *Fiber::current();
  self.block->fail(self, heddle_sim::LAUNCH_FAILED, what);
}

}  // extern "C"
