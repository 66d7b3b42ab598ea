/**
 * Portable kernels, written once for OpenCL and CUDA, and the code that turns a graph into launches
 * of them on any {@link dev.heddle.kernels.KernelDevice}.
 */
package dev.heddle.kernels;
