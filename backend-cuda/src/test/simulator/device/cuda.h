// CUDA C++ as g++ sees it: the words of the language, for kernels whose text went through the
// simulated NVRTC (rewrite.cpp), which has turned __shared__ declarations and asm statements into
// plain C++. Nothing of the standard library is included: NVRTC offers none either, and it would
// cost more to compile than the kernels.
#pragma once
#include "abi.h"

#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __cluster_dims__(...)
#define __align__(n) __attribute__((aligned(n)))
// For what touches memory that is not the device's, or that was proven before.
#define HEDDLE_UNCHECKED __attribute__((no_sanitize("thread")))
#ifndef __restrict__
#define __restrict__ __restrict
#endif

#include "vectors.h"

namespace heddle_sim {

__forceinline__ const View &self() {
  const auto address = (unsigned long)__builtin_frame_address(0);
  return *(const View *)(address & ~(STACK_BYTES - 1));
}

__forceinline__ uint3 as_uint3(const Extent &e) { return uint3{e.x, e.y, e.z}; }
__forceinline__ dim3 as_dim3(const Extent &e) { return dim3(e.x, e.y, e.z); }

constexpr unsigned long greater(unsigned long a, unsigned long b) { return a < b ? b : a; }

template <class T>
__forceinline__ T &shared(const SharedVariable &variable) {
  return *(T *)(self().shared + variable.offset);
}

template <unsigned long... index>
struct Indices {};
template <unsigned long n, unsigned long... index>
struct IndicesTo : IndicesTo<n - 1, n - 1, index...> {};
template <unsigned long... index>
struct IndicesTo<0, index...> {
  using type = Indices<index...>;
};

// What a parameter is; of a __grid_constant__, which is a reference to it here, too.
template <class T>
struct Bare {
  using type = T;
};
template <class T>
struct Bare<T &> {
  using type = T;
};

// Calls a kernel with arguments that lie anywhere.
template <auto kernel, class T = decltype(kernel)>
struct Entry;
template <auto kernel, class... P>
struct Entry<kernel, void (*)(P...)> {
  template <unsigned long... index>
  HEDDLE_UNCHECKED static void spread(void *const *arguments, Indices<index...>) {
    kernel(*(typename Bare<P>::type *)arguments[index]...);
  }
  HEDDLE_UNCHECKED static void call(void *const *arguments) {
    spread(arguments, typename IndicesTo<sizeof...(P)>::type());
  }
  static constexpr unsigned sizes[] = {sizeof(P)..., 0};
  static constexpr Kernel of(const char *name, unsigned most_threads, unsigned least_blocks,
                             unsigned cluster) {
    return Kernel{name, call, sizes, sizeof...(P), most_threads, least_blocks, cluster};
  }
};

}  // namespace heddle_sim

#define threadIdx (heddle_sim::as_uint3(heddle_sim::self().thread))
#define blockIdx (heddle_sim::as_uint3(heddle_sim::self().block))
#define blockDim (heddle_sim::as_dim3(heddle_sim::self().block_size))
#define gridDim (heddle_sim::as_dim3(heddle_sim::self().grid_size))
#define warpSize 32

#include "math.h"
#include "warp.h"
#include "atomics.h"
#include "ptx.h"
#include "tensor.h"
#include "warpgroup.h"
