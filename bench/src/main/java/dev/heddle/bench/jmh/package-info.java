/**
 * JMH suites, one class a subject, in a jar of their own: docs/benchmarks.md tells how to run them.
 *
 * <p>Each runs on every backend that is there, on random data, and holds what is computed against
 * the reference interpreter before anything is timed. What is timed, its operands, its work and its
 * check are {@link dev.heddle.bench.ops}'.
 */
package dev.heddle.bench.jmh;
