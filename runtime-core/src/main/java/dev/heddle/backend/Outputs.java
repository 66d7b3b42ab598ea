package dev.heddle.backend;

import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** What a run gave: tensors by output name. Closing it closes them all. */
public final class Outputs implements AutoCloseable {
  private final String[] names;
  private final Tensor[] tensors;

  /** Outputs of these names, which are not copied, in the same order as {@code tensors}. */
  public Outputs(String[] names, Tensor[] tensors) {
    this.names = names;
    this.tensors = tensors;
  }

  /** The output's names in the graph's order. */
  public List<String> names() {
    return List.of(names);
  }

  /** Number of outputs. */
  public int size() {
    return tensors.length;
  }

  /** The output at {@code index}, in the graph's order. */
  public Tensor get(int index) {
    return tensors[index];
  }

  /**
   * The output called {@code name}.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public Tensor get(String name) {
    for (int i = 0; i < names.length; i++) {
      if (names[i].equals(name)) {
        return tensors[i];
      }
    }
    throw new IllegalArgumentException(
        "no output \"" + name + "\"; there are " + Arrays.toString(names));
  }

  /** The output called {@code name}, on the host. */
  public HostTensor host(String name) {
    return get(name).toHost();
  }

  @Override
  public void close() {
    for (Tensor tensor : tensors) {
      tensor.close();
    }
  }
}
