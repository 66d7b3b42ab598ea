/**
 * What backends share of compiling a graph: kernel choices, where values lie, what shares memory,
 * and the operands of a run.
 */
package dev.heddle.plan;
