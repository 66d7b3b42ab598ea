package dev.heddle.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * A hub with the one model {@code weaver/loom}, and a store on another port that it redirects to
 * for safetensors and GGUF files, as the real one does.
 */
final class HubServer implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  /** {@code GET hub /path token bytes=…}, in the order they came. */
  final List<String> requests = new CopyOnWriteArrayList<>();

  private final Map<String, byte[]> files = new TreeMap<>();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch end = new CountDownLatch(1);
  private final HttpServer hub = server(this::answerAsHub);
  private final HttpServer store = server(this::answerAsStore);

  volatile String commit = COMMIT;
  volatile int status = 200;
  volatile String errorCode;

  /** How many connections the store closes after {@link #piece} bytes. */
  volatile int breaks;

  volatile int piece;

  /** The first byte of a file that the store never gives. */
  volatile int endsAt = Integer.MAX_VALUE;

  volatile boolean stalls;
  volatile boolean knowsRanges = true;

  /** What the store gives in place of the file. */
  volatile byte[] wrong;

  volatile String etag;

  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  private HttpServer server(Answer answer) {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setExecutor(threads);
      server.createContext(
          "/",
          exchange -> {
            try (exchange) {
              answer.to(exchange);
            }
          });
      server.start();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  URI address() {
    return address(hub);
  }

  private static URI address(HttpServer server) {
    return URI.create("http://localhost:" + server.getAddress().getPort());
  }

  HubServer with(String path, String text) {
    return with(path, text.getBytes(StandardCharsets.UTF_8));
  }

  HubServer with(String path, byte[] bytes) {
    files.put(path, bytes);
    return this;
  }

  /** Requests to the store, each with its range. */
  List<String> fetches() {
    return requests.stream().filter(request -> request.contains(" store ")).toList();
  }

  private void note(HttpExchange exchange, String where) {
    String token = exchange.getRequestHeaders().getFirst("Authorization");
    String range = exchange.getRequestHeaders().getFirst("Range");
    requests.add(
        "%s %s %s%s%s"
            .formatted(
                exchange.getRequestMethod(),
                where,
                exchange.getRequestURI().getRawPath(),
                token == null ? "" : " " + token,
                range == null ? "" : " " + range));
  }

  private void answerAsHub(HttpExchange exchange) throws IOException {
    note(exchange, "hub");
    String path = exchange.getRequestURI().getPath();
    if (errorCode != null) {
      exchange.getResponseHeaders().add("X-Error-Code", errorCode);
    }
    if (status != 200) {
      exchange.sendResponseHeaders(status, -1);
    } else if (path.equals("/api/models/weaver/loom/revision/main")) {
      String siblings =
          files.keySet().stream()
              .map("{\"rfilename\": \"%s\"}"::formatted)
              .collect(Collectors.joining(", "));
      byte[] listing =
          "{\"sha\": \"%s\", \"siblings\": [%s]}"
              .formatted(commit, siblings)
              .getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, listing.length);
      exchange.getResponseBody().write(listing);
    } else {
      String[] parts = path.split("/", 6); // /weaver/loom/resolve/REVISION/FILE
      boolean known = parts.length == 6 && List.of("main", commit).contains(parts[4]);
      byte[] file = known ? files.get(parts[5]) : null;
      if (file == null) {
        exchange.sendResponseHeaders(404, -1);
      } else {
        exchange.getResponseHeaders().add("X-Repo-Commit", commit);
        resolve(exchange, parts[5], file);
      }
    }
  }

  private void resolve(HttpExchange exchange, String path, byte[] file) throws IOException {
    boolean large = path.endsWith(".safetensors") || path.endsWith(".gguf");
    if (large) {
      String sum = etag != null ? etag : digest("SHA-256", file);
      exchange.getResponseHeaders().add("X-Linked-Etag", '"' + sum + '"');
      exchange.getResponseHeaders().add("X-Linked-Size", Integer.toString(file.length));
      exchange.getResponseHeaders().add("Location", address(store) + "/" + path);
      exchange.sendResponseHeaders(302, -1);
      return;
    }
    byte[] prefix = ("blob " + file.length + "\0").getBytes(StandardCharsets.US_ASCII);
    byte[] named = Arrays.copyOf(prefix, prefix.length + file.length);
    System.arraycopy(file, 0, named, prefix.length, file.length);
    exchange.getResponseHeaders().add("ETag", '"' + digest("SHA-1", named) + '"');
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().add("Content-Length", Integer.toString(file.length));
      exchange.sendResponseHeaders(200, -1);
    } else {
      exchange.sendResponseHeaders(200, file.length);
      exchange.getResponseBody().write(file);
    }
  }

  private void answerAsStore(HttpExchange exchange) throws IOException {
    note(exchange, "store");
    byte[] file = files.get(exchange.getRequestURI().getPath().substring(1));
    byte[] bytes = wrong == null ? file : wrong;
    String range = exchange.getRequestHeaders().getFirst("Range");
    int from = 0;
    if (range != null && knowsRanges) {
      from = Integer.parseInt(range.replaceAll("\\D", ""));
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes %d-%d/%d".formatted(from, bytes.length - 1, bytes.length));
    }
    exchange.sendResponseHeaders(from > 0 ? 206 : 200, bytes.length - from);
    int end = Math.min(bytes.length, endsAt);
    if (breaks > 0) {
      breaks--;
      end = Math.min(end, from + piece);
    }
    OutputStream body = exchange.getResponseBody();
    body.write(bytes, from, Math.max(0, end - from));
    body.flush();
    if (stalls) {
      await();
    }
  }

  private void await() {
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static String digest(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    end.countDown();
    hub.stop(0);
    store.stop(0);
    threads.shutdownNow();
  }
}
