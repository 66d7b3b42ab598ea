// y = activate(alpha a @ b + bias) + residual on tensor cores, a [m, k] and b [n, k] or, with BY_K,
// [k, n], in bf16 or f16, summed in float32: one kernel for a lone row, for a few and for many.
//
// Every element of y is one chain of mma over k, 16 at a time from k = 0 on, in which b's rows are the
// 16 and a's the 8. It is the same chain whatever the tile, so neither the number of rows nor where a
// row lies among them changes a bit, and nothing is split along k.
//
// A lane reads its numbers of both operands 16 bytes at a time: of 32 neighbours along k, lane t of
// four has 8 t to 8 t + 7, of which the first mma takes 8 t to 8 t + 3 and the second the others. Both
// operands are permuted alike, so the products are the same, and a stage lies in shared memory as it
// is read: 64 bytes a line, lines side by side, no bank met twice and no ldmatrix. (But for b [k, n],
// which ldmatrix turns; it is given rows in that order.)
//
// v1 (this one): a ring of stages in shared memory, filled by cp.async. Predicted for an H200, not
//    measured: many rows 0.6 to 0.7 of cuBLAS's speed (mma.sync reaches two thirds of what wgmma
//    does), up to 64 rows 0.8 of the copies' bandwidth where n is 4096 or more; below that the chain's
//    latency shows, 33 cycles for 16 of k.
//
// Defined before: A (bf16 or f16), BIAS, Y (element types), REAL f32, KIND_...; COLUMNS of n and ROWS
// of m in a tile, ACROSS and DOWN: how many warps share it along both; DEPTH of k in a stage, a
// multiple of 32; STAGES; BY_K.
#include "four.h"
#include "ptx.cuh"
#include "piece.cuh"
#include "activation.h"
#include "finish.h"

#define ITEMS (32 * ACROSS * DOWN)
#define LINES (COLUMNS + ROWS)
#define SLICES (DEPTH / 32)
#define PIECES 4  // Of a slice of a line, 16 bytes each.
#define STAGE (SLICES * LINES * PIECES)
#define WARP_COLUMNS (COLUMNS / ACROSS)
#define WARP_ROWS (ROWS / DOWN)
#define TILES_ACROSS (WARP_COLUMNS / 16)
#define TILES_DOWN (WARP_ROWS / 8)
#define MMA HEDDLE_JOIN(mma_, A)

// Tiles of rows that take turns, so that what runs at a time shares operands in the cache.
#define TURN 8

// What a warp hands over at the end: 8 rows of its columns. The pitch keeps lanes from each other's banks.
#define PITCH (WARP_COLUMNS + 4)

// Where a stage holds a slice of a line. Of odd slices neighbours change places, since a line's slices
// are written at the same time.
DEVICE i32 place(i32 slice, i32 line) { return (slice * LINES + (line ^ (slice & 1))) * PIECES; }

// `count` lines of x, from line `row` of `rows` on, to those of a stage from `to` on: DEPTH numbers
// from `begin` of k on.
DEVICE void fetch(LOCAL u32x4 *stage, i32 to, i32 count, GLOBAL const u16 *x, i64 row, i64 rows,
                  i64 begin, i64 k, i32 whole) {
  const i32 piece = LOCAL_ID(0) % PIECES;
  const i32 slice = LOCAL_ID(0) / PIECES % SLICES;
  const i32 first = LOCAL_ID(0) / (PIECES * SLICES);
  const i32 step = ITEMS / (PIECES * SLICES);
  const i64 at = begin + slice * 32 + piece * 8;
  GLOBAL const u16 *from = x + (row + first) * k + at;
  UNROLL for (i32 line = first; line < count; line += step) {
    fetch_piece(stage + place(slice, to + line) + piece, x, from, row + line < rows ? k - at : 0,
                whole);
    from += step * k;
  }
}

#ifdef BY_K
#define ACROSS_PIECES (COLUMNS / 8)

// Where a slice of b has the columns from 8 * piece on of its row k: rows that ldmatrix reads at the
// same time lie in different banks, if they are as wide as all banks.
DEVICE i32 turned_place(i32 k, i32 piece) {
  return k * ACROSS_PIECES + (piece ^ ((k % 2 + k / 8 * 2) & (ACROSS_PIECES - 1)));
}

// The same as fetch for columns of b from `column` of n on.
DEVICE void fetch_turned(LOCAL u32x4 *stage, GLOBAL const u16 *x, i64 column, i64 n, i64 begin,
                         i64 k, i32 whole) {
  const i32 piece = LOCAL_ID(0) % ACROSS_PIECES;
  const i64 left = n - column - piece * 8;
  UNROLL for (i32 row = LOCAL_ID(0) / ACROSS_PIECES; row < DEPTH; row += ITEMS / ACROSS_PIECES) {
    fetch_piece(stage + row / 32 * (LINES * PIECES) + turned_place(row % 32, piece), x,
                x + (begin + row) * n + column + piece * 8, begin + row < k ? left : 0, whole);
  }
}
#endif

KERNEL GROUP_OF(ITEMS) multiply_tensor(TENSOR(y), TENSOR(a), TENSOR(b), TENSOR(bias),
    TENSOR(residual), i64 m, i64 n, i64 k, f32 alpha, i64 bias_row, i64 bias_column) {
  extern SHARED u32x4 ring[];
  GLOBAL const u16 *a = OPERAND(const u16, a);
  GLOBAL const u16 *b = OPERAND(const u16, b);
  const i32 a_whole = k % 8 == 0 && (u64)a % 16 == 0;
#ifdef BY_K
  const i32 b_whole = n % 8 == 0 && (u64)b % 16 == 0;
#define FETCH_B(stage, begin) fetch_turned(stage, b, column0, n, begin, k, b_whole)
#else
  const i32 b_whole = k % 8 == 0 && (u64)b % 16 == 0;
#define FETCH_B(stage, begin) fetch(stage, 0, COLUMNS, b, column0, n, begin, k, b_whole)
#endif
  const i64 across = (n + COLUMNS - 1) / COLUMNS;
  const i64 down = (m + ROWS - 1) / ROWS;
  const i64 turn = GROUP_ID(0) / (TURN * across) * TURN;
  const i64 height = down - turn < TURN ? down - turn : TURN;
  const i64 row0 = (turn + GROUP_ID(0) % (TURN * across) % height) * ROWS;
  const i64 column0 = GROUP_ID(0) % (TURN * across) / height * COLUMNS;
  const i32 steps = (i32)((k + DEPTH - 1) / DEPTH);

  const i32 warp = LOCAL_ID(0) / 32;
  const i32 g = LANE / 4;
  const i32 t = LANE % 4;
  const i32 column = warp % ACROSS * WARP_COLUMNS;
  const i32 row = warp / ACROSS * WARP_ROWS;
  f32 sum[TILES_ACROSS][TILES_DOWN][4];
  UNROLL for (i32 i = 0; i < TILES_ACROSS; i++) {
    UNROLL for (i32 j = 0; j < TILES_DOWN; j++) {
      UNROLL for (i32 e = 0; e < 4; e++) { sum[i][j][e] = 0; }
    }
  }

#define FETCH(step)                                                                           \
  if ((step) < steps) {                                                                       \
    LOCAL u32x4 *stage = ring + (step) % STAGES * STAGE;                                      \
    FETCH_B(stage, (i64)(step) * DEPTH);                                                      \
    fetch(stage, COLUMNS, ROWS, a, row0, m, (i64)(step) * DEPTH, k, a_whole);                 \
  }                                                                                           \
  copy_commit()
  UNROLL_BY(1)
  for (i32 step = 0; step < STAGES - 1; step++) {
    FETCH(step);
  }
  UNROLL_BY(1)
  for (i32 step = 0; step < steps; step++) {
    COPY_WAIT(STAGES - 2);
    // All are here, and nobody reads any more what is overwritten next.
    BARRIER();
    FETCH(step + STAGES - 1);
    LOCAL const u32x4 *stage = ring + step % STAGES * STAGE;
    UNROLL for (i32 slice = 0; slice < SLICES; slice++) {
      u32x4 left[TILES_ACROSS][2];
      UNROLL for (i32 i = 0; i < TILES_ACROSS; i++) {
        UNROLL for (i32 h = 0; h < 2; h++) {
#ifdef BY_K
          const i32 own = LANE % 8 / 2 * 8 + LANE % 2 + LANE / 8 * 2;
          left[i][h] = load_turned(
              stage + slice * (LINES * PIECES) + turned_place(own, column / 8 + 2 * i + h));
#else
          left[i][h] = stage[place(slice, column + 16 * i + 8 * h + g) + t];
#endif
        }
      }
      UNROLL for (i32 j = 0; j < TILES_DOWN; j++) {
        const u32x4 right = stage[place(slice, COLUMNS + row + 8 * j + g) + t];
        UNROLL for (i32 i = 0; i < TILES_ACROSS; i++) {
          MMA(sum[i][j], left[i][0].x, left[i][1].x, left[i][0].y, left[i][1].y, right.x, right.y);
        }
        UNROLL for (i32 i = 0; i < TILES_ACROSS; i++) {
          MMA(sum[i][j], left[i][0].z, left[i][1].z, left[i][0].w, left[i][1].w, right.z, right.w);
        }
      }
    }
  }

  // By way of shared memory, so that neighbouring lanes write neighbouring columns, and what follows
  // the sum stands in a loop that is not unrolled.
  COPY_WAIT(0);
  BARRIER();
  LOCAL f32 *out = (LOCAL f32 *)ring + warp * 8 * PITCH;
  GLOBAL STORAGE(Y) *y = OPERAND(STORAGE(Y), y);
  GLOBAL const STORAGE(Y) *residual = OPERAND(const STORAGE(Y), residual);
  GLOBAL const STORAGE(BIAS) *bias = OPERAND(const STORAGE(BIAS), bias);
  UNROLL for (i32 j = 0; j < TILES_DOWN; j++) {
    UNROLL for (i32 i = 0; i < TILES_ACROSS; i++) {
      UNROLL for (i32 e = 0; e < 4; e++) {
        out[(2 * t + e % 2) * PITCH + 16 * i + e / 2 * 8 + g] = sum[i][j][e];
      }
    }
    WARP_BARRIER();
    UNROLL_BY(1)
    for (i32 e = LANE; e < 8 * WARP_COLUMNS; e += 32) {
      const i64 own_row = row0 + row + 8 * j + e / WARP_COLUMNS;
      const i64 own_column = column0 + column + e % WARP_COLUMNS;
      if (own_row < m && own_column < n) {
        finish(out[e / WARP_COLUMNS * PITCH + e % WARP_COLUMNS], own_row, own_column, n, alpha, bias,
               bias_row, bias_column, residual, y);
      }
    }
    WARP_BARRIER();
  }
}
