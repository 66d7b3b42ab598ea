package dev.heddle.bench;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.ComputeType;

/**
 * How a system is to run.
 *
 * @param threads threads that may compute, the caller's included
 * @param backend Heddle's backend as {@link dev.heddle.backend.Backends} takes it, null for the
 *     default; other systems have no such choice
 * @param device the backend's device, null for the default
 * @param dtype the type that Heddle computes in, {@code auto} or as {@link ComputeType} has it
 */
public record Settings(int threads, String backend, String device, String dtype) {
  /** The same for Heddle's backends. */
  BackendOptions backendOptions() {
    return BackendOptions.DEFAULT
        .withThreads(threads)
        .withDevice(device)
        .withModels(CompileOptions.MODEL.withComputeType(ComputeType.of(dtype)));
  }
}
