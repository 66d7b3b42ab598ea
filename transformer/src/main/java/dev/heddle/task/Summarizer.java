package dev.heddle.task;

import dev.heddle.generate.Generation;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.model.Model;
import dev.heddle.model.TaskSettings;

/**
 * Says in few words what a text says in many.
 *
 * {@snippet :
 * try (Summarizer summarizer = Summarizer.open("my-bart")) {
 *   System.out.println(summarizer.summarize(article));
 * }
 * }
 *
 * <p>A T5, which was trained for many tasks, is told which one before the text: {@code "summarize:
 * "}, or what its config.json has in {@code task_specific_params}. Safe for many threads; one text
 * is read at a time.
 */
public final class Summarizer implements AutoCloseable {
  private final TextWriter writer;
  private final TaskSettings settings;

  private Summarizer(TextWriter writer) {
    this.writer = writer;
    this.settings = writer.settings("summarization", writer.isToldItsTask() ? "summarize: " : "");
  }

  /** Of the model that {@code reference} names, on the backend in force. */
  public static Summarizer open(String reference) {
    return open(reference, TaskOptions.DEFAULT);
  }

  /**
   * Of the model that {@code reference} names, which is closed with this.
   *
   * @throws dev.heddle.model.ModelException if it is no encoder–decoder
   */
  public static Summarizer open(String reference, TaskOptions options) {
    return new Summarizer(TextWriter.open(reference, options));
  }

  /** Of a model that stays its owner's, who closes it after this. */
  public static Summarizer of(Model model, TaskOptions options) {
    return new Summarizer(TextWriter.of(model, options));
  }

  /** The model's own options, for summaries where it has such. */
  public GenerationOptions options() {
    return settings.options();
  }

  /** The best summary. */
  public String summarize(String text) {
    return summarize(text, options()).first().text();
  }

  /**
   * The best summaries, best first.
   *
   * @throws dev.heddle.backend.InvalidInputException if the text has no tokens, or more than the
   *     model takes
   */
  public Generation summarize(String text, GenerationOptions with) {
    return writer.write(writer.model().tokenizer().encode(settings.prefix() + text).ids(), with);
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
