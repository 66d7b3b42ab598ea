package dev.heddle.opencl;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_device_id;
import org.jocl.cl_kernel;
import org.jocl.cl_platform_id;
import org.jocl.cl_program;

/** Asks for properties. What a driver does not know reads as empty or 0. */
final class Queries {
  /** {@code clGetDeviceInfo} and its kin: fills {@code to}, or tells how long the answer is. */
  private interface Ask {
    int ask(long bytes, Pointer to, long[] needed);
  }

  private Queries() {}

  static String text(cl_platform_id platform, int what) {
    return text((bytes, to, needed) -> CL.clGetPlatformInfo(platform, what, bytes, to, needed));
  }

  static String text(cl_device_id device, int what) {
    return text((bytes, to, needed) -> CL.clGetDeviceInfo(device, what, bytes, to, needed));
  }

  /** An integer of any width, a flag, or a bit field. */
  static long number(cl_device_id device, int what) {
    return number((bytes, to, needed) -> CL.clGetDeviceInfo(device, what, bytes, to, needed));
  }

  /** The same of a kernel as built for {@code device}. */
  static long number(cl_kernel kernel, cl_device_id device, int what) {
    return number((bytes, to, needed) ->
        CL.clGetKernelWorkGroupInfo(kernel, device, what, bytes, to, needed));
  }

  /** How many arguments a kernel takes. */
  static int arguments(cl_kernel kernel) {
    return (int)
        number((bytes, to, needed) ->
            CL.clGetKernelInfo(kernel, CL.CL_KERNEL_NUM_ARGS, bytes, to, needed));
  }

  /** What the compiler said. */
  static String buildLog(cl_program program, cl_device_id device) {
    return text((bytes, to, needed) ->
        CL.clGetProgramBuildInfo(program, device, CL.CL_PROGRAM_BUILD_LOG, bytes, to, needed));
  }

  /** Three numbers. */
  static long[] sizes(cl_device_id device, int what) {
    ByteBuffer answer =
        bytes((bytes, to, needed) -> CL.clGetDeviceInfo(device, what, bytes, to, needed));
    long[] sizes = {1, 1, 1};
    for (int i = 0; i < 3 && answer.remaining() >= Long.BYTES; i++) {
      sizes[i] = answer.getLong();
    }
    return sizes;
  }

  private static String text(Ask ask) {
    ByteBuffer answer = bytes(ask);
    String text = StandardCharsets.UTF_8.decode(answer).toString();
    int end = text.indexOf(0);
    return (end < 0 ? text : text.substring(0, end)).strip();
  }

  private static long number(Ask ask) {
    ByteBuffer answer = bytes(ask);
    return switch (answer.remaining()) {
      case Integer.BYTES -> answer.getInt();
      case Long.BYTES -> answer.getLong();
      default -> 0;
    };
  }

  private static ByteBuffer bytes(Ask ask) {
    long[] needed = new long[1];
    if (Status.of(() -> ask.ask(0, null, needed)) != CL.CL_SUCCESS) {
      return ByteBuffer.allocate(0);
    }
    byte[] answer = new byte[Math.toIntExact(needed[0])];
    Pointer to = Pointer.to(answer);
    boolean known =
        answer.length > 0 && Status.of(() -> ask.ask(answer.length, to, null)) == CL.CL_SUCCESS;
    return ByteBuffer.wrap(known ? answer : new byte[0]).order(ByteOrder.nativeOrder());
  }
}
