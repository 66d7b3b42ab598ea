// What a compiled kernel and the simulated driver know of each other.
#pragma once

namespace heddle_sim {

struct Extent {
  unsigned x, y, z;
};

// Every thread of a block runs on a stack of its own (or, if it never waits, on one that others
// used before it). A stack begins at a multiple of its size, and this lies at its foot: so a
// thread finds what it is from its stack pointer alone.
constexpr unsigned long STACK_BYTES = 256 << 10;

struct View {
  Extent thread, block, block_size, grid_size;
  char *shared;          // The block's shared memory.
  char *dynamic_shared;  // The part of it whose size the launch chose.
};

// A __shared__ variable. The driver lays out a kernel's when it loads the module.
struct SharedVariable {
  const char *kernel;  // Whose it is; empty for one of a device function.
  const char *name;
  unsigned long bytes, alignment;
  unsigned long offset;  // In the block's shared memory; written by the driver.
};

struct Kernel {
  const char *name;
  void (*call)(void *const *arguments);
  const unsigned *sizes;  // Of the parameters, in bytes.
  unsigned parameters;
  unsigned most_threads;  // What __launch_bounds__ said; 0 if nothing.
};

// A wgmma.mma_async of one thread.
struct Wgmma {
  float *sum;  // Its part of d, N / 2 numbers one after another.
  unsigned columns;
  unsigned long long a, b;  // Descriptors.
  float (*number)(unsigned short);
  int scale_d, scale_a, scale_b, turned_a, turned_b;
};

// What a module shows of itself, under the name heddle_module.
struct Module {
  const Kernel *kernels;
  unsigned kernel_count;
  SharedVariable *variables, *variables_end;
  unsigned architecture;  // 90 for sm_90 and compute_90.
  unsigned is_ptx;        // Whether later generations may run it.
};

}  // namespace heddle_sim
