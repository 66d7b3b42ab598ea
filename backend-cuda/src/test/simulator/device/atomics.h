// Atomic functions, on global and shared memory. The driver has them, since it alone knows where
// an access is allowed; blocks may run on several threads of the host.
#pragma once

extern "C" {
// Proves that bytes bytes at address may be read and written by an atomic operation.
void heddle_sim_atomic(const volatile void *address, unsigned bytes, const char *what);
}

namespace heddle_sim {

template <class T, class Change>
HEDDLE_UNCHECKED static T exchange(T *address, const char *what, Change change) {
  heddle_sim_atomic(address, sizeof(T), what);
  T old;
  __atomic_load(address, &old, __ATOMIC_RELAXED);
  T next = change(old);
  while (!__atomic_compare_exchange(address, &old, &next, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) {
    next = change(old);
  }
  return old;
}

}  // namespace heddle_sim

#define HEDDLE_ATOMIC(type, name, expression)                                  \
  HEDDLE_UNCHECKED static inline type name(type *address, type value) {        \
    return heddle_sim::exchange(address, #name, [=](type old) { \
      return (type)(expression);                                               \
    });                                                                        \
  }
#define HEDDLE_ATOMICS(type)                                          \
  HEDDLE_ATOMIC(type, atomicAdd, old + value)                         \
  HEDDLE_ATOMIC(type, atomicExch, value)                              \
  HEDDLE_ATOMIC(type, atomicMin, value < old ? value : old)           \
  HEDDLE_ATOMIC(type, atomicMax, old < value ? value : old)           \
  HEDDLE_ATOMIC(type, atomicAnd, old &value)                          \
  HEDDLE_ATOMIC(type, atomicOr, old | value)                          \
  HEDDLE_ATOMIC(type, atomicXor, old ^ value)                         \
  HEDDLE_UNCHECKED static inline type atomicCAS(type *address, type expected, type value) { \
    return heddle_sim::exchange(address, "atomicCAS", [=](type old) {      \
      return old == expected ? value : old;                                                \
    });                                                                                    \
  }
HEDDLE_ATOMICS(int)
HEDDLE_ATOMICS(unsigned)
HEDDLE_ATOMICS(unsigned long long)
HEDDLE_ATOMIC(int, atomicSub, old - value)
HEDDLE_ATOMIC(unsigned, atomicSub, old - value)
HEDDLE_ATOMIC(unsigned, atomicInc, old >= value ? 0 : old + 1)
HEDDLE_ATOMIC(unsigned, atomicDec, old == 0 || old > value ? value : old - 1)
HEDDLE_ATOMIC(float, atomicAdd, old + value)
HEDDLE_ATOMIC(float, atomicExch, value)
HEDDLE_ATOMIC(double, atomicAdd, old + value)
#undef HEDDLE_ATOMIC
#undef HEDDLE_ATOMICS

// What other threads see is in order anyway: one block runs on one thread of the host.
static inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
static inline void __threadfence_block() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }
static inline void __threadfence_system() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
