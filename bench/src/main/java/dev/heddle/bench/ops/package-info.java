/**
 * Operations to be checked and timed: what {@code heddle bench ops}, {@code gpu-check} and the JMH
 * suites have in common, and the interface of the systems that compute them, each in a JVM of its
 * own.
 */
package dev.heddle.bench.ops;
