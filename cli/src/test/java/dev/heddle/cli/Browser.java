package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A page in a Chromium without a window, driven by the DevTools protocol: what a reader's mouse and
 * keys would do. It notes what the page asks of a network, and errors on its console.
 */
final class Browser implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome");
  private static final String LISTENING = "DevTools listening on ";
  private static final int SECONDS = 60;

  private final Process process;
  private final Path profile;
  private final WebSocket socket;
  private final BlockingQueue<JsonNode> messages = new LinkedBlockingQueue<>();
  private final List<String> requests = new ArrayList<>();
  private final List<String> errors = new ArrayList<>();
  private String session;
  private int id;

  /** Opens {@code page}; the test is skipped where there is no Chromium. */
  static Browser open(Path page, Path profile, String... flags) throws Exception {
    Browser browser = new Browser(executable(), profile, flags);
    try {
      browser.navigate(page);
      return browser;
    } catch (Exception | AssertionError e) {
      browser.close();
      throw e;
    }
  }

  /** The environment's CHROME, or the first of the usual names on the PATH. */
  private static Path executable() {
    String named = System.getenv("CHROME");
    if (named != null) {
      return Path.of(named);
    }
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseGet(() ->
            abort("no Chromium on the PATH, and CHROME names none: install one to test pages"));
  }

  private Browser(Path executable, Path profile, String... flags) throws Exception {
    this.profile = profile;
    List<String> command =
        new ArrayList<>(
            List.of(
                executable.toString(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--window-size=1200,1000",
                "--disable-background-networking",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile));
    command.addAll(List.of(flags));
    process = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    String address = null;
    BufferedReader lines = process.errorReader();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith(LISTENING)) {
        address = line.substring(LISTENING.length()).strip();
        break;
      }
    }
    assertNotNull(address, "Chromium ended before it listened");
    Thread.ofVirtual().start(() -> lines.lines().forEach(line -> {}));
    socket =
        HttpClient.newHttpClient()
            .newWebSocketBuilder()
            .buildAsync(URI.create(address), new Listener())
            .get(SECONDS, TimeUnit.SECONDS);
  }

  private void navigate(Path page) throws Exception {
    String target =
        call("Target.createTarget", Map.of("url", "about:blank")).path("targetId").asText();
    session =
        call("Target.attachToTarget", Map.of("targetId", target, "flatten", true))
            .path("sessionId")
            .asText();
    for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
      call(domain + ".enable", Map.of());
    }
    call("Page.navigate", Map.of("url", page.toUri().toString()));
    while (!evaluate("document.readyState").asText().equals("complete")) {
      Thread.onSpinWait();
    }
  }

  /** What {@code script} gives, as JSON. */
  JsonNode evaluate(String script) throws Exception {
    JsonNode answer =
        call(
            "Runtime.evaluate",
            Map.of("expression", script, "returnByValue", true, "awaitPromise", true));
    if (answer.has("exceptionDetails")) {
      fail(script + ": " + answer.get("exceptionDetails"));
    }
    return answer.path("result").path("value");
  }

  /** Puts the mouse there. */
  void point(double x, double y) throws Exception {
    call("Input.dispatchMouseEvent", Map.of("type", "mouseMoved", "x", x, "y", y));
  }

  /** Presses a key: {@code ArrowRight}. */
  void press(String key) throws Exception {
    for (String type : List.of("keyDown", "keyUp")) {
      call("Input.dispatchKeyEvent", Map.of("type", type, "key", key, "code", key));
    }
  }

  /** Shows the page as it is where colours are {@code light} or {@code dark}. */
  void colours(String scheme) throws Exception {
    call(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  /** A picture of what is seen. */
  byte[] picture() throws Exception {
    return Base64.getDecoder()
        .decode(call("Page.captureScreenshot", Map.of()).path("data").asText());
  }

  /** What was asked for but the page itself. */
  List<String> requests() {
    return requests;
  }

  /** Errors on the console, and exceptions that nobody caught. */
  List<String> errors() {
    return errors;
  }

  private JsonNode call(String method, Map<String, ?> parameters) throws Exception {
    int own = ++id;
    var message = JSON.createObjectNode().put("id", own).put("method", method);
    message.set("params", JSON.valueToTree(parameters));
    if (session != null) {
      message.put("sessionId", session);
    }
    socket.sendText(message.toString(), true).get(SECONDS, TimeUnit.SECONDS);
    while (true) {
      JsonNode answer = messages.poll(SECONDS, TimeUnit.SECONDS);
      assertNotNull(answer, "no answer to " + method);
      if (answer.path("id").asInt() == own) {
        if (answer.has("error")) {
          fail(method + ": " + answer.get("error"));
        }
        return answer.path("result");
      }
      note(answer);
    }
  }

  private void note(JsonNode event) {
    JsonNode of = event.path("params");
    switch (event.path("method").asText()) {
      case "Network.requestWillBeSent" -> {
        if (!of.path("type").asText().equals("Document")) {
          requests.add(of.path("request").path("url").asText());
        }
      }
      case "Runtime.exceptionThrown" -> errors.add(of.toString());
      case "Runtime.consoleAPICalled" -> {
        if (of.path("type").asText().equals("error")) {
          errors.add(of.toString());
        }
      }
      case "Log.entryAdded" -> {
        if (of.path("entry").path("level").asText().equals("error")) {
          errors.add(of.toString());
        }
      }
      default -> {}
    }
  }

  /** Joins the pieces in which messages come. */
  private final class Listener implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
      text.append(part);
      if (last) {
        try {
          messages.add(JSON.readTree(text.toString()));
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
        text.setLength(0);
      }
      from.request(1);
      return null;
    }
  }

  @Override
  public void close() {
    if (socket != null) {
      socket.abort();
    }
    List<ProcessHandle> all =
        Stream.concat(process.descendants(), Stream.of(process.toHandle())).toList();
    all.forEach(ProcessHandle::destroyForcibly);
    // Then its profile can be deleted, but for links to nowhere.
    process.onExit().orTimeout(SECONDS, TimeUnit.SECONDS).join();
    for (String link : List.of("SingletonLock", "SingletonCookie", "SingletonSocket")) {
      profile.resolve(link).toFile().delete();
    }
  }
}
