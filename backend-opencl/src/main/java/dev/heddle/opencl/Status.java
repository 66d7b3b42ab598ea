package dev.heddle.opencl;

import java.util.function.IntSupplier;
import org.jocl.CL;
import org.jocl.CLException;

/** What OpenCL's functions return. */
final class Status {
  private Status() {}

  /**
   * The status of a call. JOCL throws it instead where anything else in this process has switched
   * that on.
   */
  static int of(IntSupplier call) {
    try {
      return call.getAsInt();
    } catch (CLException e) {
      return e.getStatus();
    }
  }

  /** Whether memory ran out: the device's, or the driver's on the host. */
  static boolean isOutOfMemory(int status) {
    return status == CL.CL_MEM_OBJECT_ALLOCATION_FAILURE
        || status == CL.CL_OUT_OF_HOST_MEMORY
        || status == CL.CL_INVALID_BUFFER_SIZE;
  }

  /** {@code CL_OUT_OF_RESOURCES (-5)}. */
  static String name(int status) {
    String name = CL.stringFor_errorCode(status);
    return name.startsWith("CL_") ? name + " (" + status + ")" : "status " + status;
  }
}
