package dev.heddle.generate;

import java.util.List;

/**
 * A prompt of an instruction, examples of it, and a query, for models that continue text: none, one
 * or many examples.
 *
 * @param instruction what is asked; may be empty
 * @param inputLabel stands before each input, {@code "Input: "}
 * @param outputLabel stands before each output, {@code "Output:"}; the prompt ends with it, so that
 *     it had better not end with a space, which most models expect within the next token
 * @param examples inputs with their outputs
 */
public record FewShot(
    String instruction, String inputLabel, String outputLabel, List<Example> examples) {
  /** An input and the output that is wanted for it. */
  public record Example(String input, String output) {}

  /** A prompt's parts. */
  public FewShot {
    examples = List.copyOf(examples);
  }

  /** The same with the labels {@code Input:} and {@code Output:}. */
  public FewShot(String instruction, List<Example> examples) {
    this(instruction, "Input: ", "Output:", examples);
  }

  /** The prompt whose continuation answers {@code query}. */
  public String prompt(String query) {
    StringBuilder text = new StringBuilder();
    if (!instruction.isEmpty()) {
      text.append(instruction).append("\n\n");
    }
    for (Example each : examples) {
      text.append(inputLabel).append(each.input()).append('\n');
      text.append(outputLabel).append(' ').append(each.output()).append("\n\n");
    }
    return text.append(inputLabel).append(query).append('\n').append(outputLabel).toString();
  }
}
