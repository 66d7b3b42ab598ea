package dev.heddle.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a kernel needs on an architecture, as {@code ptxas -v} tells it.
 *
 * @param kernel its name
 * @param architecture {@code sm_80}
 * @param registers of each thread
 * @param spillStores bytes of registers that each thread writes to local memory
 * @param spillLoads bytes that it reads back
 * @param stack bytes of local memory of each thread, its spills among them
 * @param shared bytes of shared memory of a block
 */
record KernelUsage(
    String kernel,
    String architecture,
    int registers,
    int spillStores,
    int spillLoads,
    int stack,
    int shared) {
  private static final Pattern ENTRY =
      Pattern.compile("ptxas info +: Compiling entry function '(.+)' for '(.+)'");
  private static final Pattern PROPERTIES =
      Pattern.compile("ptxas info +: Function properties for (.+)");
  private static final Pattern STACK =
      Pattern.compile(
          " +(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads");
  private static final Pattern USED = Pattern.compile("ptxas info +: Used (\\d+) registers.*");
  private static final Pattern NUMBERED = Pattern.compile(": \\(C\\d+\\)");
  private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");

  /** Bytes that a thread writes and reads for want of registers. */
  int spilled() {
    return spillStores + spillLoads;
  }

  /** What a log tells, kernel by kernel. */
  static List<KernelUsage> of(String log) {
    List<KernelUsage> all = new ArrayList<>();
    String kernel = null;
    String architecture = null;
    String properties = null;
    int[] stack = null;
    for (String line : log.lines().toList()) {
      Matcher matcher;
      if ((matcher = ENTRY.matcher(line)).matches()) {
        kernel = matcher.group(1);
        architecture = matcher.group(2);
        stack = null;
      } else if ((matcher = PROPERTIES.matcher(line)).matches()) {
        properties = matcher.group(1);
      } else if ((matcher = STACK.matcher(line)).matches() && properties.equals(kernel)) {
        stack = new int[] {number(matcher, 1), number(matcher, 2), number(matcher, 3)};
      } else if ((matcher = USED.matcher(line)).matches() && kernel != null && stack != null) {
        Matcher shared = SHARED.matcher(line);
        all.add(
            new KernelUsage(
                kernel,
                architecture,
                number(matcher, 1),
                stack[1],
                stack[2],
                stack[0],
                shared.find() ? number(shared, 1) : 0));
        kernel = null;
      }
    }
    return all;
  }

  private static int number(Matcher matcher, int group) {
    return Integer.parseInt(matcher.group(group));
  }

  /**
   * The lines of a log that tell of something else: errors and warnings, and what the assembler
   * calls information but is numbered like a warning, such as {@code wgmma} that is serialised.
   */
  static String complaints(String log) {
    return log.lines()
        .filter(line -> !line.isBlank())
        .filter(line -> !line.startsWith("ptxas info") || NUMBERED.matcher(line).find())
        .filter(line -> !STACK.matcher(line).matches())
        .collect(Collectors.joining("\n"));
  }
}
