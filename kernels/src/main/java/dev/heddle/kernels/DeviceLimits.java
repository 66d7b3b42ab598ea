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
 */
public record DeviceLimits(
    boolean cpu,
    int computeUnits,
    long maxGroupSize,
    long localBytes,
    long maxAllocation,
    int alignment,
    boolean float64,
    int vectorFloats) {}
