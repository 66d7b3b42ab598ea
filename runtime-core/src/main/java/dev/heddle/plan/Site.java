package dev.heddle.plan;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.graph.Node;
import dev.heddle.graph.SymbolValues;
import dev.heddle.tensor.Dim;

/** Where a kernel works: its node, its operands and the memory that it asked for. */
public final class Site {
  private final Node node;
  private final Operand[] inputs;
  private final Operand[] outputs;
  private final SymbolValues symbols;
  private long workspace;

  /** No extents and no places yet. */
  public Site(Node node, Operand[] inputs, Operand[] outputs, SymbolValues symbols) {
    this.node = node;
    this.inputs = inputs;
    this.outputs = outputs;
    this.symbols = symbols;
  }

  /** The node. */
  public Node node() {
    return node;
  }

  /** Input {@code position}, or null where it is absent. */
  public Operand in(int position) {
    return position < inputs.length ? inputs[position] : null;
  }

  /** Number of inputs, absent ones between others included. */
  public int inputCount() {
    return inputs.length;
  }

  /** Output {@code position}, or null where nobody wants it. */
  public Operand out(int position) {
    return position < outputs.length ? outputs[position] : null;
  }

  /** The value of {@code dim} in this run. */
  public long evaluate(Dim dim) {
    return dim.evaluate(symbols);
  }

  /** Where the memory begins that the kernel asked for when it was bound. */
  public long workspace() {
    return workspace;
  }

  /** Says where the workspace begins. */
  public void placeWorkspace(long address) {
    workspace = address;
  }

  /** What to throw where the node's operands do not fit. */
  public InvalidInputException wrong(String what) {
    return new InvalidInputException(node + ": " + what);
  }

  /** {@code index} counted from the front of an axis of {@code extent}. */
  public long index(long index, long extent) {
    if (index < -extent || index >= extent) {
      throw wrong("index %d is out of range; the axis has extent %d".formatted(index, extent));
    }
    return index < 0 ? index + extent : index;
  }
}
