// Attention of few queries over a cache: what attention_tensor.cu gave for each segment of keys becomes
// a result, 128 of a value's elements at a time.
#define TILE 1
#define HEAD GROUP_ID(1)
#include "starts.h"
#include "blocks.h"
#include "attention.h"
#include "segments.cuh"

KERNEL GROUP_SIZE(128, 1, 1) attention_merge(ARGUMENTS, TENSOR(parts), i64 heads, i64 segments) {
  BEGIN_TILE;
  GLOBAL const f32 *part = OPERAND(const f32, parts);
  const i32 from = first_key(t.position, window) / SEGMENT;
  const i32 to = (end_key(t.shown, last_position, causal, window) + SEGMENT - 1) / SEGMENT;
  for (i32 d = LOCAL_ID(0); d < value_dim && t.count > 0; d += 128) {
    f32 greatest = HIDDEN;
    UNROLL_BY(8)
    for (i32 segment = from; segment < to; segment++) {
      const f32 own = part[PART_AT(t.row, head, segment)];
      greatest = greatest < own ? own : greatest;
    }
    f32 total = 0;
    f32 sum = 0;
    UNROLL_BY(8)
    for (i32 segment = from; segment < to; segment++) {
      const i64 at = PART_AT(t.row, head, segment);
      const f32 take = change(part[at], greatest);
      total = FMA(part[at + 1], take, total);
      sum = FMA(part[at + 2 + d], take, sum);
    }
    // Adding 0 makes every zero positive.
    STORE(X, y, VECTOR_AT(y, t, query, head, t.row) + d,
          FMA(sum, total == 0 ? 0.0f : 1 / total, 0.0f));
  }
}
