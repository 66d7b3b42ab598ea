package dev.heddle.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A {@link Vocabulary} as the {@code tokenizer.json} that Hugging Face's library reads: its parts
 * are written as that library's own conversions of such models write them, so that one engine
 * serves all.
 */
final class VocabularyJson {
  /** What SentencePiece writes for a space. */
  private static final String SPACE = "\u2581";

  private static final String CONTINUING = "##";

  /** Characters of the longest word that is looked up, as BERT's own tokenizer has it. */
  private static final int LONGEST_WORD = 100;

  private final Vocabulary vocabulary;
  private final JsonGenerator json;

  private VocabularyJson(Vocabulary vocabulary, JsonGenerator json) {
    this.vocabulary = vocabulary;
    this.json = json;
  }

  /** All of a {@code tokenizer.json}. */
  static String write(Vocabulary vocabulary) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      new VocabularyJson(vocabulary, json).write();
    } catch (IOException e) {
      throw new UncheckedIOException("a string cannot be written", e);
    }
    return text.toString();
  }

  private void write() throws IOException {
    json.writeStartObject();
    json.writeStringField("version", "1.0");
    addedTokens();
    normalizer();
    preTokenizer();
    postProcessor();
    decoder();
    json.writeObjectFieldStart("model");
    switch (vocabulary.scheme()) {
      case Scheme.SentencePiece scheme -> sentencePiece(scheme);
      case Scheme.SpacedPairs scheme -> spacedPairs(scheme);
      case Scheme.BytePairs scheme -> bytePairs(scheme);
      case Scheme.WordPiece scheme -> wordPiece(scheme);
      case Scheme.Unigram scheme -> unigram(scheme);
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private void addedTokens() throws IOException {
    json.writeArrayFieldStart("added_tokens");
    for (AddedToken token : vocabulary.added()) {
      json.writeStartObject();
      json.writeNumberField("id", token.id());
      json.writeStringField("content", spelling(token.id()));
      json.writeBooleanField("single_word", false);
      json.writeBooleanField("lstrip", token.stripsLeft());
      json.writeBooleanField("rstrip", token.stripsRight());
      json.writeBooleanField("normalized", false);
      json.writeBooleanField("special", token.special());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  /** Writes one part that may consist of several. */
  private interface Part {
    void write() throws IOException;
  }

  private void sequence(String field, String parts, List<Part> of) throws IOException {
    json.writeObjectFieldStart(field);
    json.writeStringField("type", "Sequence");
    json.writeArrayFieldStart(parts);
    for (Part part : of) {
      json.writeStartObject();
      part.write();
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private void normalizer() throws IOException {
    List<Part> parts = new ArrayList<>();
    switch (vocabulary.scheme()) {
      case Scheme.SentencePiece scheme -> {
        if (scheme.spacePrefix()) {
          parts.add(() -> typed("Prepend").writeStringField("prepend", SPACE));
        }
        parts.add(() -> replace(" ", SPACE));
      }
      case Scheme.SpacedPairs scheme -> parts.add(() -> replace(" ", SPACE));
      case Scheme.BytePairs scheme -> {
        if (scheme.preTokenizer().composes()) {
          parts.add(() -> typed("NFC"));
        }
      }
      case Scheme.WordPiece scheme ->
          parts.add(() -> {
            typed("BertNormalizer");
            json.writeBooleanField("clean_text", true);
            json.writeBooleanField("handle_chinese_chars", true);
            json.writeBooleanField("strip_accents", scheme.stripAccents());
            json.writeBooleanField("lowercase", scheme.lowercase());
          });
      case Scheme.Unigram scheme -> {
        if (scheme.charsMap().length > 0) {
          String map = Base64.getEncoder().encodeToString(scheme.charsMap());
          parts.add(() -> typed("Precompiled").writeStringField("precompiled_charsmap", map));
        }
        if (scheme.mergesSpaces()) {
          parts.add(() -> strip(true, true));
          parts.add(() -> {
            typed("Replace");
            pattern(" {2,}");
            json.writeStringField("content", " ");
          });
        }
      }
    }
    sequence("normalizer", "normalizers", parts);
  }

  private void preTokenizer() throws IOException {
    List<Part> parts = new ArrayList<>();
    switch (vocabulary.scheme()) {
      case Scheme.SentencePiece scheme -> {}
      case Scheme.SpacedPairs scheme -> parts.add(() -> split("[^\\n]+|\\n+"));
      case Scheme.BytePairs scheme -> {
        scheme.preTokenizer().splits().forEach(split -> parts.add(() -> split(split)));
        parts.add(this::byteLevel);
      }
      case Scheme.WordPiece scheme -> parts.add(() -> typed("BertPreTokenizer"));
      case Scheme.Unigram scheme -> parts.add(() -> metaspace(scheme));
    }
    if (parts.isEmpty()) {
      json.writeNullField("pre_tokenizer");
    } else {
      sequence("pre_tokenizer", "pretokenizers", parts);
    }
  }

  private void decoder() throws IOException {
    List<Part> parts = new ArrayList<>();
    switch (vocabulary.scheme()) {
      case Scheme.SentencePiece scheme -> {
        spaced(parts);
        if (scheme.spacePrefix()) {
          parts.add(() -> {
            typed("Strip").writeStringField("content", " ");
            json.writeNumberField("start", 1);
            json.writeNumberField("stop", 0);
          });
        }
      }
      case Scheme.SpacedPairs scheme -> spaced(parts);
      case Scheme.BytePairs scheme -> parts.add(this::byteLevel);
      case Scheme.WordPiece scheme ->
          parts.add(() -> {
            typed("WordPiece").writeStringField("prefix", CONTINUING);
            json.writeBooleanField("cleanup", true);
          });
      case Scheme.Unigram scheme -> parts.add(() -> metaspace(scheme));
    }
    sequence("decoder", "decoders", parts);
  }

  private void spaced(List<Part> parts) {
    parts.add(() -> replace(SPACE, " "));
    parts.add(() -> typed("ByteFallback"));
    parts.add(() -> typed("Fuse"));
  }

  private JsonGenerator typed(String type) throws IOException {
    json.writeStringField("type", type);
    return json;
  }

  private void replace(String from, String to) throws IOException {
    typed("Replace").writeObjectFieldStart("pattern");
    json.writeStringField("String", from);
    json.writeEndObject();
    json.writeStringField("content", to);
  }

  private void pattern(String expression) throws IOException {
    json.writeObjectFieldStart("pattern");
    json.writeStringField("Regex", expression);
    json.writeEndObject();
  }

  private void split(String expression) throws IOException {
    typed("Split");
    pattern(expression);
    json.writeStringField("behavior", "Isolated");
    json.writeBooleanField("invert", false);
  }

  private void strip(boolean left, boolean right) throws IOException {
    typed("Strip").writeBooleanField("strip_left", left);
    json.writeBooleanField("strip_right", right);
  }

  private void byteLevel() throws IOException {
    typed("ByteLevel").writeBooleanField("add_prefix_space", false);
    json.writeBooleanField("trim_offsets", false);
    json.writeBooleanField("use_regex", false);
  }

  private void metaspace(Scheme.Unigram scheme) throws IOException {
    boolean prefix = scheme.spacePrefix() || scheme.mergesSpaces();
    typed("Metaspace").writeStringField("replacement", SPACE);
    json.writeStringField("prepend_scheme", prefix ? "always" : "never");
    json.writeBooleanField("split", true);
  }

  /** The tokens around one text, and around each of two. */
  private void postProcessor() throws IOException {
    if (vocabulary.before().isEmpty() && vocabulary.after().isEmpty()) {
      json.writeNullField("post_processor");
      return;
    }
    boolean bert = vocabulary.scheme() instanceof Scheme.WordPiece;
    boolean oneType = vocabulary.scheme() instanceof Scheme.Unigram;
    json.writeObjectFieldStart("post_processor");
    typed("TemplateProcessing").writeArrayFieldStart("single");
    text("A", vocabulary.before(), 0);
    json.writeEndArray();
    json.writeArrayFieldStart("pair");
    text("A", vocabulary.before(), 0);
    text("B", bert ? List.of() : vocabulary.before(), oneType ? 0 : 1);
    json.writeEndArray();
    json.writeObjectFieldStart("special_tokens");
    List<Integer> around = new ArrayList<>(vocabulary.before());
    around.addAll(vocabulary.after());
    for (int id : around.stream().distinct().toList()) {
      json.writeObjectFieldStart(spelling(id));
      json.writeStringField("id", spelling(id));
      json.writeFieldName("ids");
      json.writeArray(new int[] {id}, 0, 1);
      json.writeFieldName("tokens");
      json.writeArray(new String[] {spelling(id)}, 0, 1);
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private void text(String name, List<Integer> before, int type) throws IOException {
    for (int id : before) {
      templatePart("SpecialToken", spelling(id), type);
    }
    templatePart("Sequence", name, type);
    for (int id : vocabulary.after()) {
      templatePart("SpecialToken", spelling(id), type);
    }
  }

  private void templatePart(String kind, String id, int type) throws IOException {
    json.writeStartObject();
    json.writeObjectFieldStart(kind);
    json.writeStringField("id", id);
    json.writeNumberField("type_id", type);
    json.writeEndObject();
    json.writeEndObject();
  }

  private void sentencePiece(Scheme.SentencePiece scheme) throws IOException {
    pairs(scheme.unknown(), true, false);
    vocab();
    PieceMerges merges = PieceMerges.of(vocabulary.tokens(), scheme.scores(), vocabulary.source());
    json.writeArrayFieldStart("merges");
    for (int i = 0; i < merges.lefts().length; i++) {
      merge(spelling(merges.lefts()[i]), spelling(merges.rights()[i]));
    }
    json.writeEndArray();
  }

  private void spacedPairs(Scheme.SpacedPairs scheme) throws IOException {
    pairs(scheme.unknown(), true, false);
    vocab();
    merges(scheme.merges());
  }

  private void bytePairs(Scheme.BytePairs scheme) throws IOException {
    pairs(Scheme.NONE, false, scheme.preTokenizer().ignoresMerges());
    vocab();
    merges(scheme.merges());
  }

  private void pairs(int unknown, boolean bytes, boolean ignoresMerges) throws IOException {
    typed("BPE").writeNullField("dropout");
    json.writeStringField("unk_token", unknown == Scheme.NONE ? null : spelling(unknown));
    json.writeNullField("continuing_subword_prefix");
    json.writeNullField("end_of_word_suffix");
    json.writeBooleanField("fuse_unk", bytes);
    json.writeBooleanField("byte_fallback", bytes);
    json.writeBooleanField("ignore_merges", ignoresMerges);
  }

  private void merges(List<String> merges) throws IOException {
    json.writeArrayFieldStart("merges");
    for (String merge : merges) {
      int space = merge.indexOf(' ', 1);
      merge(merge.substring(0, space), merge.substring(space + 1));
    }
    json.writeEndArray();
  }

  private void merge(String left, String right) throws IOException {
    json.writeStartArray();
    json.writeString(left);
    json.writeString(right);
    json.writeEndArray();
  }

  private void wordPiece(Scheme.WordPiece scheme) throws IOException {
    typed("WordPiece").writeStringField("unk_token", spelling(scheme.unknown()));
    json.writeStringField("continuing_subword_prefix", CONTINUING);
    json.writeNumberField("max_input_chars_per_word", LONGEST_WORD);
    vocab();
  }

  private void unigram(Scheme.Unigram scheme) throws IOException {
    typed("Unigram").writeNumberField("unk_id", scheme.unknown());
    json.writeBooleanField("byte_fallback", false);
    json.writeArrayFieldStart("vocab");
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      json.writeStartArray();
      json.writeString(spelling(id));
      json.writeNumber((double) scheme.scores()[id]);
      json.writeEndArray();
    }
    json.writeEndArray();
  }

  private void vocab() throws IOException {
    json.writeObjectFieldStart("vocab");
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      json.writeNumberField(spelling(id), id);
    }
    json.writeEndObject();
  }

  private String spelling(int id) {
    return vocabulary.tokens().get(id);
  }
}
