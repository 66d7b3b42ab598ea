package dev.heddle.bench;

/**
 * How a system is to run.
 *
 * @param threads threads that may compute, the caller's included
 * @param backend Heddle's backend as {@link dev.heddle.backend.Backends} takes it, null for the
 *     default; other systems have no such choice
 * @param device the backend's device, null for the default
 */
public record Settings(int threads, String backend, String device) {}
