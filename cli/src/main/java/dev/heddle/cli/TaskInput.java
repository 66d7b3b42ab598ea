package dev.heddle.cli;

import dev.heddle.task.TaskOptions;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The texts of a verb that takes them as arguments or as the lines of a file. */
final class TaskInput {
  private TaskInput() {}

  /** The texts given, or the lines of {@code file}; just one of the two must be there. */
  static List<String> texts(CommandSpec spec, List<String> texts, String file) {
    if ((texts == null) == (file == null)) {
      throw new ParameterException(
          spec.commandLine(),
          texts == null
              ? "no text; give TEXT, or --input FILE with a text a line"
              : "TEXT and --input were both given; give one of them");
    }
    return texts != null ? texts : TextFile.read("--input", file).text().lines().toList();
  }

  /** Where the task runs. */
  static TaskOptions options(BackendSelection selection) {
    return TaskOptions.DEFAULT.withBackend(selection.choice(), selection.options());
  }
}
