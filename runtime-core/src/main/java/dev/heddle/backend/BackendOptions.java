package dev.heddle.backend;

import java.util.Locale;
import java.util.Objects;

/**
 * How to open a backend, and how models are loaded on it.
 *
 * @param device which of its devices: a number from 0, a part of a name, or null for the first
 * @param threads CPU threads that compute, the caller's included; 0 for as many as the process may
 *     use
 * @param memoryLimit bytes of device memory that the backend may hold; 0 for the device's own limit
 * @param activations in which arithmetic block-quantised weights are multiplied with: the same for
 *     any number of rows, in all programs of the backend
 * @param models how loaders of models compile them: in which type, with which numerics
 */
public record BackendOptions(
    String device, int threads, long memoryLimit, Activations activations, CompileOptions models) {
  /** The first device, all threads, no limit of our own; models in the type that suits it. */
  public static final BackendOptions DEFAULT =
      new BackendOptions(null, 0, 0, Activations.FLOAT32, CompileOptions.MODEL);

  /** What the first operand of a product with block-quantised weights is taken for. */
  public enum Activations {
    /** The numbers that they are. */
    FLOAT32,
    /**
     * Each row's numbers rounded to 8 bits, in blocks of 32 along k: whole multiples, -127 to 127,
     * of a 127th of the greatest magnitude in the block. What ggml's CPU kernels do, for speed; a
     * model loses by it about what it loses by weights of 8 bits.
     */
    INT8
  }

  public BackendOptions {
    Objects.requireNonNull(activations, "activations");
    Objects.requireNonNull(models, "models");
    if (threads < 0) {
      throw new IllegalArgumentException("threads: " + threads + "; expected 0 (all) or more");
    }
    if (memoryLimit < 0) {
      throw new IllegalArgumentException(
          "memory limit: " + memoryLimit + " bytes; expected 0 (none) or more");
    }
  }

  /**
   * For backends that know no other arithmetic.
   *
   * @throws BackendUnavailableException if another than float32 is asked for
   */
  public void requireFloat32(String backend) {
    if (activations != Activations.FLOAT32) {
      throw new BackendUnavailableException(
          "%s multiplies with quantised weights in float32 only, and %s activations were asked for;"
                  .formatted(backend, activations.name().toLowerCase(Locale.ROOT))
              + " ask for float32, or take the cpu backend");
    }
  }

  /** The same with another device. */
  public BackendOptions withDevice(String other) {
    return new BackendOptions(other, threads, memoryLimit, activations, models);
  }

  /** The same with another number of threads. */
  public BackendOptions withThreads(int other) {
    return new BackendOptions(device, other, memoryLimit, activations, models);
  }

  /** The same with another limit. */
  public BackendOptions withMemoryLimit(long other) {
    return new BackendOptions(device, threads, other, activations, models);
  }

  /** The same with other arithmetic. */
  public BackendOptions withActivations(Activations other) {
    return new BackendOptions(device, threads, memoryLimit, other, models);
  }

  /** The same with models loaded otherwise. */
  public BackendOptions withModels(CompileOptions other) {
    return new BackendOptions(device, threads, memoryLimit, activations, other);
  }
}
