package dev.heddle.task;

import dev.heddle.backend.Backend;
import dev.heddle.backend.Backends;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.model.Head;
import dev.heddle.model.HeadGraph;
import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.tensor.HostTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A model with its head, compiled: token ids in, rows of numbers out. Safe for many threads. */
final class HeadProgram implements AutoCloseable {
  private final Model model;
  private final boolean ownsModel;
  private final HeadGraph head;
  private final Backend backend;
  private final Program program;
  private final String reason;
  private final int batchTokens;

  private record Loaded(Backend backend, Program program) {}

  private HeadProgram(Model model, boolean ownsModel, Head head, TaskOptions options) {
    this.model = model;
    this.ownsModel = ownsModel;
    this.head = HeadGraph.of(model, head);
    // Loaded now, for a model that cannot read text is refused before weights are prepared.
    model.tokenizer();
    Backends.Selected<Loaded> selected =
        new Backends()
            .load(
                options.backend(),
                options.backendOptions(),
                each ->
                    new Loaded(
                        each, each.compile(this.head.graph(), options.backendOptions().models())));
    this.backend = selected.value().backend;
    this.program = selected.value().program;
    this.reason = selected.reason();
    this.batchTokens = options.batchTokens();
  }

  /** Of a model that is closed with this. */
  static HeadProgram open(String reference, Head head, TaskOptions options) {
    Model model = Models.open(reference);
    try {
      return new HeadProgram(model, true, head, options);
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  /** Of a model that stays its owner's. */
  static HeadProgram of(Model model, Head head, TaskOptions options) {
    return new HeadProgram(model, false, head, options);
  }

  Model model() {
    return model;
  }

  String reason() {
    return reason;
  }

  String backend() {
    return backend.device().backend();
  }

  int contextLength() {
    return head.contextLength();
  }

  /**
   * The head's rows of each sequence, one after another.
   *
   * @param rowsOf how many rows a sequence has
   */
  List<float[]> run(List<TokenIds> sequences, RowCount rowsOf) {
    List<float[]> results = new ArrayList<>();
    int first = 0;
    while (first < sequences.size()) {
      int end = first;
      long tokens = 0;
      while (end < sequences.size()
          && (end == first || tokens + sequences.get(end).size() <= batchTokens)) {
        check(end, sequences.get(end).size());
        tokens += sequences.get(end++).size();
      }
      List<TokenIds> batch = sequences.subList(first, end);
      int[] counts = batch.stream().mapToInt(rowsOf::of).toArray();
      split(run(batch, new int[0]), counts, results);
      first = end;
    }
    return results;
  }

  /** How many rows a sequence has. */
  interface RowCount {
    int of(TokenIds sequence);
  }

  private static void split(float[] all, int[] counts, List<float[]> to) {
    int rows = Arrays.stream(counts).sum();
    int columns = rows == 0 ? 0 : all.length / rows;
    int at = 0;
    for (int count : counts) {
      to.add(Arrays.copyOfRange(all, at, at += count * columns));
    }
  }

  /** The rows asked for of one sequence. */
  float[] rows(TokenIds sequence, int[] rows) {
    check(0, sequence.size());
    return run(List.of(sequence), rows);
  }

  private void check(int index, int tokens) {
    if (tokens == 0) {
      throw new InvalidInputException(
          "text %d has no tokens, and the tokenizer of %s adds none; expected a text with some"
              .formatted(index, model.name()));
    }
    if (tokens > contextLength()) {
      throw new TextTooLongException(index, tokens, contextLength(), model.name());
    }
  }

  private float[] run(List<TokenIds> batch, int[] rows) {
    List<int[]> ids = batch.stream().map(TokenIds::ids).toList();
    List<int[]> types = batch.stream().map(TokenIds::typeIds).toList();
    try (Outputs outputs = program.run(head.inputs(ids, types, rows));
        HostTensor host = outputs.host(HeadGraph.OUTPUT)) {
      return host.toFloats();
    }
  }

  @Override
  public void close() {
    program.close();
    backend.close();
    if (ownsModel) {
      model.close();
    }
  }
}
