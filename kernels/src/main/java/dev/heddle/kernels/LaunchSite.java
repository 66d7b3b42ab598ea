package dev.heddle.kernels;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.graph.Node;
import dev.heddle.plan.Operand;
import dev.heddle.plan.Site;
import dev.heddle.tensor.Dim;

/**
 * Where a {@link Launch} works: its node's operands, and the queue. A launch's arguments are named
 * one after another, then {@link #launch} takes them.
 */
final class LaunchSite {
  private final Site site;
  private final KernelRun run;
  private final int number;
  private final Arguments arguments = new Arguments();

  LaunchSite(Site site, KernelRun run, int number) {
    this.site = site;
    this.run = run;
    this.number = number;
  }

  Node node() {
    return site.node();
  }

  Site site() {
    return site;
  }

  /** Input {@code position}, or null where it is absent. */
  Operand in(int position) {
    return site.in(position);
  }

  int inputCount() {
    return site.inputCount();
  }

  /** Output {@code position}, or null where nobody wants it. */
  Operand out(int position) {
    return site.out(position);
  }

  /** Where the launch of another node works, which comes before this one. */
  LaunchSite of(Node node) {
    return run.site(node);
  }

  long evaluate(Dim dim) {
    return site.evaluate(dim);
  }

  /** What to throw where the node's operands do not fit. */
  InvalidInputException wrong(String what) {
    return site.wrong(what);
  }

  /**
   * While a launch binds: where an operand will begin, in bytes from the begin of a memory or from
   * a multiple of {@link DeviceLimits#alignment()} in it.
   */
  long offset(Operand operand) {
    return operand.address();
  }

  /** What the device allows. */
  DeviceLimits limits() {
    return run.limits();
  }

  // Arguments.

  /** {@code TENSOR(name)}: the operand's first element; null for an absent one. */
  LaunchSite tensor(Operand operand) {
    return operand == null ? at(0) : at(operand.address());
  }

  /** {@code TENSOR(name)}: a place, such as a packed weight's, or 0 for none. */
  LaunchSite at(long place) {
    arguments.tensor(run.memory(place), Places.offset(place));
    return this;
  }

  /**
   * {@code MAP(name)}: an operand as a matrix that bulk copies read {@code lines} rows at a time;
   * null where the kernel does not use it. See {@link Arguments#map}.
   */
  LaunchSite map(Operand operand, long rows, long columns, int lines) {
    long place = operand == null ? 0 : operand.address();
    arguments.map(run.memory(place), Places.offset(place), rows, columns, lines);
    return this;
  }

  /** Whether an operand begins at a multiple of {@code bytes}, which divides where memory does. */
  boolean isAligned(Operand operand, int bytes) {
    return Places.offset(operand.address()) % bytes == 0;
  }

  /** {@code TENSOR(name)}: byte {@code offset} of the workspace. */
  LaunchSite workspace(long offset) {
    return at(site.workspace() + offset);
  }

  LaunchSite put(int value) {
    arguments.put(value);
    return this;
  }

  LaunchSite put(long value) {
    arguments.put(value);
    return this;
  }

  LaunchSite put(float value) {
    arguments.put(value);
    return this;
  }

  LaunchSite put(double value) {
    arguments.put(value);
    return this;
  }

  LaunchSite put(long[] values) {
    for (long value : values) {
      arguments.put(value);
    }
    return this;
  }

  /** {@code STATUS}: where the kernel says what it cannot take; see {@link RunStatus}. */
  LaunchSite status() {
    return status(this);
  }

  /** The same of a kernel that computes the node of another launch, too. */
  LaunchSite status(LaunchSite of) {
    arguments.memory(run.status());
    return number(of);
  }

  /** The number by which the run's status knows a node. */
  LaunchSite number(LaunchSite of) {
    arguments.put(of.number + 1);
    return this;
  }

  // Commands.

  /** Runs {@code kernel} with the arguments named since the last launch; none, if no groups. */
  void launch(DeviceKernel kernel, Extent groups, Extent size) {
    if (groups.count() > 0) {
      run.launch(kernel, arguments, groups, size);
    }
    arguments.clear();
  }

  /** Multiplies the tensors named since the last launch, one for each {@link Product.Operand}. */
  void multiply(Product product) {
    run.multiply(product, arguments);
    arguments.clear();
  }

  /** Copies bytes from one place to another. */
  void copy(long from, long to, long bytes) {
    if (bytes > 0) {
      run.copy(run.memory(from), Places.offset(from), run.memory(to), Places.offset(to), bytes);
    }
  }
}
