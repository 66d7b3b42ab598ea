package dev.heddle.generate;

/**
 * What a generation is about: the text that an encoder has read, or, without an encoder, the
 * prompt.
 *
 * @param ids its tokens
 * @param kept its keys and values, or null without an encoder
 */
record Source(int[] ids, KvCache.Sequence kept) implements AutoCloseable {
  @Override
  public void close() {
    if (kept != null) {
      kept.close();
    }
  }
}
