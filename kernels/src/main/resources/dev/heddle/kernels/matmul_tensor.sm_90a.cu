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
// of k each; with BY_K instead for each 64 of b's columns 64 lines, of a k each. Stages are a ring, of
// which `full` and `empty` say that one may be read, written. Each group of four warps behind the first
// four multiplies 64 rows by all columns. A group goes on from tile to tile, as many of them as there are
// multiprocessors, so what is loaded runs ahead while a tile's end is written.
//
// Where all rows of a and b begin at multiples of 16 bytes (BY_MAP), one thread loads by bulk copies, which
// fill all stages but the one that is multiplied. The CLUSTER groups of a cluster take tiles beside each
// other, one below the other or one right of the other: each loads its part of what they share, b or a,
// for all, and a stage is empty when all of them have read it. Other operands the first four warps load
// by cp.async, number by number where a row's beginning is no multiple of 16 bytes; STAGES - 2 stages are
// under way then, and what is shared is loaded by each.
//
// On an H200 neither is measured; of 128 x 256 numbers, k = 8192, against cuBLAS:
// v1 cp.async, a group a tile: predicted 0.6 to 0.75. A stage of 48 KiB takes 1,024 cycles of the tensor
//    cores and as many of shared memory (wgmma reads 80 KiB of it, 48 are written, at 128 bytes a cycle);
//    tiles want 8 TB/s of the L2 cache at 700 TFLOP/s, more than it has; a tile's end is 4 % in which
//    nothing else goes on, and with a residual, which is read number by number, much more. Up to 64 rows
//    0.8 of the copies' bandwidth where n is 4096 or more.
// v2 (this one) bulk copies, clusters of two, groups that stay, a tile's end four numbers a lane at a
//    time: predicted 0.85 to 0.95. The cache gives 32 KiB a stage, 5 TB/s; no warp computes an address;
//    a tile begins with its stages full, and its end is 2 to 3 %.
//
// Defined before: A (bf16 or f16), BIAS, Y (element types), REAL f32, KIND_...; COLUMNS of n and ROWS of
// m, 64 or a multiple, in a tile; STAGES; CLUSTER; BY_K.
#include "four.h"
#include "ptx.cuh"
#include "piece.cuh"
#include "activation.h"

#define LOADERS 128
#define WARPS (ROWS / 16)  // Those that multiply.
#define ITEMS (LOADERS + 32 * WARPS)
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

// Rows of tiles, of a cluster each, that take turns, so that what runs at a time shares operands in the
// cache.
#define TURN 8

// Columns that a warp hands over at a time when a tile ends, and numbers of a lane that it ends side by
// side, so that none waits for what another reads.
#define CHUNK (COLUMNS < 64 ? COLUMNS : 64)
#define BESIDE 4

// The tiles, CLUSTER at a time: `high` of them one below the other, CLUSTER / high side by side.
struct tiling {
  i64 down, across, begin, step;
  i32 high, rank;
};

struct corner {
  i64 row, column;
};

DEVICE i64 parts(i64 n, i64 size) { return (n + size - 1) / size; }

// Those of this group: number `begin` of down * across and every `step`th from there on.
DEVICE tiling tiles_of(i64 m, i64 n) {
  const i64 down = parts(m, ROWS);
  const i64 across = parts(n, COLUMNS);
  // Whichever has fewer tiles that lie outside; b, which is shared in a column, is the larger operand.
  const i32 high = parts(down, CLUSTER) * across <= down * parts(across, CLUSTER) ? CLUSTER : 1;
  tiling tiles;
  tiles.down = parts(down, high);
  tiles.across = parts(across, CLUSTER / high);
  tiles.begin = GROUP_ID(0) / CLUSTER;
  tiles.step = GROUPS(0) / CLUSTER;
  tiles.high = high;
  tiles.rank = (i32)(GROUP_ID(0) % CLUSTER);
  return tiles;
}

DEVICE corner corner_of(const tiling &tiles, i64 number) {
  const i64 turn = number / (TURN * tiles.across) * TURN;
  const i64 height = tiles.down - turn < TURN ? tiles.down - turn : TURN;
  const i64 within = number % (TURN * tiles.across);
  const i32 high = tiles.high;
  corner at;
  at.row = ((turn + within % height) * high + tiles.rank % high) * ROWS;
  at.column = (within / height * (CLUSTER / high) + tiles.rank / high) * COLUMNS;
  return at;
}

#define EACH_TILE(number, tiles) \
  for (i64 number = tiles.begin; number < tiles.down * tiles.across; number += tiles.step)

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

// Commits what was begun for stage `at` of all, and hands over the one that was UNDER_WAY before.
DEVICE void hand_over(LOCAL u64 *full, u32 at) {
  copy_commit();
  if (at >= UNDER_WAY) {
    COPY_WAIT(UNDER_WAY);
    show_to_wgmma();
    phases_arrive(full + (at - UNDER_WAY) % STAGES);
  }
}

// Four warps load.
DEVICE void load(LOCAL u32x4 *ring, LOCAL u64 *full, LOCAL u64 *empty, const tiling &tiles,
                 GLOBAL const u16 *a, GLOBAL const u16 *b, i64 m, i64 n, i64 k) {
  const i32 a_whole = k % 8 == 0 && (u64)a % 16 == 0;
#ifdef BY_K
  const i32 b_whole = n % 8 == 0 && (u64)b % 16 == 0;
#else
  const i32 b_whole = k % 8 == 0 && (u64)b % 16 == 0;
#endif
  u32 at = 0;
  EACH_TILE(number, tiles) {
    const corner tile = corner_of(tiles, number);
    UNROLL_BY(1)
    for (i64 begin = 0; begin < k; begin += DEPTH) {
      // The first round finds all stages empty.
      phases_wait(empty + at % STAGES, (at / STAGES + 1) % 2);
      LOCAL u32x4 *stage = ring + at % STAGES * STAGE;
      fetch(stage, 0, ROWS, a, tile.row, m, begin, k, a_whole);
#ifdef BY_K
      fetch_turned(stage, b, tile.column, n, begin, k, b_whole);
#else
      fetch(stage, ROWS, COLUMNS, b, tile.column, n, begin, k, b_whole);
#endif
      hand_over(full, at++);
    }
  }
  UNROLL_BY(1)
  for (i32 i = 0; i < UNDER_WAY; i++) { hand_over(full, at++); }
}

// A box that this block alone wants, or all of its cluster do.
DEVICE void load_box(LOCAL u32x4 *to, const heddle_map &map, i64 x, i64 line, LOCAL u64 *full,
                     i32 shared) {
  if (CLUSTER > 1 && shared) {
    copy_box_to((1 << CLUSTER) - 1, to, map, (i32)x, (i32)line, full);
  } else {
    copy_box(to, map, (i32)x, (i32)line, full);
  }
}

// One thread loads.
DEVICE void load_boxes(LOCAL u32x4 *ring, LOCAL u64 *full, LOCAL u64 *empty, const tiling &tiles,
                       const heddle_map &a_map, const heddle_map &b_map, i64 k) {
  const i32 rows = ROWS / CLUSTER;
  const i32 columns = COLUMNS / CLUSTER;
  u32 at = 0;
  EACH_TILE(number, tiles) {
    const corner tile = corner_of(tiles, number);
    UNROLL_BY(1)
    for (i64 begin = 0; begin < k; begin += DEPTH, at++) {
      LOCAL u32x4 *stage = ring + at % STAGES * STAGE;
      LOCAL u64 *done = full + at % STAGES;
      phases_wait_cluster(empty + at % STAGES, (at / STAGES + 1) % 2);
      phases_arrive_expecting(done, LINES * LINE_BYTES);
      UNROLL for (i32 part = 0; part < CLUSTER; part++) {
        const i32 own = part == tiles.rank;
        if (tiles.high > 1 || own) {
          load_box(stage + part * rows * PIECES, a_map, begin, tile.row + part * rows, done,
                   tiles.high == 1);
        }
        if (tiles.high == 1 || own) {
#ifdef BY_K
          UNROLL for (i32 i = part * columns; i < (part + 1) * columns; i += 64) {
            load_box(stage + (ROWS + i / 64 * DEPTH) * PIECES, b_map, tile.column + i, begin, done,
                     tiles.high > 1);
          }
#else
          load_box(stage + (ROWS + part * columns) * PIECES, b_map, begin,
                   tile.column + part * columns, done, tiles.high > 1);
#endif
        }
      }
    }
  }
}

// A warp has read a stage.
DEVICE void give_back(LOCAL u64 *empty, i32 by_map) {
  if (CLUSTER > 1 && by_map) {
    if (LANE < CLUSTER) { phases_arrive_at(empty, LANE); }
  } else if (LANE == 0) {
    phases_arrive(empty);
  }
  WARP_BARRIER();
}

// Ends the sums of a warp's 16 rows from `row0` on, CHUNK columns from `column0` on, which lie in `out`.
DEVICE void finish_chunk(LOCAL const f32 *out, i64 row0, i64 column0, i64 m, i64 n, f32 alpha,
                         GLOBAL const STORAGE(BIAS) *bias, i64 bias_row, i64 bias_column,
                         GLOBAL const STORAGE(Y) *residual, GLOBAL STORAGE(Y) *y) {
  UNROLL_BY(1)
  for (i32 first = LANE; first < 16 * CHUNK; first += 32 * BESIDE) {
    f32 shift[BESIDE], added[BESIDE];
    UNROLL for (i32 i = 0; i < BESIDE; i++) {
      const i32 e = first + 32 * i;
      const i64 row = row0 + e / CHUNK;
      const i64 column = column0 + e % CHUNK;
      const i32 inside = row < m && column < n;
      shift[i] = inside && bias ? LOAD(BIAS, bias, row * bias_row + column * bias_column) : 0;
      added[i] = inside && residual ? LOAD(Y, residual, row * n + column) : 0;
    }
    UNROLL for (i32 i = 0; i < BESIDE; i++) {
      const i32 e = first + 32 * i;
      const i64 row = row0 + e / CHUNK;
      const i64 column = column0 + e % CHUNK;
      const f32 sum = out[e ^ e / CHUNK % 4 * 8];
      const f32 x = activate(bias ? FMA(alpha, sum, shift[i]) : alpha * sum);
      if (row < m && column < n) { STORE(Y, y, row * n + column, residual ? x + added[i] : x); }
    }
  }
}

KERNEL GROUP_OF_CLUSTER(ITEMS, CLUSTER) multiply_tensor(TENSOR(y), TENSOR(a), TENSOR(b), MAP(a),
    MAP(b), i32 by_map, TENSOR(bias), TENSOR(residual), i64 m, i64 n, i64 k, f32 alpha, i64 bias_row,
    i64 bias_column) {
  extern SHARED __align__(1024) u32x4 ring[];
  LOCAL f32 *handed = (LOCAL f32 *)(ring + STAGES * STAGE);
  LOCAL u64 *full = (LOCAL u64 *)(handed + ROWS * CHUNK);
  LOCAL u64 *empty = full + STAGES;
  const tiling tiles = tiles_of(m, n);

  if (LOCAL_ID(0) == 0) {
    UNROLL_BY(1)
    for (i32 i = 0; i < STAGES; i++) {
      phases_begin(full + i, by_map ? 1 : LOADERS);
      phases_begin(empty + i, by_map ? CLUSTER * WARPS : WARPS);
    }
    phases_show();
  }
  cluster_barrier();

  // Who multiplies gets the registers that who loads has no use for.
  const i32 warp = LOCAL_ID(0) / 32 - LOADERS / 32;
  if (warp < 0) {
    if (WARPS > 4) { REGISTERS_DOWN_TO(56); }
    if (!by_map) {
      load(ring, full, empty, tiles, OPERAND(const u16, a), OPERAND(const u16, b), m, n, k);
    } else if (LOCAL_ID(0) == 0) {
      load_boxes(ring, full, empty, tiles, a_map, b_map, k);
    }
  } else {
    if (WARPS > 4) { REGISTERS_UP_TO(224); }
    const i32 g = LANE / 4;
    const i32 t = LANE % 4;
    LOCAL f32 *out = handed + warp * 16 * CHUNK;
    GLOBAL STORAGE(Y) *y = OPERAND(STORAGE(Y), y);
    GLOBAL const STORAGE(Y) *residual = OPERAND(const STORAGE(Y), residual);
    GLOBAL const STORAGE(BIAS) *bias = OPERAND(const STORAGE(BIAS), bias);
    u32 at = 0;
    EACH_TILE(number, tiles) {
      f32 sum[COLUMNS / 2];
      UNROLL for (i32 i = 0; i < COLUMNS / 2; i++) { sum[i] = 0; }
      UNROLL_BY(1)
      for (i64 begin = 0; begin < k; begin += DEPTH, at++) {
        phases_wait(full + at % STAGES, at / STAGES % 2);
        LOCAL const u32x4 *stage = ring + at % STAGES * STAGE;
        LOCAL const u32x4 *own = stage + warp / 4 * 64 * PIECES;
        LOCAL const u32x4 *columns = stage + ROWS * PIECES;
        wgmma_begin();
        UNROLL for (i32 i = 0; i < DEPTH / 16; i++) {
          const u64 left = swizzled(own + 2 * i, 0, 8 * LINE_BYTES);
#ifdef BY_K
          const u64 right =
              swizzled(columns + 16 * i * PIECES, DEPTH * LINE_BYTES, 8 * LINE_BYTES);
#else
          const u64 right = swizzled(columns + 2 * i, 0, 8 * LINE_BYTES);
#endif
          MULTIPLY(sum, left, right);
        }
        wgmma_commit();
        WGMMA_WAIT(1);
        if (begin > 0) { give_back(empty + (at - 1) % STAGES, by_map); }
      }
      WGMMA_WAIT(0);
      if (k > 0) { give_back(empty + (at - 1) % STAGES, by_map); }

      // By way of shared memory, so that neighbouring lanes write neighbouring columns.
      const corner tile = corner_of(tiles, number);
      UNROLL for (i32 chunk = 0; chunk < COLUMNS; chunk += CHUNK) {
        UNROLL for (i32 i = 0; i < CHUNK / 2; i++) {
          const i32 row = g + i / 2 % 2 * 8;
          const i32 column = i / 4 * 8 + 2 * t + i % 2;
          // Turned about by row, which keeps lanes from each other's banks.
          out[row * CHUNK + (column ^ row % 4 * 8)] = sum[chunk / 2 + i];
        }
        WARP_BARRIER();
        finish_chunk(out, tile.row + warp * 16, tile.column + chunk, m, n, alpha, bias, bias_row,
                     bias_column, residual, y);
        WARP_BARRIER();
      }
    }
  }
  // Until all have read, no block may go whose memory others write.
  WARP_BARRIER();
  cluster_barrier();
}
