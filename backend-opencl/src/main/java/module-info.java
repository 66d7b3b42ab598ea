/** The OpenCL backend: the portable kernels on any vendor's device. */
module dev.heddle.opencl {
  requires dev.heddle.core;
  requires dev.heddle.kernels;
  requires jocl;
}
