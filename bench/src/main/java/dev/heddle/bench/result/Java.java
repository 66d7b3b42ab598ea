package dev.heddle.bench.result;

import java.util.List;

/**
 * The JVM.
 *
 * @param vm its name and version
 * @param flags options that it was started with; those with a path in them are left out
 */
public record Java(String vm, List<String> flags) {}
