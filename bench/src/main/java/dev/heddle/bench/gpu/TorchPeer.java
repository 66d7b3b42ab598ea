package dev.heddle.bench.gpu;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.heddle.bench.ops.AttentionSubject;
import dev.heddle.bench.ops.CachedAttentionSubject;
import dev.heddle.bench.ops.MatMulSubject;
import dev.heddle.bench.ops.RowsSubject;
import dev.heddle.bench.ops.Subject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * PyTorch on the same GPU, in a process of its own that runs {@code torch_peer.py} and is asked for
 * one operation at a time. Where there is none, it says why; it never fails.
 */
final class TorchPeer implements AutoCloseable {
  private static final long START_SECONDS = 120;
  private static final long ANSWER_SECONDS = 60;

  /** Stands for the end of what the process says. */
  private static final String END = "";

  private final ObjectMapper json = new ObjectMapper();
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final double seconds;
  private Process process;
  private Writer requests;
  private JsonNode about;
  private String refusal;

  /**
   * What became of a request.
   *
   * @param seconds median time of one operation; 0 where there is none
   * @param failure why; null where PyTorch was not asked, or answered
   */
  record Answer(double seconds, String failure) {}

  /**
   * Starts a process.
   *
   * @param python the interpreter; null for none
   * @param device the GPU's place among the driver's
   * @param seconds measuring time of each operation
   */
  TorchPeer(String python, int device, double seconds) {
    this.seconds = seconds;
    if (python == null) {
      refusal = "not asked for";
      return;
    }
    try {
      process =
          new ProcessBuilder(python, "-c", script(), Integer.toString(device))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
    } catch (IOException e) {
      refusal = python + " does not start: " + e.getMessage();
      return;
    }
    requests = process.outputWriter(StandardCharsets.UTF_8);
    BufferedReader reader = process.inputReader(StandardCharsets.UTF_8);
    Thread.ofVirtual().start(() -> read(reader));
  }

  static String script() {
    try (InputStream in = TorchPeer.class.getResourceAsStream("torch_peer.py")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void read(BufferedReader reader) {
    try (reader) {
      reader.lines().filter(line -> !line.isBlank()).forEach(lines::add);
    } catch (IOException | UncheckedIOException e) {
      // The process was ended.
    }
    lines.add(END);
  }

  /** Its version and settings; null where there is no PyTorch: {@link #refusal} says why. */
  JsonNode about() {
    if (about == null && refusal == null) {
      JsonNode said = next(START_SECONDS);
      if (said != null && said.has("error")) {
        stop(said.get("error").asText());
      } else {
        about = said;
      }
    }
    return about;
  }

  /** Why there is no PyTorch; null where there is. */
  String refusal() {
    return about() == null ? refusal : null;
  }

  /** Times the same operation. */
  Answer time(Subject subject) {
    Map<String, Object> request = new HashMap<>(question(subject));
    request.put("dtype", subject.dtype().toString());
    return time(request);
  }

  /** What is asked, or why not: {@code torch_peer.py} lists the fields. */
  private static Map<String, Object> question(Subject subject) {
    return switch (subject) {
      case MatMulSubject(var _, var weights, var _, var _, long batch, long m, long n, long k) -> {
        String op = weights != null ? "linear" : batch == 1 ? "matmul" : "batched products";
        yield Map.of("op", op, "m", m, "n", n, "k", k);
      }
      case AttentionSubject(var _, long batch, int heads, long length, int headDim, var mask) -> {
        String op =
            switch (mask) {
              case NONE, CAUSAL -> "attention";
              case PADDED, RAGGED -> mask.name().toLowerCase(Locale.ROOT) + " attention";
            };
        boolean causal = mask == AttentionSubject.Mask.CAUSAL;
        yield Map.of(
            "op",
            op,
            "batch",
            batch,
            "heads",
            heads,
            "length",
            length,
            "head_dim",
            headDim,
            "causal",
            causal);
      }
      case CachedAttentionSubject(
              var _,
              int sequences,
              int length,
              int heads,
              int kvHeads,
              int headDim) ->
          Map.of(
              "op",
              "decode_attention",
              "sequences",
              sequences,
              "length",
              length,
              "heads",
              heads,
              "kv_heads",
              kvHeads,
              "head_dim",
              headDim);
      case RowsSubject(var kind, var _, long rows, long columns) ->
          Map.of(
              "op",
              kind.name().toLowerCase(Locale.ROOT),
              "rows",
              rows,
              "columns",
              columns,
              "epsilon",
              RowsSubject.EPSILON);
    };
  }

  /** Times copies of a tensor of so many bytes. */
  Answer timeCopy(long bytes) {
    return time(Map.of("op", "copy", "bytes", bytes));
  }

  private Answer time(Map<String, Object> what) {
    if (about() == null) {
      return new Answer(0, null);
    }
    Map<String, Object> request = new HashMap<>(what);
    request.put("seconds", seconds);
    try {
      requests.write(json.writeValueAsString(request) + "\n");
      requests.flush();
    } catch (IOException e) {
      stop("it ended: " + e.getMessage());
      return new Answer(0, refusal);
    }
    JsonNode said = next(ANSWER_SECONDS);
    if (said == null) {
      return new Answer(0, refusal);
    }
    return said.has("error")
        ? new Answer(0, said.get("error").asText())
        : new Answer(said.path("seconds").asDouble(), null);
  }

  /** What it says next; null, and the end of it, where that takes too long or is no JSON. */
  private JsonNode next(long patience) {
    try {
      String line = lines.poll(patience, TimeUnit.SECONDS);
      if (line == null) {
        stop("it gave no answer within %d seconds".formatted(patience));
      } else if (line.equals(END)) {
        stop("it ended");
      } else {
        return json.readTree(line);
      }
    } catch (JsonProcessingException e) {
      stop("its answer is no JSON: " + e.getOriginalMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stop("the wait for it was interrupted");
    }
    return null;
  }

  private void stop(String why) {
    refusal = why;
    about = null;
    process.destroyForcibly();
  }

  @Override
  public void close() {
    if (process != null) {
      process.destroyForcibly();
    }
  }
}
