// Where threads wait for each other: barriers of the block, and what the lanes of a warp do
// together.
#pragma once

extern "C" {
void heddle_sim_barrier(unsigned site);
// All of the block arrive; returns how many came with a predicate that is not 0.
int heddle_sim_barrier_count(unsigned site, int predicate);
// The lanes in mask arrive, each with a value, and get at theirs of all 32; values of lanes that
// are not in mask are not there. The array lives until the warp's next collective.
const unsigned long long *heddle_sim_warp(unsigned site, unsigned mask, unsigned long long value,
                                          const char *what);
unsigned heddle_sim_active_mask();
[[noreturn]] void heddle_sim_trap(const char *what);
}

// A barrier is known by the place in the text where it stands: copies that a compiler makes of it
// are the same one.
#define __syncthreads() heddle_sim_barrier(__COUNTER__)
#define __syncthreads_count(p) heddle_sim_barrier_count(__COUNTER__, (p) != 0)
#define __syncthreads_or(p) (heddle_sim_barrier_count(__COUNTER__, (p) != 0) != 0)
#define __syncthreads_and(p) (heddle_sim_barrier_count(__COUNTER__, (p) == 0) == 0)
#define HEDDLE_FULL_WARP 0xffffffffu
#define __syncwarp(...) \
  ((void)heddle_sim_warp(__COUNTER__, heddle_sim::mask_of(__VA_ARGS__), 0, "__syncwarp"))
#define __activemask() heddle_sim_active_mask()
#define __trap() heddle_sim_trap("__trap()")

namespace heddle_sim {

static inline unsigned mask_of(unsigned mask = HEDDLE_FULL_WARP) { return mask; }
static inline int width_of(int width = 32) { return width; }

static inline unsigned lane() {
  const View &view = self();
  return (view.thread.x + view.block_size.x *
              (view.thread.y + view.block_size.y * view.thread.z)) % 32;
}

template <class T>
static inline unsigned long long word(T value) {
  static_assert(sizeof(T) <= 8, "a shuffle moves 8 bytes at most");
  unsigned long long bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  return bits;
}

// Values lie in memory of the driver, which is no device memory.
template <class T>
HEDDLE_UNCHECKED static T of_lane(const unsigned long long *values, unsigned lane) {
  T value;
  __builtin_memcpy(&value, &values[lane], sizeof value);
  return value;
}

enum class Shuffle { INDEX, UP, DOWN, XOR };

// What lane to read, by the PTX manual's shfl.sync: segments of width lanes stand alone.
template <class T>
static T shuffle(unsigned site, Shuffle how, unsigned mask, T value, int by, int width) {
  const unsigned own = lane();
  const unsigned first = own & ~((unsigned)width - 1);
  unsigned from = own;
  switch (how) {
    case Shuffle::INDEX: from = first + ((unsigned)by & ((unsigned)width - 1)); break;
    case Shuffle::UP: from = own - by; if ((int)from < (int)first) from = own; break;
    case Shuffle::DOWN: from = own + by; if (from >= first + width) from = own; break;
    case Shuffle::XOR: from = own ^ by; if (from >= first + width) from = own; break;
  }
  const unsigned long long *values = heddle_sim_warp(site, mask, word(value), "__shfl_sync");
  if (!(mask >> from & 1)) heddle_sim_trap("__shfl_sync reads a lane that is not in its mask");
  return of_lane<T>(values, from);
}

static inline unsigned ballot(unsigned site, unsigned mask, bool predicate, const char *what) {
  const unsigned long long *values = heddle_sim_warp(site, mask, predicate, what);
  unsigned bits = 0;
  for (unsigned i = 0; i < 32; i++) {
    if (mask >> i & 1 && of_lane<unsigned long long>(values, i)) bits |= 1u << i;
  }
  return bits;
}

template <class T, class Combine>
static T reduce(unsigned site, unsigned mask, T value, const char *what, Combine combine) {
  const unsigned long long *values = heddle_sim_warp(site, mask, word(value), what);
  bool any = false;
  T all = value;
  for (unsigned i = 0; i < 32; i++) {
    if (mask >> i & 1) {
      const T own = of_lane<T>(values, i);
      all = any ? combine(all, own) : own;
      any = true;
    }
  }
  return all;
}

}  // namespace heddle_sim

#define HEDDLE_SHUFFLE(how, mask, value, by, ...)                                       \
  heddle_sim::shuffle(__COUNTER__, heddle_sim::Shuffle::how, mask, value, (int)(by), \
                      heddle_sim::width_of(__VA_ARGS__))
#define __shfl_sync(mask, value, ...) HEDDLE_SHUFFLE(INDEX, mask, value, __VA_ARGS__)
#define __shfl_up_sync(mask, value, ...) HEDDLE_SHUFFLE(UP, mask, value, __VA_ARGS__)
#define __shfl_down_sync(mask, value, ...) HEDDLE_SHUFFLE(DOWN, mask, value, __VA_ARGS__)
#define __shfl_xor_sync(mask, value, ...) HEDDLE_SHUFFLE(XOR, mask, value, __VA_ARGS__)
#define __ballot_sync(mask, p) heddle_sim::ballot(__COUNTER__, mask, (p) != 0, "__ballot_sync")
#define __any_sync(mask, p) \
  (heddle_sim::ballot(__COUNTER__, mask, (p) != 0, "__any_sync") != 0)
#define __all_sync(mask, p) \
  (heddle_sim::ballot(__COUNTER__, mask, (p) == 0, "__all_sync") == 0)
#define HEDDLE_REDUCE(name, mask, value, expression)                                          \
  heddle_sim::reduce(__COUNTER__, mask, value, name, [](auto a, auto b) { return expression; })
#define __reduce_add_sync(mask, value) HEDDLE_REDUCE("__reduce_add_sync", mask, value, a + b)
#define __reduce_min_sync(mask, value) \
  HEDDLE_REDUCE("__reduce_min_sync", mask, value, b < a ? b : a)
#define __reduce_max_sync(mask, value) \
  HEDDLE_REDUCE("__reduce_max_sync", mask, value, a < b ? b : a)
#define __reduce_and_sync(mask, value) HEDDLE_REDUCE("__reduce_and_sync", mask, value, a &b)
#define __reduce_or_sync(mask, value) HEDDLE_REDUCE("__reduce_or_sync", mask, value, a | b)
#define __reduce_xor_sync(mask, value) HEDDLE_REDUCE("__reduce_xor_sync", mask, value, a ^ b)
