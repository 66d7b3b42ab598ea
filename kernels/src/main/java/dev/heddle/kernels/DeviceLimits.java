package dev.heddle.kernels;

/**
 * What kernels may ask of a device.
 *
 * @param cpu whether its cores are a CPU's: one work-item a thread, vectors written out, no local
 *     memory of its own
 * @param computeUnits cores or multiprocessors
 * @param maxGroupSize work-items of a group
 * @param localBytes local memory of a group
 * @param maxAllocation bytes of one allocation
 * @param alignment where allocations begin
 * @param float64 whether it computes in float64
 * @param vectorFloats floats of its widest vector, 1 where each work-item computes one
 * @param tileBytes local memory that a group may be given when it is launched, by CUDA's own
 *     kernels for tensor cores (compute capability 8.0: {@code mma} of bf16 and f16, {@code
 *     cp.async}); 0 where only portable kernels run
 * @param warpgroups whether four warps multiply as one ({@code wgmma}): compute capability 9.0, and
 *     no other
 */
public record DeviceLimits(
    boolean cpu,
    int computeUnits,
    long maxGroupSize,
    long localBytes,
    long maxAllocation,
    int alignment,
    boolean float64,
    int vectorFloats,
    long tileBytes,
    boolean warpgroups) {
  /** Of a device that runs portable kernels only. */
  public DeviceLimits(
      boolean cpu,
      int computeUnits,
      long maxGroupSize,
      long localBytes,
      long maxAllocation,
      int alignment,
      boolean float64,
      int vectorFloats) {
    this(
        cpu,
        computeUnits,
        maxGroupSize,
        localBytes,
        maxAllocation,
        alignment,
        float64,
        vectorFloats,
        0,
        false);
  }
}
