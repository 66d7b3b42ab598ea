// The PTX of CUDA's own kernels, a function each; the simulator has a C++ twin of every instruction
// (device/tensor.h). From compute capability 8.0 on. How lanes hold matrices is the PTX manual's,
// "Warp-Level Matrix Instructions".
#define LANE (LOCAL_ID(0) % 32)
#define WARP_BARRIER() __syncwarp()

// As GROUP_SIZE, for kernels that want registers rather than many groups at a time.
#define GROUP_OF(items) __launch_bounds__(items, 1)

// c += a b in float32: a 16 x 16 by rows, b 16 x 8 by columns. Lane 4 g + t has of a the rows g and
// g + 8 (a0 and a2, a1 and a3), of b the column g, of both the numbers 2 t and 2 t + 1 (a0, a1, b0),
// 2 t + 8 and 2 t + 9 (a2, a3, b1) of k; of c the columns 2 t and 2 t + 1 of both rows.
#define HEDDLE_MMA(T)                                                                            \
  DEVICE void mma_##T(PRIVATE f32 *c, u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {           \
    asm("mma.sync.aligned.m16n8k16.row.col.f32." #T "." #T ".f32 "                                \
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                         \
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])                                          \
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));                                  \
  }
HEDDLE_MMA(bf16)
HEDDLE_MMA(f16)

// Copies that go on while the thread does: `given` bytes (16, or fewer and then zeros) to shared
// memory, both at multiples of 16 bytes. They are there once a thread that began them has waited for
// their group, and the others at a barrier behind that.
DEVICE void copy_async(LOCAL void *to, GLOBAL const void *from, i32 given) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
               :
               : "r"((u32)__cvta_generic_to_shared(to)), "l"(from), "r"(given)
               : "memory");
}
DEVICE void copy_commit() { asm volatile("cp.async.commit_group;" : : : "memory"); }
// Waits until at most so many groups are under way.
#define COPY_WAIT(groups) asm volatile("cp.async.wait_group %0;" : : "n"(groups) : "memory")

// Four matrices of 8 x 8 numbers of 16 bits from shared memory, turned: lane 8 i + r says where row r
// of matrix i lies, 16 bytes at a multiple of 16. Lane 4 g + t gets of each the rows 2 t and 2 t + 1 of
// column g, the first one in the lower half.
DEVICE uint4 load_turned(LOCAL const void *row) {
  uint4 x;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(x.x), "=r"(x.y), "=r"(x.z), "=r"(x.w)
               : "r"((u32)__cvta_generic_to_shared(row))
               : "memory");
  return x;
}
