package dev.heddle.task;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.generate.Generation;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.model.Model;
import dev.heddle.model.TaskSettings;
import dev.heddle.text.Encoding;
import dev.heddle.text.Tokenizer;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Writes a text in another language, or another form.
 *
 * {@snippet :
 * try (Translator translator = Translator.open("dates-marian")) {
 *   System.out.println(translator.translate("March 3rd, 2017")); // 2017-03-03
 * }
 * }
 *
 * <p>How it searches, and how long its texts may be, is what the model's generation_config.json
 * says, unless options are given. Safe for many threads; one text is translated at a time.
 */
public final class Translator implements AutoCloseable {
  /** {@code __fr__} of M2M100, {@code fra_Latn} of NLLB, {@code fr_XX} of mBART. */
  private static final Pattern LANGUAGE =
      Pattern.compile("__[a-z]{2,3}__|[a-z]{2,3}_[A-Z][A-Za-z]{1,3}");

  /** A language of ISO 639. */
  private static final Pattern CODE = Pattern.compile("[a-z]{2,3}");

  private final TextWriter writer;

  private Translator(TextWriter writer) {
    this.writer = writer;
  }

  /** Of the model that {@code reference} names, on the backend in force. */
  public static Translator open(String reference) {
    return open(reference, TaskOptions.DEFAULT);
  }

  /**
   * Of the model that {@code reference} names, which is closed with this.
   *
   * @throws dev.heddle.model.ModelException if it is no encoder–decoder
   */
  public static Translator open(String reference, TaskOptions options) {
    return new Translator(TextWriter.open(reference, options));
  }

  /** Of a model that stays its owner's, who closes it after this. */
  public static Translator of(Model model, TaskOptions options) {
    return new Translator(TextWriter.of(model, options));
  }

  /** The model's own options. */
  public GenerationOptions options() {
    return writer.generator().options();
  }

  /** The best translation. */
  public String translate(String text) {
    return translate(text, options()).first().text();
  }

  /**
   * The best translations, best first.
   *
   * @throws InvalidInputException if the text has no tokens, or more than the model takes
   */
  public Generation translate(String text, GenerationOptions with) {
    return writer.write(writer.model().tokenizer().encode(text).ids(), with);
  }

  /** The best translation from one language to another, by the names that the model has. */
  public String translate(String text, String from, String to) {
    return translate(text, from, to, options(from, to)).first().text();
  }

  /** The model's own options, for these two languages where it has such. */
  public GenerationOptions options(String from, String to) {
    return writer.isToldItsTask() ? settings(from, to).options() : options();
  }

  private TaskSettings settings(String from, String to) {
    if (from == null || to == null) {
      throw new InvalidInputException(
          "%s is told both languages of a translation; expected from and to: en, de"
              .formatted(writer.model().name()));
    }
    return writer.settings(
        "translation_%s_to_%s".formatted(from, to),
        "translate %s to %s: ".formatted(inEnglish(from), inEnglish(to)));
  }

  /** {@code German} of {@code de}; of any other word itself. */
  private static String inEnglish(String language) {
    return CODE.matcher(language).matches()
        ? Locale.of(language).getDisplayLanguage(Locale.ENGLISH)
        : language;
  }

  /**
   * Translates between two of a model's many languages: the source's token takes the place of the
   * one that the tokenizer puts beside a text, and the target's is forced to come first. A T5 is
   * told both before the text: {@code translate English to German:}, or what its config.json has in
   * {@code task_specific_params}.
   *
   * @param from {@code en} or {@code __en__} for M2M100, {@code eng_Latn} for NLLB, {@code en_XX}
   *     for mBART, {@code en} or {@code English} for T5; null for the one that the tokenizer puts
   * @param to likewise
   * @throws InvalidInputException if the model has no such language, or is a T5 and {@code from} is
   *     null
   */
  public Generation translate(String text, String from, String to, GenerationOptions with) {
    Tokenizer tokenizer = writer.model().tokenizer();
    if (writer.isToldItsTask()) {
      return writer.write(tokenizer.encode(settings(from, to).prefix() + text).ids(), with);
    }
    Encoding encoding = tokenizer.encode(text);
    int[] ids = encoding.ids();
    if (from != null) {
      ids = in(language(tokenizer, from), encoding);
    }
    int target = language(tokenizer, Objects.requireNonNull(to, "to"));
    return writer.write(ids, with.toBuilder().forcedBosTokenId(target).build());
  }

  private static int[] in(int language, Encoding encoding) {
    int[] ids = encoding.ids().clone();
    for (int i = 0; i < ids.length; i++) {
      if (encoding.special()[i] && LANGUAGE.matcher(encoding.tokens().get(i)).matches()) {
        ids[i] = language;
        return ids;
      }
    }
    return IntStream.concat(IntStream.of(language), IntStream.of(ids)).toArray();
  }

  private int language(Tokenizer tokenizer, String name) {
    for (String spelling : new String[] {name, "__" + name + "__"}) {
      int[] ids = tokenizer.encode(spelling, false).ids();
      boolean one = ids.length == 1 && LANGUAGE.matcher(spelling).matches();
      if (one && tokenizer.decode(ids, false).equals(spelling)) {
        return ids[0];
      }
    }
    throw new InvalidInputException(
        "%s has no language \"%s\"; expected a name as its tokenizer spells it: en, eng_Latn, en_XX"
            .formatted(writer.model().name(), name));
  }

  /** The model. */
  public Model model() {
    return writer.model();
  }

  /** Which backend was taken, and why. */
  public String reason() {
    return writer.generator().backendReason();
  }

  /** The backend's name. */
  public String backend() {
    return writer.generator().device().backend();
  }

  @Override
  public void close() {
    writer.close();
  }
}
