package dev.heddle.jinja;

/** What a rendering may still spend. */
final class Budget {
  /** Characters or items whose making counts as one step. */
  private static final int UNITS = 16;

  /** How deep macros may call one another. */
  private static final int DEPTH = 64;

  private final long steps;
  private final int characters;
  private long spent;
  private int depth;

  Budget(long steps, int characters) {
    this.steps = steps;
    this.characters = characters;
  }

  void step() {
    spend(1);
  }

  /** Counts the reading of a text or list of this length. */
  void read(long length) {
    spend(1 + length / UNITS);
  }

  /** Counts the sorting of so many items. */
  void sort(long length) {
    spend(UNITS * length);
  }

  private void spend(long count) {
    spent += count;
    if (spent > steps) {
      throw JinjaException.limit("it takes more than %d steps".formatted(steps));
    }
  }

  /** Counts a text or list of {@code length} that is about to be made. */
  void make(long length) {
    make(length, 0);
  }

  /** The same for what is appended to {@code before} of them. */
  void make(long length, long before) {
    if (length > characters - before) {
      throw JinjaException.limit("it makes a text or list longer than %d".formatted(characters));
    }
    spend(1 + length / UNITS);
  }

  void enter() {
    if (++depth > DEPTH) {
      throw JinjaException.limit("its macros and loops call deeper than %d".formatted(DEPTH));
    }
  }

  void leave() {
    depth--;
  }
}
