package dev.heddle.cli;

import dev.heddle.generate.GeneratedSequence;
import dev.heddle.generate.Generation;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** What a model has written about texts, printed: translations, summaries. */
final class WrittenTexts {
  private WrittenTexts() {}

  /** Writes about each text; a line for each, or JSON at the end. */
  static void print(
      List<String> texts,
      Function<String, Generation> write,
      boolean json,
      String backend,
      PrintWriter out) {
    List<Object> all = new ArrayList<>();
    for (String text : texts) {
      Generation written = write.apply(text);
      List<Object> sequences = new ArrayList<>();
      for (GeneratedSequence each : written.sequences()) {
        Double score = each.score().isPresent() ? each.score().getAsDouble() : null;
        if (!json) {
          boolean several = written.sequences().size() > 1;
          out.println((several && score != null ? "%.4f  ".formatted(score) : "") + each.text());
          out.flush();
        }
        sequences.add(
            Json.object(
                "text", each.text(),
                "ids", each.ids(),
                "score", score,
                "stopped", each.stopped().label()));
      }
      all.add(Json.object("text", text, "written", sequences));
    }
    if (json) {
      out.println(Json.pretty(Json.object("results", all, "backend", backend)));
    }
  }
}
