/**
 * The CUDA backend: a {@link dev.heddle.kernels.KernelDevice} over JCuda's driver API. One thread a
 * device owns its context and makes every call that needs it; what is called for each kernel and
 * each copy goes through {@code java.lang.foreign}, which allocates nothing, and all else through
 * JCuda. Whatever CUDA hands out stands in a {@link dev.heddle.kernels.Handle}.
 */
package dev.heddle.cuda;
