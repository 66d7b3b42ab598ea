// y = activate(alpha a @ b + bias) + residual on Hopper's tensor cores, a [m, k] and b [n, k] or, with
// BY_K, [k, n], in bf16 or f16, summed in float32: matmul_tensor.cu's product where four warps multiply
// as one, and another one loads meanwhile.
//
// Every element of y is one chain of wgmma over k, 16 at a time from k = 0 on, whatever the tile, so
// neither the number of rows nor where a row lies among them changes a bit, and nothing is split along
// k. (That an element's arithmetic is the same for each N of m64nNk16 the ISA does not say in words:
// N counts columns, each of which is computed as if alone. TensorCoresTest compares the bits on a GPU.)
//
// A stage holds lines of 128 bytes, swizzled as wgmma reads them: a's rows, then b's columns, 64 numbers
// of k each; with BY_K instead for each 64 of b's columns 64 lines, of a k each. The first four warps
// fill a ring of stages by cp.async, of 16 bytes, which takes any row's beginning that is a multiple of
// 16 bytes (others are read number by number); of STAGES stages STAGES - 2 are under way, one is
// multiplied, and one is given back once the product behind it is begun. Each group of four other warps
// multiplies 64 rows by all columns. `full` and `empty` say of a stage that it may be read, written.
//
// v1 (this one). Predicted for an H200, not measured: of 128 x 256 numbers a stage of 48 KiB takes 1,024
//    cycles of the tensor cores and as many of shared memory (wgmma reads 80 KiB of it, cp.async writes
//    48, at 128 bytes a cycle), so both are full at best; reading tiles takes 8 TB/s of the L2 cache at
//    700 TFLOP/s, more than it may have, since nothing is shared among multiprocessors; what ends a tile
//    overlaps with nothing and is 4 % at k = 8192. So 0.6 to 0.75 of cuBLAS's speed. Up to 64 rows 0.8 of
//    the copies' bandwidth where n is 4096 or more. A cluster's bulk copies would halve what the cache
//    gives and take the address arithmetic off the warps.
//
// Defined before: A (bf16 or f16), BIAS, Y (element types), REAL f32, KIND_...; COLUMNS of n and ROWS of
// m, 64 or a multiple, in a tile; STAGES; BY_K.
#include "four.h"
#include "ptx.cuh"
#include "piece.cuh"
#include "activation.h"
#include "finish.h"

#define LOADERS 128
#define ITEMS (LOADERS + 2 * ROWS)  // Four warps for 64 rows.
#define DEPTH 64
#define PIECES 8  // Of a line, 16 bytes each.
#define LINES (ROWS + COLUMNS)
#define LINE_BYTES 128
#define STAGE (LINES * PIECES)
#define UNDER_WAY (STAGES - 2)
#ifdef BY_K
#define MULTIPLY HEDDLE_JOIN(HEDDLE_JOIN(wgmma_turned_, A), HEDDLE_JOIN(_, COLUMNS))
#else
#define MULTIPLY HEDDLE_JOIN(HEDDLE_JOIN(wgmma_, A), HEDDLE_JOIN(_, COLUMNS))
#endif

// Tiles of rows that take turns, so that what runs at a time shares operands in the cache.
#define TURN 8

// What a warp hands over at the end: 16 rows. The pitch keeps lanes from each other's banks.
#define PITCH (COLUMNS + 8)

// Where a stage holds a piece of a line.
DEVICE i32 place(i32 line, i32 piece) { return line * PIECES + (piece ^ line % 8); }

// `count` lines of x, from line `row` of `rows` on, to those of a stage from `to` on: DEPTH numbers from
// `begin` of k on.
DEVICE void fetch(LOCAL u32x4 *stage, i32 to, i32 count, GLOBAL const u16 *x, i64 row, i64 rows,
                  i64 begin, i64 k, i32 whole) {
  const i32 piece = LOCAL_ID(0) % PIECES;
  const i32 first = LOCAL_ID(0) / PIECES;
  const i32 step = LOADERS / PIECES;
  const i64 at = begin + piece * 8;
  GLOBAL const u16 *from = x + (row + first) * k + at;
  UNROLL for (i32 line = first; line < count; line += step) {
    fetch_piece(stage + place(to + line, piece), x, from, row + line < rows ? k - at : 0, whole);
    from += step * k;
  }
}

#ifdef BY_K
// DEPTH rows of b from `begin` of k on, their columns from `column` of n on.
DEVICE void fetch_turned(LOCAL u32x4 *stage, GLOBAL const u16 *x, i64 column, i64 n, i64 begin,
                         i64 k, i32 whole) {
  const i32 across = COLUMNS / 8;
  const i32 piece = LOCAL_ID(0) % across;
  const i64 left = n - column - piece * 8;
  UNROLL for (i32 row = LOCAL_ID(0) / across; row < DEPTH; row += LOADERS / across) {
    fetch_piece(stage + place(ROWS + piece / PIECES * DEPTH + row, piece % PIECES), x,
                x + (begin + row) * n + column + piece * 8, begin + row < k ? left : 0, whole);
  }
}
#endif

KERNEL GROUP_OF(ITEMS) multiply_tensor(TENSOR(y), TENSOR(a), TENSOR(b), TENSOR(bias),
    TENSOR(residual), i64 m, i64 n, i64 k, f32 alpha, i64 bias_row, i64 bias_column) {
  extern SHARED __align__(1024) u32x4 ring[];
  LOCAL u64 *full = (LOCAL u64 *)(ring + STAGES * STAGE);
  LOCAL u64 *empty = full + STAGES;
  const i64 across = (n + COLUMNS - 1) / COLUMNS;
  const i64 down = (m + ROWS - 1) / ROWS;
  const i64 turn = GROUP_ID(0) / (TURN * across) * TURN;
  const i64 height = down - turn < TURN ? down - turn : TURN;
  const i64 row0 = (turn + GROUP_ID(0) % (TURN * across) % height) * ROWS;
  const i64 column0 = GROUP_ID(0) % (TURN * across) / height * COLUMNS;
  const i32 steps = (i32)((k + DEPTH - 1) / DEPTH);

  if (LOCAL_ID(0) == 0) {
    UNROLL_BY(1)
    for (i32 i = 0; i < STAGES; i++) {
      phases_begin(full + i, LOADERS);
      phases_begin(empty + i, ROWS / 16);
    }
  }
  BARRIER();

  f32 sum[COLUMNS / 2];
  const i32 warp = LOCAL_ID(0) / 32 - LOADERS / 32;
  if (warp < 0) {
    GLOBAL const u16 *a = OPERAND(const u16, a);
    GLOBAL const u16 *b = OPERAND(const u16, b);
    const i32 a_whole = k % 8 == 0 && (u64)a % 16 == 0;
    const i32 b_whole = (u64)b % 16 == 0 &&
#ifdef BY_K
                        n % 8 == 0;
#else
                        k % 8 == 0;
#endif
    UNROLL_BY(1)
    for (i32 step = 0; step < steps + UNDER_WAY; step++) {
      if (step < steps) {
        // The first round finds all stages empty.
        phases_wait(empty + step % STAGES, (step / STAGES + 1) % 2);
        LOCAL u32x4 *stage = ring + step % STAGES * STAGE;
        const i64 begin = (i64)step * DEPTH;
        fetch(stage, 0, ROWS, a, row0, m, begin, k, a_whole);
#ifdef BY_K
        fetch_turned(stage, b, column0, n, begin, k, b_whole);
#else
        fetch(stage, ROWS, COLUMNS, b, column0, n, begin, k, b_whole);
#endif
      }
      copy_commit();
      if (step >= UNDER_WAY) {
        COPY_WAIT(UNDER_WAY);
        show_to_wgmma();
        phases_arrive(full + (step - UNDER_WAY) % STAGES);
      }
    }
  } else {
    UNROLL for (i32 i = 0; i < COLUMNS / 2; i++) { sum[i] = 0; }
    UNROLL_BY(1)
    for (i32 step = 0; step < steps; step++) {
      phases_wait(full + step % STAGES, step / STAGES % 2);
      LOCAL const u32x4 *stage = ring + step % STAGES * STAGE;
      LOCAL const u32x4 *own = stage + warp / 4 * 64 * PIECES;
      LOCAL const u32x4 *columns = stage + ROWS * PIECES;
      wgmma_begin();
      UNROLL for (i32 i = 0; i < DEPTH / 16; i++) {
        const u64 left = swizzled(own + 2 * i, 0, 8 * LINE_BYTES);
#ifdef BY_K
        const u64 right = swizzled(columns + 16 * i * PIECES, DEPTH * LINE_BYTES, 8 * LINE_BYTES);
#else
        const u64 right = swizzled(columns + 2 * i, 0, 8 * LINE_BYTES);
#endif
        MULTIPLY(sum, left, right);
      }
      wgmma_commit();
      WGMMA_WAIT(1);
      if (step > 0 && LANE == 0) { phases_arrive(empty + (step - 1) % STAGES); }
      WARP_BARRIER();
    }
    WGMMA_WAIT(0);
  }

  // By way of shared memory, so that neighbouring lanes write neighbouring columns, and what follows
  // the sum stands in a loop that is not unrolled.
  BARRIER();
  if (warp >= 0) {
    const i32 g = LANE / 4;
    const i32 t = LANE % 4;
    LOCAL f32 *out = (LOCAL f32 *)ring + warp * 16 * PITCH;
    GLOBAL STORAGE(Y) *y = OPERAND(STORAGE(Y), y);
    GLOBAL const STORAGE(Y) *residual = OPERAND(const STORAGE(Y), residual);
    GLOBAL const STORAGE(BIAS) *bias = OPERAND(const STORAGE(BIAS), bias);
    UNROLL for (i32 i = 0; i < COLUMNS / 2; i++) {
      out[(g + i / 2 % 2 * 8) * PITCH + i / 4 * 8 + 2 * t + i % 2] = sum[i];
    }
    WARP_BARRIER();
    UNROLL_BY(1)
    for (i32 e = LANE; e < 16 * COLUMNS; e += 32) {
      const i64 row = row0 + warp * 16 + e / COLUMNS;
      const i64 column = column0 + e % COLUMNS;
      if (row < m && column < n) {
        finish(out[e / COLUMNS * PITCH + e % COLUMNS], row, column, n, alpha, bias, bias_row,
               bias_column, residual, y);
      }
    }
  }
}
