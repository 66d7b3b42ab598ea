package dev.heddle.model;

import dev.heddle.generate.GenerationOptions;
import dev.heddle.weights.JsonField;
import dev.heddle.weights.JsonFields;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a {@code config.json} says of one of the tasks that a model was trained for, in its {@code
 * task_specific_params}.
 *
 * @param prefix what is put before a text; empty for nothing
 * @param options how it searches, and how much it writes
 */
public record TaskSettings(String prefix, GenerationOptions options) {
  /**
   * Reads all of them, by their names in the file's order.
   *
   * @param base what a task's settings go over
   * @throws dev.heddle.weights.WeightFileException if a field is not what transformers writes
   * @throws dev.heddle.generate.GenerationException if an option is out of range or not supported
   */
  static Map<String, TaskSettings> read(JsonFields config, GenerationOptions base) {
    JsonField field = config.field("task_specific_params");
    Map<String, TaskSettings> tasks = new LinkedHashMap<>();
    if (field.present()) {
      JsonFields all = field.object();
      for (String name : all.names()) {
        if (all.has(name)) {
          JsonFields task = all.field(name).object();
          tasks.put(name, new TaskSettings(task.field("prefix").string(""), base.withModels(task)));
        }
      }
    }
    return tasks;
  }
}
