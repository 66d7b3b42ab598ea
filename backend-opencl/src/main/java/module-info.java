/** The OpenCL backend: the portable kernels on any vendor's device. */
module dev.heddle.opencl {
  requires dev.heddle.core;
  requires dev.heddle.kernels;
  // JOCL logs through it, and has no descriptor to say so.
  requires java.logging;
  requires jocl;

  provides dev.heddle.backend.BackendProvider with
      dev.heddle.opencl.OpenClProvider;
}
