// Rows to the slots of a cache. Defined before: C (the cache's type; q8_0 where BLOCKS is defined),
// X (the rows'), FAULT_SLOT.
#include "blocks.h"
#include "four.h"
#include "walk.h"
#include "wide.h"

#ifdef BLOCKS
#define BLOCK 32
#define BLOCK_BYTES 34

// As dev.heddle.tensor.CacheBlocks: a block with a number that is not finite is NaN, one
// whose scale rounds to 0 is 0.
DEVICE void write_block(GLOBAL const f32 *x, GLOBAL u8 *to) {
  f32 largest = 0.0f;
  f32 odd = 0.0f;
  for (i32 i = 0; i < BLOCK; i++) {
    const f32 size = FABS(x[i]);
    largest = largest < size ? size : largest;
    odd += x[i] - x[i];
  }
  const f32 scale = largest / 127.0f;
  GLOBAL u16 *d = (GLOBAL u16 *)to;
  if (odd != 0.0f) {
    *d = 0x7e00u;
  } else {
    F32_TO_HALF(scale, d);
  }
  const f32 inverse = *d == 0 ? 0.0f : 1.0f / scale;
  for (i32 i = 0; i < BLOCK; i++) {
    const f32 code = x[i] * inverse;
    to[2 + i] = odd != 0.0f ? 1 : (u8)(i8)(i32)(code + (code < 0.0f ? -0.5f : 0.5f));
  }
}
#endif

KERNEL cache_write(TENSOR(cache), TENSOR(rows), TENSOR(slots), i64 tokens, i64 columns, i64 most,
                   STATUS) {
  GLOBAL STORAGE(C) *cache = OPERAND(STORAGE(C), cache);
  GLOBAL const STORAGE(X) *rows = OPERAND(const STORAGE(X), rows);
  GLOBAL const i32 *slots = OPERAND(const i32, slots);
  SHARE(i, 1, tokens) {
    const i32 slot = slots[i];
    if (slot < -1 || slot >= most) {
      refuse(status, node, FAULT_SLOT, slot, most);
    } else if (slot >= 0) {
#ifdef BLOCKS
      const i64 blocks = columns / BLOCK;
      SHARE(j, 0, blocks) {
        write_block(rows + i * columns + j * BLOCK, cache + (slot * blocks + j) * BLOCK_BYTES);
      }
#elif defined(PACK)
      GLOBAL STORAGE(C) *to = cache + slot * columns;
      GLOBAL const STORAGE(X) *from = rows + i * columns;
#define SAME(x) x
      MAP_PACKS(C, to, X, from, columns, SAME)
#else
      EACH(j, 0, columns) { STORE(C, cache, slot * columns + j, LOAD(X, rows, i * columns + j)); }
#endif
    }
  }
}
