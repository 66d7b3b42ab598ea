// y = activate(alpha a @ b + bias) + residual where b is a constant in blocks, laid out anew: word w of
// block i of column c, 16 bytes, at (i * WORDS + w) * n + c, so that neighbouring items read
// neighbouring words; behind all words what a block has besides, EXTRA bytes, at i * n + c. An item
// sums a column for ROWS rows of a, which the group holds in local memory. Sums run as matmul.h says,
// so neither ROWS nor what is split changes a bit, and the bits are those of matmul.cl.
//
// Defined before: OF_Q8_0 or another type of b, BIAS, Y (element types), REAL f32, ROWS, ITEMS (of a
// group), K_BLOCK (a multiple of every block), KIND_..., SPLIT if a group sums one block of k only.
#include "blocks.h"
#include "four.h"
#include "matmul.h"
#include "activation.h"
#include "finish.h"

// BLOCK elements in WORDS words, codes 0 to 255 that stand for as much less BIAS_OF_CODE.
#if defined(OF_Q8_0)
#define BLOCK 32
#define WORDS 2
#define EXTRA 2
#define BIAS_OF_CODE 128
#elif defined(OF_Q4_0)
#define BLOCK 32
#define WORDS 1
#define EXTRA 2
#define BIAS_OF_CODE 8
#elif defined(OF_Q4_1)
#define BLOCK 32
#define WORDS 1
#define EXTRA 4
#define BIAS_OF_CODE 0
#define OFFSETS
#elif defined(OF_Q4_K)
#define BLOCK 256
#define WORDS 9
#define EXTRA 0
#define BIAS_OF_CODE 0
#define OFFSETS
#elif defined(OF_Q6_K)
#define BLOCK 256
#define WORDS 13
#define EXTRA 2
#define BIAS_OF_CODE 32
#endif

// Small blocks of a lone row are too little to wait for, one at a time.
#if ROWS == 1 && BLOCK == 32 && !defined(CPU_DEVICE)
#define BLOCKS_AT_ONCE 4
#else
#define BLOCKS_AT_ONCE 1
#endif

// A row of a in local memory, and the elements of a word's codes, in vectors.
#define PITCH (K_BLOCK / 4)
#define NIBBLES 0x0f0f0f0fu

// The element that a code stands for. With 2^23 in front a byte is a float32's last bits: that takes
// less than a conversion on GPUs, and is as exact.
DEVICE f32 element(u32 code, f32 scale, f32 offset) {
  const f32 x = scale * (BITS_F32(0x4b000000u | code) - (8388608.0f + BIAS_OF_CODE));
#ifdef OFFSETS
  return x + offset;
#else
  return x;
#endif
}

// Adds four neighbours, the bytes of a word, to the sums of all rows.
DEVICE void add4(PRIVATE f32 *sum, LOCAL const f32x4 *x, u32 codes, f32 scale, f32 offset) {
  const f32 w0 = element(codes & 255u, scale, offset);
  const f32 w1 = element(codes >> 8 & 255u, scale, offset);
  const f32 w2 = element(codes >> 16 & 255u, scale, offset);
  const f32 w3 = element(codes >> 24, scale, offset);
  UNROLL for (i32 r = 0; r < ROWS; r++) {
    const f32x4 left = x[r * PITCH];
    f32 s = FMA(left.x, w0, sum[r]);
    s = FMA(left.y, w1, s);
    s = FMA(left.z, w2, s);
    sum[r] = FMA(left.w, w3, s);
  }
}

// The same of sixteen.
DEVICE void add16(PRIVATE f32 *sum, LOCAL const f32x4 *x, u32 a, u32 b, u32 c, u32 d, f32 scale,
                  f32 offset) {
  add4(sum, x, a, scale, offset);
  add4(sum, x + 1, b, scale, offset);
  add4(sum, x + 2, c, scale, offset);
  add4(sum, x + 3, d, scale, offset);
}

// Four bits of each byte, from bit `shift` on.
DEVICE void add_nibbles(PRIVATE f32 *sum, LOCAL const f32x4 *x, u32x4 w, i32 shift, f32 scale,
                        f32 offset) {
  add16(sum, x, w.x >> shift & NIBBLES, w.y >> shift & NIBBLES, w.z >> shift & NIBBLES,
        w.w >> shift & NIBBLES, scale, offset);
}

#ifdef OF_Q6_K
DEVICE u32 six_bits(u32 low, i32 low_shift, u32 high, i32 high_shift) {
  return (low >> low_shift & NIBBLES) | (high >> high_shift & 0x03030303u) << 4;
}

DEVICE u32 byte_of(u32x4 v, i32 i) {
  return (i < 4 ? v.x : i < 8 ? v.y : i < 12 ? v.z : v.w) >> i % 4 * 8 & 255u;
}
#endif

// Adds a block, whose words are n apart, to the sums of all rows.
DEVICE void add_block(PRIVATE f32 *sum, LOCAL const f32x4 *x, GLOBAL const u32x4 *words,
                      GLOBAL const u8 *extra, i64 n) {
#if defined(OF_Q8_0)
  const f32 scale = block_half(extra);
  UNROLL for (i32 w = 0; w < 2; w++) {
    const u32x4 q = words[w * n];
    add16(sum, x + 4 * w, q.x ^ 0x80808080u, q.y ^ 0x80808080u, q.z ^ 0x80808080u,
          q.w ^ 0x80808080u, scale, 0.0f);
  }
#elif defined(OF_Q4_0) || defined(OF_Q4_1)
  const f32 scale = block_half(extra);
#ifdef OFFSETS
  const f32 offset = block_half(extra + 2);
#else
  const f32 offset = 0.0f;
#endif
  const u32x4 q = words[0];
  add_nibbles(sum, x, q, 0, scale, offset);
  add_nibbles(sum, x + 4, q, 4, scale, offset);
#elif defined(OF_Q4_K)
  const u32x4 head = words[0];
  const f32 base = block_half((GLOBAL const u8 *)words);
  const f32 base_of_offset = block_half((GLOBAL const u8 *)words + 2);
  UNROLL_BY(1)
  for (i32 group = 0; group < 8; group++) {
    // Two groups have the lower and the upper bits of the same two words.
    const u32x4 q0 = words[(group / 2 * 2 + 1) * n];
    const u32x4 q1 = words[(group / 2 * 2 + 2) * n];
    const i32 at = group % 4 * 8;
    const u32 first = head.y >> at & 255u;
    const u32 second = head.z >> at & 255u;
    const u32 both = head.w >> at & 255u;
    const u32 factor = group < 4 ? first & 63u : (both & 15u) | first >> 6 << 4;
    const u32 less = group < 4 ? second & 63u : both >> 4 | second >> 6 << 4;
    const f32 scale = base * (f32)factor;
    const f32 offset = -(base_of_offset * (f32)less);
    add_nibbles(sum, x + group * 8, q0, group % 2 * 4, scale, offset);
    add_nibbles(sum, x + group * 8 + 4, q1, group % 2 * 4, scale, offset);
  }
#elif defined(OF_Q6_K)
  const f32 base = block_half(extra);
  const u32x4 factors = words[12 * n];
  UNROLL_BY(1)
  for (i32 run = 0; run < 8; run++) {
    // Of each 128 codes 64 bytes have the lower bits, of two runs of 32 in order and then of two
    // more; 32 bytes have the upper bits, of four runs.
    const i32 part = run / 4;
    const i32 quarter = run % 4;
    GLOBAL const u32x4 *low = words + (4 * part + quarter % 2 * 2) * n;
    GLOBAL const u32x4 *high = words + (8 + 2 * part) * n;
    UNROLL for (i32 w = 0; w < 2; w++) {
      const u32x4 l = low[w * n];
      const u32x4 h = high[w * n];
      const i32 ls = quarter / 2 * 4;
      const i32 hs = quarter * 2;
      const f32 scale = base * (f32)(i8)(u8)byte_of(factors, 2 * run + w);
      add16(sum, x + (2 * run + w) * 4, six_bits(l.x, ls, h.x, hs), six_bits(l.y, ls, h.y, hs),
            six_bits(l.z, ls, h.z, hs), six_bits(l.w, ls, h.w, hs), scale, 0.0f);
    }
  }
#endif
}

KERNEL GROUP_SIZE(ITEMS, 1, 1) multiply_blocks(TENSOR(y), TENSOR(a), TENSOR(b), TENSOR(bias),
    TENSOR(residual), i64 m, i64 n, i64 k, REAL alpha, i64 bias_row, i64 bias_column) {
  SHARED f32x4 left[ROWS * PITCH];
  const i32 item = LOCAL_ID(0);
  const i64 column = GROUP_ID(0) * ITEMS + item;
  const i64 row0 = GROUP_ID(1) * ROWS;
#ifdef SPLIT
  const i64 from = GROUP_ID(2);
  const i64 to = from + 1;
#else
  const i64 from = 0;
  const i64 to = (k + K_BLOCK - 1) / K_BLOCK;
#endif
  GLOBAL const f32 *a = OPERAND(const f32, a) + row0 * k;
  GLOBAL const u32x4 *b = OPERAND(const u32x4, b) + column;
  GLOBAL const u8 *extra = (GLOBAL const u8 *)(OPERAND(const u32x4, b) + k / BLOCK * WORDS * n);
  f32 total[ROWS];
  UNROLL for (i32 r = 0; r < ROWS; r++) { total[r] = 0; }
  for (i64 part = from; part < to; part++) {
    const i64 begin = part * K_BLOCK;
    const i64 end = begin + K_BLOCK < k ? begin + K_BLOCK : k;
    BARRIER();
    for (i32 i = item; i < ROWS * PITCH; i += ITEMS) {
      const i64 p = begin + i % PITCH * 4;
      GLOBAL const f32 *x = a + i / PITCH * k + p;
      f32x4 four;
      four.x = four.y = four.z = four.w = 0;
      if (row0 + i / PITCH < m && p < end) {
        four.x = x[0];
        four.y = x[1];
        four.z = x[2];
        four.w = x[3];
      }
      left[i] = four;
    }
    BARRIER();
    if (column < n) {
      f32 sum[ROWS];
      UNROLL for (i32 r = 0; r < ROWS; r++) { sum[r] = 0; }
      UNROLL_BY(BLOCKS_AT_ONCE)
      for (i64 block = begin / BLOCK; block < end / BLOCK; block++) {
        add_block(sum, left + (block * BLOCK - begin) / 4, b + block * WORDS * n,
                  extra + (block * n + column) * EXTRA, n);
      }
      UNROLL for (i32 r = 0; r < ROWS; r++) { total[r] = total[r] + sum[r]; }
    }
  }
  if (column < n) {
#ifdef SPLIT
    GLOBAL f32 *y = OPERAND(f32, y) + from * m * n;
#else
    GLOBAL STORAGE(Y) *y = OPERAND(STORAGE(Y), y);
    GLOBAL const STORAGE(Y) *residual = OPERAND(const STORAGE(Y), residual);
    GLOBAL const STORAGE(BIAS) *bias = OPERAND(const STORAGE(BIAS), bias);
#endif
    UNROLL for (i32 r = 0; r < ROWS; r++) {
      if (row0 + r < m) {
#ifdef SPLIT
        y[(row0 + r) * n + column] = total[r];
#else
        finish(total[r], row0 + r, column, n, alpha, bias, bias_row, bias_column, residual, y);
#endif
      }
    }
  }
}
