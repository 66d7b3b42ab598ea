package dev.heddle.text;

import dev.heddle.weights.Gguf;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The vocabulary in a GGUF file, whatever the architecture: tokens, their kinds and scores, merges,
 * special tokens, and the chat template (the keys {@code tokenizer.ggml.*} of ggml's {@code
 * docs/gguf.md}; defaults are llama.cpp's).
 *
 * <p>Read are {@code tokenizer.ggml.model} {@code llama} (SentencePiece's byte-pair encoding),
 * {@code gpt2} (byte-level byte-pair encoding, cut as {@code tokenizer.ggml.pre} says), {@code
 * bert} (WordPiece), {@code t5} (SentencePiece's unigram model) and {@code gemma4}. Special tokens
 * written in a text are recognised, as by a {@code tokenizer.json}.
 */
public final class GgufVocabulary {
  private static final String WORD_START = "\u2581";
  private static final String KINDS = "token_type";

  /**
   * The native library compares each added token with all before it. Models of speech have 65,536;
   * twice as many take a minute or two.
   */
  private static final int MOST_ADDED = 1 << 17;

  private final GgufFields fields;
  private final List<String> tokens;
  private final TokenKind[] kinds;
  private final SpecialTokens special;
  private final Vocabulary vocabulary;

  private GgufVocabulary(GgufFields fields) {
    this.fields = fields;
    String model =
        fields.text("model").orElseThrow(() -> fields.wrong("model", "is missing: no vocabulary"));
    this.tokens = tokens(model);
    this.kinds = fields.has(KINDS) ? fields.kinds(KINDS, tokens.size()) : null;
    this.special = special(model);
    this.vocabulary =
        switch (model) {
          case "llama" -> sentencePiece();
          case "gpt2" -> bytePairs();
          case "gemma4" -> spacedPairs();
          case "bert" -> wordPiece();
          case "t5" -> unigram();
          default ->
              throw fields.wrong(
                  "model",
                  "is \"%s\", which is not supported; llama, gpt2, gemma4, bert and t5 are"
                      .formatted(model));
        };
  }

  /**
   * The vocabulary of {@code gguf}, which may be closed afterwards.
   *
   * @throws TokenizerException if it has none, one that contradicts itself, or one of a kind that
   *     is not supported
   */
  public static GgufVocabulary of(Gguf gguf) {
    return of(gguf.files().getFirst().toString(), gguf.metadata());
  }

  /** The same of a file's metadata; {@code source} names it in errors. */
  static GgufVocabulary of(String source, Map<String, Object> metadata) {
    return new GgufVocabulary(new GgufFields(source, metadata));
  }

  /** Number of tokens. */
  public int size() {
    return tokens.size();
  }

  /**
   * A token as the vocabulary spells it.
   *
   * @throws IndexOutOfBoundsException if there is none of this number
   */
  public String token(int id) {
    return tokens.get(id);
  }

  /** The tokens that have a meaning for the model. */
  public SpecialTokens special() {
    return special;
  }

  /** The Jinja template that makes one text of a conversation. */
  public Optional<String> chatTemplate() {
    return fields.anyText("tokenizer.chat_template");
  }

  /**
   * A tokenizer of this vocabulary; its owner closes it.
   *
   * @throws TokenizerException if the vocabulary cannot be used after all
   */
  public Tokenizer tokenizer() {
    return vocabulary.tokenizer();
  }

  Vocabulary vocabulary() {
    return vocabulary;
  }

  private List<String> tokens(String model) {
    List<String> spelled = fields.texts("tokens");
    if (spelled.isEmpty()) {
      throw fields.wrong("tokens", "is empty");
    }
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < spelled.size(); id++) {
      String token = spelled.get(id);
      if (token.isEmpty()) {
        token = "[EMPTY_" + id + "]";
      } else if (model.equals("bert")) {
        token = wordPieceSpelling(token);
      }
      spelled.set(id, token);
      Integer other = ids.putIfAbsent(token, id);
      if (other != null) {
        throw fields.wrong(
            "tokens", "has one spelling, \"%s\", for %d and for %d".formatted(token, other, id));
      }
    }
    return List.copyOf(spelled);
  }

  /** GGUF marks the beginnings of words, {@code tokenizer.json} what is not. */
  private static String wordPieceSpelling(String token) {
    if (token.startsWith(WORD_START)) {
      return token.length() == 1 ? token : token.substring(1);
    }
    boolean special = token.startsWith("[") && token.endsWith("]");
    return special ? token : "##" + token;
  }

  private SpecialTokens special(String model) {
    return switch (model) {
      case "llama" -> special(1, 2, 0, Scheme.NONE, Scheme.NONE, Scheme.NONE, Scheme.NONE);
      case "bert" -> special(Scheme.NONE, Scheme.NONE, 100, 102, 0, 101, 103);
      case "t5" -> special(Scheme.NONE, 1, 2, Scheme.NONE, 0, Scheme.NONE, Scheme.NONE);
      default -> {
        int none = Scheme.NONE;
        yield special(none, none, none, none, none, none, none);
      }
    };
  }

  private SpecialTokens special(
      int bos, int eos, int unknown, int separator, int padding, int classifier, int mask) {
    OptionalInt end = id(eos, "eos_token_id");
    return new SpecialTokens(
        id(bos, "bos_token_id"),
        end,
        id(unknown, "unknown_token_id"),
        id(separator, "seperator_token_id", "separator_token_id"),
        id(padding, "padding_token_id"),
        id(classifier, "cls_token_id", "bos_token_id"),
        id(mask, "mask_token_id"),
        Stream.of(end, id(Scheme.NONE, "eot_token_id"), id(Scheme.NONE, "eom_token_id"))
            .flatMapToInt(OptionalInt::stream)
            .distinct()
            .boxed()
            .toList());
  }

  private OptionalInt id(int otherwise, String... keys) {
    OptionalInt id = fields.id(tokens.size(), keys);
    boolean known = otherwise >= 0 && otherwise < tokens.size();
    return id.isPresent() || !known ? id : OptionalInt.of(otherwise);
  }

  private Vocabulary sentencePiece() {
    return vocabulary(
        new Scheme.SentencePiece(
            fields.scores("scores", tokens.size()),
            special.unknown().orElse(Scheme.NONE),
            fields.flag("add_space_prefix", true)),
        bos(true),
        eos(false));
  }

  private Vocabulary bytePairs() {
    PreTokenizer cut = PreTokenizer.of(fields.text("pre").orElse("default"), fields.source());
    return vocabulary(new Scheme.BytePairs(cut, merges()), bos(cut.addsBos()), eos(false));
  }

  private Vocabulary spacedPairs() {
    return vocabulary(
        new Scheme.SpacedPairs(merges(), special.unknown().orElse(Scheme.NONE)),
        bos(true),
        eos(false));
  }

  private Vocabulary wordPiece() {
    boolean lowercase = fields.flag("normalizer.lowercase", true);
    boolean stripAccents = fields.flag("normalizer.strip_accents", lowercase);
    int unknown = known(special.unknown(), "unknown_token_id");
    return vocabulary(
        new Scheme.WordPiece(unknown, lowercase, stripAccents),
        List.of(known(special.classifier(), "cls_token_id")),
        List.of(known(special.separator(), "seperator_token_id")));
  }

  private Vocabulary unigram() {
    String key = "precompiled_charsmap";
    byte[] charsMap = fields.has(key) ? fields.bytes(key) : new byte[0];
    String wrong = charsMap.length == 0 ? null : CharsMap.wrong(charsMap);
    if (wrong != null) {
      throw fields.wrong(key, wrong);
    }
    return vocabulary(
        new Scheme.Unigram(
            fields.scores("scores", tokens.size()),
            known(special.unknown(), "unknown_token_id"),
            charsMap,
            fields.flag("add_space_prefix", false),
            fields.flag("remove_extra_whitespaces", false)),
        bos(false),
        eos(true));
  }

  private Vocabulary vocabulary(Scheme scheme, List<Integer> before, List<Integer> after) {
    return new Vocabulary(fields.source(), tokens, scheme, added(scheme), before, after);
  }

  private List<Integer> bos(boolean otherwise) {
    return fields.flag("add_bos_token", otherwise)
        ? List.of(known(special.bos(), "bos_token_id"))
        : List.of();
  }

  private List<Integer> eos(boolean otherwise) {
    return fields.flag("add_eos_token", otherwise)
        ? List.of(known(special.eos(), "eos_token_id"))
        : List.of();
  }

  private int known(OptionalInt id, String key) {
    return id.orElseThrow(() ->
        fields.wrong(
            key,
            "names none of the %d tokens, and this vocabulary needs one".formatted(tokens.size())));
  }

  private List<String> merges() {
    List<String> merges = fields.texts("merges");
    for (int i = 0; i < merges.size(); i++) {
      int space = merges.get(i).indexOf(' ', 1);
      if (space < 0 || space == merges.get(i).length() - 1) {
        throw fields.wrong(
            "merges",
            "has \"%s\" at %d; expected two tokens with a space between"
                .formatted(merges.get(i), i));
      }
    }
    return merges;
  }

  /**
   * Where a file tells no kinds, the tokens that begin and end texts are taken for special. A mask
   * takes the space before it, except BERT's; Phi-3's special tokens take what follows: files do
   * not tell, and llama.cpp goes by the names too.
   */
  private List<AddedToken> added(Scheme scheme) {
    boolean bert = scheme instanceof Scheme.WordPiece;
    String name = fields.anyText("general.name").orElse("").toLowerCase(Locale.ROOT);
    boolean phi3 =
        scheme instanceof Scheme.SentencePiece && (name.contains("phi-3") || name.contains("phi3"));
    List<String> phiKeeps = List.of("<unk>", "<s>", "<|endoftext|>");
    List<AddedToken> added = new ArrayList<>();
    IntStream.range(0, tokens.size())
        .filter(id -> kinds == null ? isEnd(id) : kinds[id].isAdded())
        .forEach(id ->
            added.add(
                new AddedToken(
                    id,
                    kinds == null || kinds[id].isSpecial(),
                    !bert && is(special.mask(), id),
                    phi3 && !phiKeeps.contains(tokens.get(id)))));
    if (added.size() > MOST_ADDED) {
      throw fields.wrong(
          KINDS,
          "has %d tokens that are control, unknown or user-defined; at most %d are read"
              .formatted(added.size(), MOST_ADDED));
    }
    return added;
  }

  private boolean isEnd(int id) {
    return is(special.bos(), id) || is(special.eos(), id);
  }

  private static boolean is(OptionalInt token, int id) {
    return token.isPresent() && token.getAsInt() == id;
  }
}
