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
  unsigned least_blocks;  // And how many blocks it wants a multiprocessor to have; 1 if nothing.
  unsigned cluster;       // What __cluster_dims__ said, along x; 1 if nothing.
};

// What cuTensorMapEncodeTiled makes: a tensor in global memory, and the box that is copied at a time.
// The first axis is the innermost one.
struct TensorMap {
  static constexpr unsigned long MAGIC = 0x50414d524f534e54;
  static constexpr unsigned AXES = 5;
  unsigned long magic;
  unsigned long address;
  unsigned long steps[AXES];     // Bytes from one element of an axis to the next.
  unsigned extents_less_one[AXES];
  unsigned short box[AXES];
  unsigned char axes, span;      // Bytes of a swizzled line; 16 if none is.
};
static_assert(sizeof(TensorMap) <= 128, "a CUtensorMap has 128 bytes");

// In shared::cluster space an address says which block's memory it is in: its rank and 1 from this bit
// on; nothing for one's own.
constexpr unsigned RANK_SHIFT = 20;

// A cp.async.bulk.tensor to shared memory of one thread. Addresses are those of shared::cluster space.
struct BulkCopy {
  unsigned to, barrier;
  const TensorMap *map;
  int at[TensorMap::AXES];
  unsigned axes;
  unsigned blocks;  // Ranks as bits, where it is for several; 0 for the one that `to` is in.
};

// A wgmma.mma_async of one thread.
struct Wgmma {
  float *sum;  // Its part of d, N / 2 numbers one after another.
  unsigned columns;
  const unsigned *rows;     // Its part of a, 4 registers one after another; nullptr if a has a descriptor.
  unsigned long long a, b;  // Descriptors.
  float (*number)(unsigned short);
  int scale_d, scale_a, scale_b, turned_a, turned_b;
};

// What a module shows of itself, under this name. The name changes when anything here does, so that
// images that somebody kept are refused, and made anew.
#define HEDDLE_MODULE "heddle_module_3"
struct Module {
  const Kernel *kernels;
  unsigned kernel_count;
  SharedVariable *variables, *variables_end;
  unsigned architecture;  // 90 for sm_90 and compute_90.
  unsigned is_ptx;        // Whether later generations may run it.
};

}  // namespace heddle_sim
