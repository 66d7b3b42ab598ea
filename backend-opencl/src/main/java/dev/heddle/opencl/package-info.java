/**
 * The OpenCL backend: a {@link dev.heddle.kernels.KernelDevice} over JOCL. Whatever OpenCL hands
 * out stands in a {@link dev.heddle.kernels.Handle}, which gives it back once.
 */
package dev.heddle.opencl;
