/**
 * The check of a GPU: the conformance kit, fixtures and benchmarks there, beside PyTorch, in one
 * report.
 */
package dev.heddle.bench.gpu;
