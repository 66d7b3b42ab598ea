package dev.heddle.bench;

import dev.heddle.bench.ops.Subject;
import dev.heddle.bench.report.TextReport;
import dev.heddle.bench.result.Results;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/** One comparison: what is measured in it, each kind in its share of the time. */
final class Comparing {
  private final CompareOptions options;
  private final Recorder recorder = new Recorder();
  private final List<Budget.Group> groups = new ArrayList<>();

  Comparing(CompareOptions options) {
    this.options = options;
  }

  /** Adds single operations, those of them that are wanted. */
  void addOperations(List<Subject> subjects) {
    add(new OperationGroup(subjects, options, recorder));
  }

  /** Adds a model. */
  void addModel(String name) {
    BenchedModel model = BenchedModel.open(name);
    add(
        model.continuesTexts()
            ? new TextGroup(model, options, recorder)
            : new EmbeddingGroup(model, options, recorder));
  }

  private void add(Budget.Group group) {
    if (!group.steps().isEmpty()) {
      groups.add(group);
    }
  }

  /** Whether nothing is wanted of what was added. */
  boolean isEmpty() {
    return groups.isEmpty();
  }

  /** Measures all that was added, tells of each step meanwhile, and prints what was found. */
  Results print(CommandSpec spec) {
    try (ProgressLine line = new ProgressLine(spec.commandLine().getErr())) {
      new Budget(options.minutes * 60, System::nanoTime, line::show).take(groups);
    }
    // Only now: what processes took counts as ours once they have ended.
    Results results = recorder.results();
    PrintWriter out = spec.commandLine().getOut();
    if (options.json) {
      out.print(results.json());
    } else {
      TextReport.print(results, out);
    }
    out.flush();
    return results;
  }
}
