package dev.heddle.onnx;

import dev.heddle.tensor.Dim;
import dev.heddle.tensor.HostTensor;
import java.util.HashMap;
import java.util.Map;

/**
 * How to import a model.
 *
 * @param known inputs whose value is known already, by name. They become constants: needed where a
 *     shape depends on an input's data, and a way to specialise a model
 * @param dims what a dimension that the file names ({@code dim_param}) is to be: a number, another
 *     symbol, or an expression such as {@code past + sequence}
 * @param quantization over what dynamic quantisation takes its ranges
 */
public record OnnxOptions(
    Map<String, HostTensor> known, Map<String, Dim> dims, Quantization quantization) {
  /** Nothing known, dimensions as the file names them, quantised sequence by sequence. */
  public static final OnnxOptions DEFAULT =
      new OnnxOptions(Map.of(), Map.of(), Quantization.PER_SEQUENCE);

  /**
   * Over what the operators that quantise at run time take the least and the greatest element. The
   * ONNX standard says over the whole tensor, and so over every text of a batch: what a text gives
   * depends on the others then. The first two do not, and are ours; scales and zero points have an
   * extent of 1 along the axes of a range then, where the standard's have no axes.
   */
  public enum Quantization {
    /** Over the last axis: the finest, nearest to the model that was quantised. */
    PER_TOKEN,
    /**
     * Over all axes but the first: what the standard says of one text at a time. In a batch that is
     * padded, padding counts.
     */
    PER_SEQUENCE,
    /** Over the whole tensor. */
    PER_TENSOR
  }

  public OnnxOptions {
    known = Map.copyOf(known);
    dims = Map.copyOf(dims);
  }

  /** The same with input {@code name} known; {@code tensor} must outlive the import's graph. */
  public OnnxOptions withKnown(String name, HostTensor tensor) {
    Map<String, HostTensor> more = new HashMap<>(known);
    more.put(name, tensor);
    return new OnnxOptions(more, dims, quantization);
  }

  /** The same with dimension {@code name} being {@code dim}. */
  public OnnxOptions withDim(String name, Dim dim) {
    Map<String, Dim> more = new HashMap<>(dims);
    more.put(name, dim);
    return new OnnxOptions(known, more, quantization);
  }

  /** The same with ranges taken over {@code other}. */
  public OnnxOptions withQuantization(Quantization other) {
    return new OnnxOptions(known, dims, other);
  }
}
