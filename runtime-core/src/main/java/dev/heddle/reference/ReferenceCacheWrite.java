package dev.heddle.reference;

import dev.heddle.op.CacheWrite;
import dev.heddle.tensor.CacheBlocks;
import dev.heddle.tensor.HostTensor;

/** {@link CacheWrite}, in the memory of its first input. */
final class ReferenceCacheWrite {
  private ReferenceCacheWrite() {}

  static HostTensor run(Call call) {
    HostTensor cache = call.in(CacheWrite.CACHE);
    HostTensor rows = call.in(CacheWrite.ROWS);
    int[] slots = call.in(CacheWrite.SLOTS).toInts();
    long columns = cache.shape().dim(2);
    long most = cache.shape().dim(0) * cache.shape().dim(1);
    for (int slot : slots) {
      if (slot < -1 || slot >= most) {
        throw call.wrong("slot %d is out of range; the cache has %d".formatted(slot, most));
      }
    }
    for (int i = 0; i < slots.length; i++) {
      if (cache.dtype() == CacheWrite.BLOCKS) {
        if (slots[i] >= 0) {
          CacheBlocks.write(
              rows.memory(),
              i * columns * 4,
              columns,
              cache.memory(),
              cache.dtype().bytes(slots[i] * columns));
        }
        continue;
      }
      for (long c = 0; slots[i] >= 0 && c < columns; c++) {
        cache.setDouble(slots[i] * columns + c, rows.getDouble(i * columns + c));
      }
    }
    return cache;
  }
}
