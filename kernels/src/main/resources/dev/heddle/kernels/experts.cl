// Sorts the pairs of a token and a choice by the expert that was chosen. Defined before: I (type of
// the indices), EXPERTS (how many there are), FAULT_INDEX.
#define ITEMS 64

// Counted from the front; -1 and the run refused for an index that is none.
DEVICE i32 expert_of(GLOBAL const STORAGE(I) *indices, i64 pair, STATUS) {
  const i64 index = LOAD(I, indices, pair);
  if (index < -EXPERTS || index >= EXPERTS) {
    refuse(status, node, FAULT_INDEX, index, EXPERTS);
    return -1;
  }
  return (i32)(index < 0 ? index + EXPERTS : index);
}

// One group. order has all pairs, those of an expert side by side; begins says where each expert's
// begin and, behind the last, where they end.
KERNEL GROUP_SIZE(ITEMS, 1, 1) sort_by_expert(
    TENSOR(order), TENSOR(begins), TENSOR(indices), i64 pairs, STATUS) {
  SHARED i32 counts[EXPERTS];
  GLOBAL i32 *order = OPERAND(i32, order);
  GLOBAL i32 *begins = OPERAND(i32, begins);
  GLOBAL const STORAGE(I) *indices = OPERAND(const STORAGE(I), indices);
  for (i32 e = LOCAL_ID(0); e < EXPERTS; e += ITEMS) {
    i32 count = 0;
    for (i64 pair = 0; pair < pairs; pair++) {
      count += expert_of(indices, pair, status, node) == e;
    }
    counts[e] = count;
  }
  BARRIER();
  for (i32 e = LOCAL_ID(0); e < EXPERTS; e += ITEMS) {
    i32 at = 0;
    for (i32 other = 0; other < e; other++) {
      at += counts[other];
    }
    begins[e] = at;
    if (e == EXPERTS - 1) {
      begins[EXPERTS] = at + counts[e];
    }
    for (i64 pair = 0; pair < pairs; pair++) {
      if (expert_of(indices, pair, status, node) == e) {
        order[at++] = (i32)pair;
      }
    }
  }
}
