package dev.heddle.bench.result;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.bench.Revision;
import dev.heddle.cli.BadInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * One run of benchmarks on one machine. Its JSON has these fields, {@code snake_case}.
 *
 * @param made when, in UTC, as ISO 8601 has it
 * @param heddle its version
 * @param revision of the sources
 * @param seconds how long all of it took
 * @param noise null where nothing was watched
 * @param warnings what a reader must know before any number
 * @param devices of the backends that were measured
 */
public record Results(
    String made,
    String heddle,
    Revision revision,
    double seconds,
    Machine machine,
    Java java,
    Noise noise,
    List<String> warnings,
    List<DeviceInfo> devices,
    List<Ceiling> ceilings,
    List<Line> lines) {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
          // A later version may say more.
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  /** As it is kept, and printed by {@code --json}. */
  public String json() {
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n";
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException("results that have no JSON", e);
    }
  }

  /**
   * Of {@link #json}.
   *
   * @throws BadInputException if the file cannot be read or holds no results
   */
  public static Results read(Path file) {
    try {
      Results results = JSON.readValue(Files.readString(file), Results.class);
      if (results == null || results.machine == null || results.lines == null) {
        throw new BadInputException(file + ": holds no results of heddle bench");
      }
      return results;
    } catch (NoSuchFileException e) {
      throw new BadInputException(file + ": there is no such file", e);
    } catch (JsonProcessingException e) {
      throw new BadInputException(
          file + ": holds no results of heddle bench: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new BadInputException(file + ": cannot be read: " + e, e);
    }
  }
}
