package dev.heddle.bench.gpu;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.bench.Revision;
import dev.heddle.cache.CacheFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * One check of one GPU. Its JSON has these fields, {@code snake_case}.
 *
 * @param made when, in UTC, as ISO 8601 has it
 * @param revision of the sources
 * @param device the GPU, its driver, and which libraries serve
 * @param java the JVM and the host
 * @param small whether it is a trial with tiny shapes, whose times mean nothing
 * @param parts those that were run, of cases
 * @param bench null where it was not run
 * @param notRun parts that were not asked for, or that it has not come to
 * @param good whether nothing failed and nothing was left out for want of time
 */
record Report(
    String made,
    Revision revision,
    DeviceInfo device,
    String java,
    boolean small,
    List<Part> parts,
    BenchPart bench,
    List<String> notRun,
    boolean good) {
  static final String NAME = "gpu-check";

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
          .build();

  /** Writes {@code gpu-check.json} and {@code gpu-check.md}, each whole or not at all. */
  void write(Path folder) throws IOException {
    byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this);
    CacheFolder.replace(folder.resolve(NAME + ".json"), part -> Files.write(part, json));
    String text = new MarkdownReport(this).toString();
    CacheFolder.replace(folder.resolve(NAME + ".md"), part -> Files.writeString(part, text));
  }
}
