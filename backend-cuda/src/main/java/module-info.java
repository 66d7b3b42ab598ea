/** The CUDA backend: the portable kernels on NVIDIA's GPUs. */
module dev.heddle.cuda {
  requires dev.heddle.core;
  requires dev.heddle.kernels;
  // JCuda logs through it, and has no descriptor to say so.
  requires java.logging;
  requires jcuda;
  requires jcublas;

  provides dev.heddle.backend.BackendProvider with
      dev.heddle.cuda.CudaProvider;
}
