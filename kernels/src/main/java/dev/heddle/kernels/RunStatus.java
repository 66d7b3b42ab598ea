package dev.heddle.kernels;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.graph.Node;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What kernels found that a run cannot take. The first to find something writes four numbers: the
 * node, what is wrong, the value that is, and what bounds it.
 */
final class RunStatus {
  static final long BYTES = 32;

  /** What can be wrong; kernels know them by their ordinals, given as defines. */
  enum Fault {
    NONE(""),
    /** A value, and the extent it must lie in. */
    INDEX("index %d is out of range; the axis has extent %d"),
    /** A value, and the rows of the tables. */
    POSITION("position %d is out of range; the tables have %d"),
    /** A slot, and how many there are. */
    SLOT("slot %d is out of range; the cache has %d"),
    /** Nothing to be said of values. */
    DIVISOR("integer division by zero"),
    /** The first start, and 0. */
    STARTS_BEGIN("cuSeqLens begins with %d; expected %d"),
    /** The last start, and the tokens. */
    STARTS_END("cuSeqLens ends with %d; expected the %d tokens"),
    /** A start, and the one before. */
    STARTS_FALL("cuSeqLens has %d after %d; expected no fall"),
    /** Keys of a sequence, and of a map's row. */
    MAP_KEYS("a sequence has %d keys, but max_keys is %d; bind it to as many or more"),
    /** A page, and how many there are. */
    PAGE("page %d is out of range; the cache has %d"),
    /** A sequence's key length, and the keys that its pages have room for. */
    KEY_LENGTH("key length %d is out of range; the pages have %d");

    private final String what;

    Fault(String what) {
      this.what = what;
    }

    /** {@code FAULT_INDEX 1}. */
    String define() {
      return "FAULT_" + name() + " " + ordinal();
    }
  }

  private RunStatus() {}

  /** Whether a kernel found something. */
  static boolean isClear(MemorySegment words) {
    return words.get(ValueLayout.JAVA_INT_UNALIGNED, 0) == 0;
  }

  /** The number of the node that was refused. */
  static int node(MemorySegment words) {
    return words.get(ValueLayout.JAVA_INT_UNALIGNED, 0) - 1;
  }

  /** What to throw. */
  static InvalidInputException error(Node node, MemorySegment words) {
    Fault fault = Fault.values()[words.get(ValueLayout.JAVA_INT_UNALIGNED, 4)];
    long value = words.get(ValueLayout.JAVA_LONG_UNALIGNED, 8);
    long bound = words.get(ValueLayout.JAVA_LONG_UNALIGNED, 16);
    return new InvalidInputException(node + ": " + fault.what.formatted(value, bound));
  }
}
