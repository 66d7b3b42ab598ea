package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command as its user has it, in processes with an environment of their own. */
class PullVerbTest {
  private static final Path MODEL = Path.of(TestData.model("roberta"));

  @TempDir private Path cache;

  private final HttpServer hub = start();

  private HttpServer start() {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext("/", PullVerbTest::answer);
      server.start();
      return server;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      String prefix = "/weaver/loom/resolve/abc123/";
      byte[] body =
          path.equals("/api/models/weaver/loom/revision/main")
              ? """
              {"sha": "abc123", "siblings": [{"rfilename": "config.json"},
                {"rfilename": "tokenizer.json"}, {"rfilename": "model.safetensors"}]}
              """
                  .getBytes(StandardCharsets.UTF_8)
              : path.startsWith(prefix)
                  ? Files.readAllBytes(MODEL.resolve(path.substring(prefix.length())))
                  : null;
      if (body == null) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      exchange.getResponseHeaders().add("X-Repo-Commit", "abc123");
      exchange.getResponseHeaders().add("ETag", "\"mirror-" + path.hashCode() + '"');
      if (exchange.getRequestMethod().equals("HEAD")) {
        exchange.getResponseHeaders().add("Content-Length", Integer.toString(body.length));
        exchange.sendResponseHeaders(200, -1);
      } else {
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
      }
    }
  }

  @AfterEach
  void stop() {
    hub.stop(0);
  }

  @Test
  void whatWasPulledIsAModelByItsName() throws Exception {
    Heddle pulled = command(false, "pull", "weaver/loom");
    assertEquals(ExitCode.OK, pulled.code(), pulled.err());
    assertEquals(
        cache.resolve("models--weaver--loom/snapshots/abc123").toString(), pulled.out().strip());
    Heddle ids = command(true, "tokenize", "--model=weaver/loom", "hear me speak");
    assertEquals(
        Heddle.output("tokenize", "--model=" + MODEL, "hear me speak"), ids.out(), ids.err());

    Heddle absent = command(true, "pull", "weaver/shuttle");
    assertEquals(ExitCode.BAD_INPUT, absent.code());
    assertTrue(absent.err().contains("HF_HUB_OFFLINE"), absent.err());
    hub.stop(0);
    Heddle nobody = command(false, "pull", "weaver/loom");
    assertEquals(ExitCode.FAILED, nobody.code());
    assertTrue(nobody.err().contains("no answer"), nobody.err());
  }

  @Test
  void whatIsNotPulledIsToldHowToBe() {
    Heddle.refuses(
        new String[] {"tokenize", "--model=weaver/loom-9000", "text"},
        "heddle pull weaver/loom-9000");
    Heddle.refuses(new String[] {"pull", "loom"}, "OWNER/NAME[:FILE]");
  }

  private Heddle command(boolean offline, String... args) throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command =
        new ArrayList<>(
            List.of(
                java,
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.heddle.cli.Main"));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("HF_ENDPOINT", "http://localhost:" + hub.getAddress().getPort());
    builder.environment().put("HF_HUB_CACHE", cache.toString());
    builder.environment().put("HF_HUB_OFFLINE", offline ? "1" : "0");
    Path err = cache.resolve("stderr");
    builder.redirectError(err.toFile());
    Process process = builder.start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Heddle(process.waitFor(), out, Files.readString(err));
  }
}
