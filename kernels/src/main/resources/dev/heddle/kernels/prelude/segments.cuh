// What segments of keys give for a query and a head, where they are done side by side, and how they meet.

// A segment's part: the greatest score, the sum of weights, the sums of weighted values.
#define PART_AT(row, head, segment) \
  (((t.query + (row)) * heads + (head)) * segments + (segment)) * (value_dim + 2)

// Powers are of 2, and what is subtracted before is the greatest score rounded up. So sums are only
// ever multiplied by whole powers of two, which rounds nothing: in which order segments meet their
// common maximum is no matter.

// What sums over scores of which this is the greatest are multiplied by, to be of those whose greatest
// is another, not less: 2^n, n whole.
DEVICE f32 change(f32 greatest, f32 to) {
  const f32 n = greatest - shift_of(to);
  return n < -126 ? 0.0f : BITS_F32((u32)((i32)n + 127) << 23);
}
// The same of sums that go on, which may be infinite before there is a score.
DEVICE f32 change_of_all(f32 greatest, f32 to) {
  return greatest == HIDDEN ? 1.0f : change(greatest, to);
}
