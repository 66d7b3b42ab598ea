// Where sequence s begins, and at s + 1 where it ends, among so many tokens. What check_starts
// refuses is read all the same: it is brought into bounds.
DEVICE i64 start_of(GLOBAL const i32 *starts, i64 s, i64 tokens) {
  const i64 at = starts[s];
  return at < 0 ? 0 : at > tokens ? tokens : at;
}
