package dev.heddle.task;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.generate.Generation;
import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.Generator;
import dev.heddle.model.EncoderDecoder;
import dev.heddle.model.Model;
import dev.heddle.model.ModelException;
import dev.heddle.model.Models;
import dev.heddle.model.TaskSettings;

/** An encoder–decoder that writes texts about texts: what translating and summarizing share. */
final class TextWriter implements AutoCloseable {
  private final Model model;
  private final boolean ownsModel;
  private final Generator generator;

  private TextWriter(Model model, boolean ownsModel, TaskOptions options) {
    this.model = model;
    this.ownsModel = ownsModel;
    boolean writes =
        model.network() instanceof Model.Checkpoint checkpoint
            && checkpoint.architecture() instanceof EncoderDecoder;
    if (!writes) {
      throw new ModelException(
          "%s is a %s; expected an encoder–decoder, as T5, BART or Marian are"
              .formatted(model.name(), model.network().family()));
    }
    model.tokenizer();
    this.generator =
        Generator.builder(model)
            .backend(options.backend())
            .backendOptions(options.backendOptions())
            .build();
  }

  static TextWriter open(String reference, TaskOptions options) {
    Model model = Models.open(reference);
    try {
      return new TextWriter(model, true, options);
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  static TextWriter of(Model model, TaskOptions options) {
    return new TextWriter(model, false, options);
  }

  Model model() {
    return model;
  }

  Generator generator() {
    return generator;
  }

  /** What the model's makers say of a task; where they say nothing, {@code prefix} goes first. */
  TaskSettings settings(String task, String prefix) {
    TaskSettings own = model.tasks().get(task);
    return own == null ? new TaskSettings(prefix, generator.options()) : own;
  }

  /** Whether the model is told its task in words, before the text: a T5 (Raffel et al. 2020). */
  boolean isToldItsTask() {
    return model.network().family().equals("t5");
  }

  Generation write(int[] source, GenerationOptions with) {
    if (source.length == 0) {
      throw new InvalidInputException("the text has no tokens; expected a text with some");
    }
    return generator.generate(source, with);
  }

  @Override
  public void close() {
    generator.close();
    if (ownsModel) {
      model.close();
    }
  }
}
