package dev.heddle.generate;

import java.util.Arrays;

/** A sequence's pages in their order; -1 for those that a window has let go. */
final class PageTable {
  private static final int GONE = -1;

  private int[] pages = new int[4];
  private int count;

  /** Pages below this are gone. */
  private int first;

  int count() {
    return count;
  }

  int page(int index) {
    return pages[index];
  }

  void add(int page) {
    if (count == pages.length) {
      pages = Arrays.copyOf(pages, 2 * count);
    }
    pages[count++] = page;
  }

  void set(int index, int page) {
    pages[index] = page;
  }

  boolean isShared(int index, PagePool pool) {
    return index < count && pool.isShared(pages[index]);
  }

  /** Lets go of the pages before {@code index}. */
  void drop(int index, PagePool pool) {
    for (; first < Math.min(index, count); first++) {
      pool.release(pages[first]);
      pages[first] = GONE;
    }
  }

  /** Lets go of the pages from {@code length} on. */
  void truncate(int length, PagePool pool) {
    while (count > length) {
      int page = pages[--count];
      if (page != GONE) {
        pool.release(page);
      }
    }
    first = Math.min(first, count);
  }

  /** Shares all pages with {@code other}, which is empty. */
  void copyTo(PageTable other, PagePool pool) {
    for (int i = 0; i < count; i++) {
      if (pages[i] != GONE) {
        pool.share(pages[i]);
      }
      other.add(pages[i]);
    }
    other.first = first;
  }
}
