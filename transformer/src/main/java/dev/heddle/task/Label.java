package dev.heddle.task;

import dev.heddle.model.HeadSettings;
import java.util.List;

/**
 * A label of a text.
 *
 * @param name as the model's configuration names it; {@code LABEL_2} where it does not
 * @param id its number, from 0
 * @param score its probability, or the quantity of a regression
 * @param logit what the model computed
 */
public record Label(String name, int id, double score, float logit) {
  static String name(HeadSettings settings, int id) {
    List<String> names = settings.labels();
    return id < names.size() ? names.get(id) : "LABEL_" + id;
  }
}
