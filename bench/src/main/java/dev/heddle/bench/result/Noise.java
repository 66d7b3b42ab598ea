package dev.heddle.bench.result;

/**
 * What else the machine did meanwhile.
 *
 * @param loadBefore its load average over a minute, before; -1 where the system does not say
 * @param loadAfter the same at the end, our own load in it
 * @param others share of all processors' time that other processes took; -1 where unknown
 * @param stolen share of that time that the host gave to other guests; -1 where unknown
 * @param jitter by how much the median of a loop that only counts, between the measurements,
 *     exceeds its best
 */
public record Noise(
    double loadBefore, double loadAfter, double others, double stolen, double jitter) {}
