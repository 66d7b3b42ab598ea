package dev.heddle.cuda;

import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmemoryPool;
import jcuda.driver.CUstream;

/**
 * JCuda's handles, which tell their values only to their subclasses: calls by {@code
 * java.lang.foreign} take them as numbers.
 */
final class Addresses {
  private Addresses() {}

  /** A stream. */
  static final class Stream extends CUstream {
    long address() {
      return getNativePointer();
    }
  }

  /** A kernel. */
  static final class Function extends CUfunction {
    long address() {
      return getNativePointer();
    }
  }

  /** Memory of the device. */
  static final class Device extends CUdeviceptr {
    long address() {
      return getNativePointer();
    }
  }

  /** A pool of such memory. */
  static final class Pool extends CUmemoryPool {
    long address() {
      return getNativePointer();
    }
  }

  /** A graph that can be launched. */
  static final class Executable extends CUgraphExec {
    long address() {
      return getNativePointer();
    }
  }

  /** Memory of the host that CUDA gives, or any place by its number. */
  static final class Host extends Pointer {
    Host() {}

    Host(long address) {
      super(address);
    }

    long address() {
      return getNativePointer();
    }
  }
}
