package dev.heddle.task;

import dev.heddle.model.AttentionKind;
import dev.heddle.model.AttentionWeights;
import dev.heddle.text.Encoding;
import java.util.ArrayList;
import java.util.List;

/**
 * What the heads of a model attended to in one run.
 *
 * @param tokens the text's tokens, those that the tokenizer adds included
 * @param target of an encoder–decoder the tokens that the decoder was given, the start token first;
 *     else empty
 * @param maps by kind, layer and head
 */
public record AttentionMaps(List<Token> tokens, List<Token> target, List<AttentionWeights> maps) {
  public AttentionMaps {
    tokens = List.copyOf(tokens);
    target = List.copyOf(target);
    maps = List.copyOf(maps);
  }

  /**
   * A token.
   *
   * @param id its number in the vocabulary
   * @param spelling as the vocabulary spells it: {@code Ġloom}, {@code ##s}
   * @param text what stands at its place in the text; empty where it stands nowhere
   */
  public record Token(int id, String spelling, String text) {
    private static final String CONTINUES = "##";

    /** For people: as it is written, special tokens and WordPiece's endings as they are spelled. */
    public String label() {
      String written = text.strip();
      return written.isEmpty() || spelling.startsWith(CONTINUES) ? spelling : written;
    }

    static List<Token> of(Encoding encoding, String text) {
      List<Token> tokens = new ArrayList<>();
      for (int i = 0; i < encoding.size(); i++) {
        Encoding.Span span = encoding.spans().get(i);
        tokens.add(
            new Token(
                encoding.ids()[i],
                encoding.tokens().get(i),
                encoding.special()[i] ? "" : text.substring(span.start(), span.end())));
      }
      return tokens;
    }
  }

  /** The tokens that attend in {@code map}: its rows. */
  public List<Token> queries(AttentionWeights map) {
    return map.kind() == AttentionKind.ENCODER || target.isEmpty() ? tokens : target;
  }

  /** The tokens that are attended to in {@code map}: its columns. */
  public List<Token> keys(AttentionWeights map) {
    return map.kind() == AttentionKind.DECODER && !target.isEmpty() ? target : tokens;
  }
}
