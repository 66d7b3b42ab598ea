/** What benchmarks found: one record for every kind of them, as it is kept, compared and shown. */
package dev.heddle.bench.result;
