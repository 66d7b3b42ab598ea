// The first 8 numbers of `left` at `from`, in x, and zeros if there are fewer. Unless they are `whole`,
// 8 or none at a multiple of 16 bytes, one by one.
DEVICE void fetch_piece(LOCAL u32x4 *to, GLOBAL const u16 *x, GLOBAL const u16 *from, i64 left,
                        i32 whole) {
  const i32 n = left < 0 ? 0 : left < 8 ? (i32)left : 8;
  if (whole) {
    copy_async(to, n == 0 ? x : from, 2 * n);
  } else {
    u32 pair[4];
    UNROLL for (i32 i = 0; i < 4; i++) {
      const u32 lower = 2 * i < n ? from[2 * i] : 0;
      const u32 upper = 2 * i + 1 < n ? from[2 * i + 1] : 0;
      pair[i] = lower | upper << 16;
    }
    *to = make_uint4(pair[0], pair[1], pair[2], pair[3]);
  }
}
