package dev.heddle.model;

import dev.heddle.weights.JsonFields;
import java.util.OptionalInt;

/** The token that an encoder–decoder's texts begin with. */
final class StartToken {
  private StartToken() {}

  /** From a {@code config.json}: {@code decoder_start_token_id}, else {@code bos_token_id}. */
  static OptionalInt read(JsonFields config) {
    for (String name : new String[] {"decoder_start_token_id", "bos_token_id"}) {
      if (config.has(name)) {
        return OptionalInt.of(config.field(name).wholeInt());
      }
    }
    return OptionalInt.empty();
  }
}
