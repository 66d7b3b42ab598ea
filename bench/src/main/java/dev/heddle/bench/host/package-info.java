/** The machine under the benchmarks: what it is, and what else it does meanwhile. */
package dev.heddle.bench.host;
