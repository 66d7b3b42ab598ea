package dev.heddle.onnx;

import dev.heddle.graph.Graph;
import java.util.List;
import java.util.Map;

/**
 * An imported model. It owns the mapped files that the graph's constants are views of: close it
 * once every program has been compiled, or when the last one that reads weights in place is closed.
 */
public final class OnnxModel implements AutoCloseable {
  private final Graph graph;
  private final String producer;
  private final Map<String, Long> opsets;
  private final List<String> notes;
  private final Mappings mappings;

  OnnxModel(
      Graph graph,
      String producer,
      Map<String, Long> opsets,
      List<String> notes,
      Mappings mappings) {
    this.graph = graph;
    this.producer = producer;
    this.opsets = Map.copyOf(opsets);
    this.notes = List.copyOf(notes);
    this.mappings = mappings;
  }

  /** The program, as the file states it: no passes have been over it. */
  public Graph graph() {
    return graph;
  }

  /** The tool that wrote the file, and its version; empty if the file does not say. */
  public String producer() {
    return producer;
  }

  /** Versions of the operator sets that the file uses, by domain. */
  public Map<String, Long> opsets() {
    return opsets;
  }

  /** What the import assumed, for people. */
  public List<String> notes() {
    return notes;
  }

  /** Unmaps the files. Closing twice is harmless. */
  @Override
  public void close() {
    mappings.close();
  }
}
