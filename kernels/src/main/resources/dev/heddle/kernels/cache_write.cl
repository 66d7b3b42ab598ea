// Rows to the slots of a cache. Defined before: C (the cache's type), X (the rows'), FAULT_SLOT.
#include "walk.h"

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
      EACH(j, 0, columns) { STORE(C, cache, slot * columns + j, LOAD(X, rows, i * columns + j)); }
    }
  }
}
