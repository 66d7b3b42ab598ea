package dev.heddle.kernels;

/**
 * What a device's maker has made.
 *
 * @param liveBytes bytes of memory not closed
 * @param liveMemories allocations not closed
 * @param liveKernels kernels not closed
 * @param livePrograms programs that the device keeps for its kernels
 * @param liveQueues queues not closed
 * @param liveEvents events not released
 * @param compiled kernels compiled from source since the device was opened
 * @param loaded kernels loaded from an earlier process's compilation
 */
public record DeviceCounts(
    long liveBytes,
    long liveMemories,
    long liveKernels,
    long livePrograms,
    long liveQueues,
    long liveEvents,
    long compiled,
    long loaded) {}
