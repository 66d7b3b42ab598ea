package dev.heddle.bench.result;

/**
 * What nothing can pass by much on this machine, measured in the same run.
 *
 * @param backend of which; null of the machine's own
 * @param name {@code fma}: multiply-adds that stay in registers; {@code copy}: memory read and
 *     written; {@code stream}: memory read
 * @param threads that computed
 */
public record Ceiling(String backend, String name, int threads, double perSecond, Unit unit) {}
