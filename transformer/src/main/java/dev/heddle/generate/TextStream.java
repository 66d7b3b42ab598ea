package dev.heddle.generate;

import java.util.Arrays;
import java.util.function.Function;

/**
 * The text of a sequence as its tokens come. What it gives out is never taken back: a character of
 * which bytes are missing is held back, and so is what may become a stop string.
 *
 * <p>Tokens are decoded a few at a time, together with those before them, as the first token of a
 * text may look otherwise than the same one within it.
 */
public final class TextStream {
  /** What decoders put where bytes make no character. */
  private static final char BROKEN = '\ufffd';

  private final Function<int[], String> decoder;
  private final StopStrings stops;
  private final StringBuilder pending = new StringBuilder();
  private int[] ids = new int[16];
  private int length;

  /** Tokens from here on are decoded; of their text, that of those up to {@link #told} is known. */
  private int context;

  private int told;
  private boolean stopped;

  /**
   * A stream.
   *
   * @param decoder the text of ids, special tokens left out
   */
  public TextStream(Function<int[], String> decoder, StopStrings stops) {
    this.decoder = decoder;
    this.stops = stops;
  }

  /** Takes a token; returns the text that can be shown now, often none. */
  public String add(int id) {
    if (stopped) {
      return "";
    }
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, 2 * length);
    }
    ids[length++] = id;
    String text = undisclosed();
    if (text.isEmpty() || text.charAt(text.length() - 1) == BROKEN) {
      return "";
    }
    context = told;
    told = length;
    pending.append(text);
    return show(false);
  }

  /** The text of the tokens that are not told yet. */
  private String undisclosed() {
    String all = decoder.apply(Arrays.copyOfRange(ids, context, length));
    String known = decoder.apply(Arrays.copyOfRange(ids, context, told));
    return all.length() > known.length() ? all.substring(known.length()) : "";
  }

  private String show(boolean all) {
    int stop = stops.find(pending);
    if (stop >= 0) {
      stopped = true;
      pending.setLength(stop);
      all = true;
    }
    int end = all ? pending.length() : pending.length() - stops.held(pending);
    String text = pending.substring(0, end);
    pending.delete(0, end);
    return text;
  }

  /** True if a stop string has come: its text and all behind it is left out. */
  public boolean stopped() {
    return stopped;
  }

  /** The rest of the text, what was held back with it; nothing more may be added. */
  public String finish() {
    if (!stopped && told < length) {
      pending.append(undisclosed());
      told = length;
    }
    String rest = show(true);
    stopped = true;
    return rest;
  }
}
