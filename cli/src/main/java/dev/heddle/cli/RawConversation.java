package dev.heddle.cli;

import dev.heddle.text.Tokenizer;
import java.util.Arrays;
import java.util.stream.IntStream;

/** One text that the user and a base model write by turns, each line below what came before. */
final class RawConversation implements Conversation {
  private final Tokenizer tokenizer;
  private int[] ids = {};

  RawConversation(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  @Override
  public int[] prompt(String line) {
    return ids.length == 0
        ? tokenizer.encode(line).ids()
        : join(ids, tokenizer.encode("\n" + line, false).ids());
  }

  @Override
  public void answered(int[] prompt, int[] answer, String text) {
    ids = join(prompt, answer);
  }

  /** The older half: a text has no turns to go by. */
  @Override
  public boolean shorten() {
    if (ids.length == 0) {
      return false;
    }
    int[] beginning = tokenizer.encode("").ids();
    int kept = ids.length / 2;
    ids =
        kept <= beginning.length
            ? new int[0]
            : join(beginning, Arrays.copyOfRange(ids, ids.length - kept, ids.length));
    return true;
  }

  @Override
  public void reset() {
    ids = new int[0];
  }

  @Override
  public int tokens() {
    return ids.length;
  }

  private static int[] join(int[] first, int[] second) {
    return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
  }
}
