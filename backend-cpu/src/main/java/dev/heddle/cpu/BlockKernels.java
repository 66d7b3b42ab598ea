package dev.heddle.cpu;

/** Block-quantised weights to float32, exactly as {@link dev.heddle.tensor.Blocks} defines them. */
interface BlockKernels {
  /**
   * Decodes part of a panel.
   *
   * @param panel where the panel begins
   * @param chunk first chunk of {@link BlockLayout#CHUNK} elements of k
   * @param to given the elements as {@link MatMulTiles} wants panels
   * @param scratch four rows of {@link BlockLayout#rowBytes()} bytes
   */
  void decode(BlockLayout layout, long panel, int chunk, int chunks, long to, long scratch);
}
