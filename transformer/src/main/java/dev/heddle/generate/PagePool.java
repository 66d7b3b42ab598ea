package dev.heddle.generate;

/** Pages that sequences hold, one or several of them each. */
final class PagePool {
  private final int[] holders;
  private final int[] free;
  private int freeCount;

  PagePool(int pages) {
    this.holders = new int[pages];
    this.free = new int[pages];
    this.freeCount = pages;
    for (int i = 0; i < pages; i++) {
      free[i] = pages - 1 - i;
    }
  }

  int pages() {
    return holders.length;
  }

  /** Pages that nobody holds. */
  int free() {
    return freeCount;
  }

  /** A page that nobody held; there is one. */
  int take() {
    int page = free[--freeCount];
    holders[page] = 1;
    return page;
  }

  /** One more holder. */
  void share(int page) {
    holders[page]++;
  }

  boolean isShared(int page) {
    return holders[page] > 1;
  }

  /** One holder less. */
  void release(int page) {
    if (--holders[page] == 0) {
      free[freeCount++] = page;
    }
  }
}
