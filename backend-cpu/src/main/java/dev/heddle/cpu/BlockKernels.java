package dev.heddle.cpu;

/** Block-quantised weights to float32, exactly as {@link dev.heddle.tensor.Blocks} defines them. */
interface BlockKernels {
  /** The scales and offsets of all groups in {@link MatMulTask#K_BLOCK} elements of k. */
  int SCRATCH_ROWS = 2 * MatMulTask.K_BLOCK / 16;

  /**
   * Decodes part of a panel.
   *
   * @param panel where the panel begins
   * @param chunk first chunk of {@link BlockLayout#CHUNK} elements of k
   * @param to given the elements as {@link MatMulTiles} wants panels
   * @param scratch {@link #SCRATCH_ROWS} rows of {@link BlockLayout#rowBytes()} bytes
   */
  void decode(BlockLayout layout, long panel, int chunk, int chunks, long to, long scratch);

  /** Whether {@link #multiply} takes panels of this layout. */
  boolean multiplies(BlockLayout layout);

  /**
   * One row of a product with part of a panel, without writing what is decoded: bit for bit what
   * {@link MatMulTiles#multiply} makes of it.
   *
   * @param a the row's first element
   * @param out given {@link BlockLayout#width()} sums
   * @param scratch {@link #SCRATCH_ROWS} rows of {@link BlockLayout#rowBytes()} bytes
   */
  void multiply(
      BlockLayout layout, long panel, int chunk, int chunks, long a, long out, long scratch);

  /**
   * Rounds float32 numbers to whole multiples, -127 to 127, of a 127th of the greatest magnitude
   * among each {@link BlockLayout#CHUNK} of them.
   *
   * @param count a multiple of {@link BlockLayout#CHUNK}
   */
  void round(long address, int count);
}
