// Elements of block-quantised storage, one by one: LOAD of a type that is q4_k, for instance. What
// the bytes mean is dev.heddle.tensor.Blocks'. Nothing is here unless USES_BLOCKS is defined.
#ifdef USES_BLOCKS
#define HEDDLE_BLOCKS(T)   \
  typedef u8 T##_storage; \
  typedef f32 T##_value;
HEDDLE_BLOCKS(q8_0)
HEDDLE_BLOCKS(q4_0)
HEDDLE_BLOCKS(q4_1)
HEDDLE_BLOCKS(q5_0)
HEDDLE_BLOCKS(q5_1)
HEDDLE_BLOCKS(q2_k)
HEDDLE_BLOCKS(q3_k)
HEDDLE_BLOCKS(q4_k)
HEDDLE_BLOCKS(q5_k)
HEDDLE_BLOCKS(q6_k)
HEDDLE_BLOCKS(iq4_nl)
HEDDLE_BLOCKS(iq4_xs)
HEDDLE_BLOCKS(mxfp4)

DEVICE f32 block_half(GLOBAL const u8 *p) { return HALF_TO_F32((GLOBAL const u16 *)p); }

// Code j of 2 * count: lower halves of count bytes, then their upper halves.
DEVICE i32 block_nibble(GLOBAL const u8 *p, i32 j, i32 count) {
  return p[j % count] >> (j / count * 4) & 15;
}

DEVICE i32 block_bit(GLOBAL const u8 *p, i32 j) { return p[j / 8] >> (j % 8) & 1; }

// Of 256 codes the two lowest bits.
DEVICE i32 block_two_bits(GLOBAL const u8 *p, i32 j) {
  return p[j / 128 * 32 + j % 32] >> (j % 128 / 32 * 2) & 3;
}

// A byte of four words of four.
DEVICE i32 block_entry(i32 code, u32 a, u32 b, u32 c, u32 d) {
  const u32 word = code < 8 ? (code < 4 ? a : b) : (code < 12 ? c : d);
  return (i32)(i8)(u8)(word >> (code % 4 * 8));
}

DEVICE i32 block_non_linear(i32 code) {
  return block_entry(code, 0xbfad9881u, 0xf6eaddcfu, 0x26190d01u, 0x71594535u);
}

DEVICE f32 load_q8_0(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 32 * 34;
  return block_half(b) * (f32)(i8)b[2 + i % 32];
}

DEVICE f32 load_q4_0(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 32 * 18;
  return block_half(b) * (f32)(block_nibble(b + 2, (i32)(i % 32), 16) - 8);
}

DEVICE f32 load_q4_1(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 32 * 20;
  const f32 x = block_half(b) * (f32)block_nibble(b + 4, (i32)(i % 32), 16);
  return x + block_half(b + 2);
}

DEVICE f32 load_q5_0(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 32 * 22;
  const i32 j = (i32)(i % 32);
  return block_half(b) * (f32)((block_nibble(b + 6, j, 16) | block_bit(b + 2, j) << 4) - 16);
}

DEVICE f32 load_q5_1(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 32 * 24;
  const i32 j = (i32)(i % 32);
  const f32 x = block_half(b) * (f32)(block_nibble(b + 8, j, 16) | block_bit(b + 4, j) << 4);
  return x + block_half(b + 2);
}

DEVICE f32 load_q2_k(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 256 * 84;
  const i32 j = (i32)(i % 256);
  const i32 factors = b[j / 16];
  const f32 scale = block_half(b + 80) * (f32)(factors & 15);
  const f32 minimum = block_half(b + 82) * (f32)(factors >> 4);
  const f32 x = scale * (f32)block_two_bits(b + 16, j);
  return x - minimum;
}

DEVICE f32 load_q3_k(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 256 * 110;
  const i32 j = (i32)(i % 256);
  const i32 group = j / 16;
  const i32 low = b[96 + group % 8] >> (group / 8 * 4) & 15;
  const i32 high = b[104 + group % 4] >> (group / 4 * 2) & 3;
  const i32 code = block_two_bits(b + 32, j) - 4 + 4 * (b[j % 32] >> (j / 32) & 1);
  const f32 scale = block_half(b + 108) * (f32)((low | high << 4) - 32);
  return scale * (f32)code;
}

// Element j of a block whose code is known: scales and minima of six bits in twelve bytes.
DEVICE f32 block_six_bits(GLOBAL const u8 *b, i32 j, i32 code) {
  const i32 group = j / 32;
  const i32 first = b[4 + group % 4];
  const i32 second = b[8 + group % 4];
  const i32 both = b[4 + (group < 4 ? group : group + 4)];
  const i32 factor = group < 4 ? first & 63 : (both & 15) | first >> 6 << 4;
  const i32 less = group < 4 ? second & 63 : both >> 4 | second >> 6 << 4;
  const f32 scale = block_half(b) * (f32)factor;
  const f32 minimum = block_half(b + 2) * (f32)less;
  const f32 x = scale * (f32)code;
  return x - minimum;
}

DEVICE f32 load_q4_k(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 256 * 144;
  const i32 j = (i32)(i % 256);
  return block_six_bits(b, j, block_nibble(b + 16 + j / 64 * 32, j % 64, 32));
}

DEVICE f32 load_q5_k(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 256 * 176;
  const i32 j = (i32)(i % 256);
  const i32 high = b[16 + j % 32] >> (j / 32) & 1;
  return block_six_bits(b, j, block_nibble(b + 48 + j / 64 * 32, j % 64, 32) | high << 4);
}

DEVICE f32 load_q6_k(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 256 * 210;
  const i32 j = (i32)(i % 256);
  const i32 low = block_nibble(b + j / 128 * 64, j % 128, 64);
  const i32 high = b[128 + j / 128 * 32 + j % 32] >> (j % 128 / 32 * 2) & 3;
  const f32 scale = block_half(b + 208) * (f32)(i8)b[192 + j / 16];
  return scale * (f32)((low | high << 4) - 32);
}

DEVICE f32 load_iq4_nl(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 32 * 18;
  return block_half(b) * (f32)block_non_linear(block_nibble(b + 2, (i32)(i % 32), 16));
}

DEVICE f32 load_iq4_xs(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 256 * 136;
  const i32 j = (i32)(i % 256);
  const i32 group = j / 32;
  const i32 low = b[4 + group / 2] >> (group % 2 * 4) & 15;
  const i32 high = b[2 + group / 4] >> (group % 4 * 2) & 3;
  const f32 scale = block_half(b) * (f32)((low | high << 4) - 32);
  return scale * (f32)block_non_linear(block_nibble(b + 8 + group * 16, j % 32, 16));
}

DEVICE f32 load_mxfp4(GLOBAL const u8 *p, i64 i) {
  GLOBAL const u8 *b = p + i / 32 * 17;
  const u32 exponent = b[0];
  const f32 scale = BITS_F32(exponent < 2 ? 0x00200000u << exponent : (exponent - 1) << 23);
  const i32 code = block_nibble(b + 1, (i32)(i % 32), 16);
  return scale * (f32)block_entry(code, 0x03020100u, 0x0c080604u, 0xfdfeff00u, 0xf4f8fafcu);
}
#endif
