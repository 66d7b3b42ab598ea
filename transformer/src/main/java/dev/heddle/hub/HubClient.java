package dev.heddle.hub;

import dev.heddle.hub.HubException.Reason;
import dev.heddle.weights.JsonField;
import dev.heddle.weights.JsonFields;
import dev.heddle.weights.WeightFileException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The hub's protocol: what a model has, what a file is, its bytes. Redirects are followed here, for
 * the token goes to the hub alone, and to nobody it redirects to.
 */
final class HubClient implements AutoCloseable {
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final Set<Integer> PASSING = Set.of(408, 429, 500, 502, 503, 504);
  private static final int MOST_REDIRECTS = 10;
  private static final int ATTEMPTS = 4;
  private static final int LONGEST_LISTING = 64 << 20;

  private final HubSettings settings;
  private final Patience patience;
  private final HttpClient http;

  /**
   * How long to wait.
   *
   * @param answer for a connection, for an answer's head, and for more of its body
   * @param pause before the first repetition; each further one waits twice as long
   */
  record Patience(Duration answer, Duration pause) {
    static final Patience USUAL = new Patience(Duration.ofSeconds(60), Duration.ofSeconds(1));

    /** Before attempt {@code attempt}, 1 being the first repetition. */
    void pause(int attempt) throws InterruptedException {
      Thread.sleep(pause.multipliedBy(1L << (attempt - 1)));
    }
  }

  HubClient(HubSettings settings, Patience patience) {
    this.settings = settings;
    this.patience = patience;
    this.http =
        HttpClient.newBuilder()
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(patience.answer())
            .build();
  }

  Patience patience() {
    return patience;
  }

  /**
   * A model at one commit.
   *
   * @param commit what the revision names now
   * @param files all its files
   */
  record Listing(String commit, List<String> files) {}

  /** What {@code revision} of a model has. */
  Listing listing(HubReference reference, String revision) throws InterruptedException {
    URI address =
        address("/api/models/" + reference.repository() + "/revision/" + encoded(revision));
    HttpResponse<InputStream> response = get(address, reference, revision, 0);
    try (InputStream body = response.body()) {
      JsonFields fields =
          JsonFields.of(body.readNBytes(LONGEST_LISTING), Path.of("the hub's listing"));
      String commit = name(reference, "commit", fields.field("sha").string());
      List<String> files =
          fields.field("siblings").elements().stream()
              .map(JsonField::object)
              .map(file -> file.field("rfilename").string())
              .filter(HubReference::isFile)
              .toList();
      return new Listing(commit, files);
    } catch (WeightFileException e) {
      throw new HubException(
          Reason.UNREACHABLE,
          "%s: what %s answers is not a hub's: %s"
              .formatted(reference, settings.endpoint(), e.getMessage()),
          e);
    } catch (IOException e) {
      throw unreachable(reference, e);
    }
  }

  /** What {@code path} of a model is, at {@code revision}. */
  RemoteFile file(HubReference reference, String revision, String path)
      throws InterruptedException {
    HttpResponse<InputStream> response =
        exchange("HEAD", resolve(reference, revision, path), 0, reference, revision);
    close(response);
    HttpHeaders headers = response.headers();
    String commit = headers.firstValue("X-Repo-Commit").orElse("");
    String etag =
        headers
            .firstValue("X-Linked-Etag")
            .or(() -> headers.firstValue("ETag"))
            .map(text -> text.replaceFirst("^W/", "").replace("\"", ""))
            .orElse("");
    // Of a redirect, the length is that of its own text.
    boolean here = response.statusCode() == 200;
    long size =
        headers
            .firstValueAsLong("X-Linked-Size")
            .orElse(here ? headers.firstValueAsLong("Content-Length").orElse(-1) : -1);
    return new RemoteFile(
        path, name(reference, "commit", commit), name(reference, "ETag", etag), size);
  }

  /**
   * The bytes of a file from {@code offset} on, if the server has a part of it at all: status 206
   * says so, 200 that it begins anew.
   */
  HttpResponse<InputStream> bytes(HubReference reference, RemoteFile file, long offset)
      throws InterruptedException {
    return get(resolve(reference, file.commit(), file.path()), reference, file.commit(), offset);
  }

  private HttpResponse<InputStream> get(
      URI address, HubReference reference, String revision, long offset)
      throws InterruptedException {
    return exchange("GET", address, offset, reference, revision);
  }

  /** An answer that is one; what may pass is tried again. */
  private HttpResponse<InputStream> exchange(
      String method, URI address, long offset, HubReference reference, String revision)
      throws InterruptedException {
    for (int attempt = 1; ; attempt++) {
      try {
        HttpResponse<InputStream> response = follow(method, address, offset);
        int status = response.statusCode();
        boolean answer = status < 400 || status == 416;
        if (answer) {
          return response;
        }
        close(response);
        if (!PASSING.contains(status) || attempt == ATTEMPTS) {
          throw refused(reference, revision, response);
        }
      } catch (IOException e) {
        if (attempt == ATTEMPTS) {
          throw unreachable(reference, e);
        }
      }
      patience.pause(attempt);
    }
  }

  /** Goes where the answers lead; a question for a file's head stops where its bytes are. */
  private HttpResponse<InputStream> follow(String method, URI first, long offset)
      throws IOException, InterruptedException {
    URI address = first;
    for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      HttpResponse<InputStream> response =
          http.send(request(method, address, offset), BodyHandlers.ofInputStream());
      Optional<String> location = response.headers().firstValue("Location");
      if (!REDIRECTS.contains(response.statusCode()) || location.isEmpty()) {
        return response;
      }
      boolean told = response.headers().firstValue("X-Linked-Etag").isPresent();
      if (method.equals("HEAD") && told) {
        return response;
      }
      close(response);
      URI next = target(address, location.get());
      if (address.getScheme().equals("https") && !"https".equals(next.getScheme())) {
        throw new IOException(address.getHost() + " redirects to an address without encryption");
      }
      address = next;
    }
    throw new IOException("more than %d redirects from %s".formatted(MOST_REDIRECTS, first));
  }

  private static URI target(URI address, String location) throws IOException {
    try {
      URI target = address.resolve(location);
      if (target.getHost() == null) {
        throw new IOException("a redirect to \"%s\"".formatted(location));
      }
      return target;
    } catch (IllegalArgumentException e) {
      throw new IOException("a redirect to \"%s\"".formatted(location), e);
    }
  }

  private HttpRequest request(String method, URI address, long offset) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .timeout(patience.answer())
            .header("Accept-Encoding", "identity")
            .header("User-Agent", "heddle");
    if (settings.token() != null && isHub(address)) {
      request.header("Authorization", "Bearer " + settings.token());
    }
    if (offset > 0) {
      request.header("Range", "bytes=" + offset + "-");
    }
    return request.build();
  }

  /** Same scheme, host and port. */
  private boolean isHub(URI address) {
    URI hub = settings.endpoint();
    return hub.getScheme().equals(address.getScheme())
        && hub.getHost().equalsIgnoreCase(address.getHost())
        && hub.getPort() == address.getPort();
  }

  private URI resolve(HubReference reference, String revision, String path) {
    StringBuilder address = new StringBuilder("/").append(reference.repository());
    address.append("/resolve/").append(encoded(revision));
    for (String part : path.split("/")) {
      address.append('/').append(encoded(part));
    }
    return address(address.toString());
  }

  private URI address(String path) {
    return URI.create(settings.endpoint() + path);
  }

  private static String encoded(String part) {
    return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private String name(HubReference reference, String what, String value) {
    if (HubCache.isName(value)) {
      return value;
    }
    throw new HubException(
        Reason.UNREACHABLE,
        "%s: %s gives \"%s\" as %s, as no hub does; HF_ENDPOINT names the hub"
            .formatted(reference, settings.endpoint(), value, what));
  }

  private HubException refused(
      HubReference reference, String revision, HttpResponse<InputStream> response) {
    int status = response.statusCode();
    String code = response.headers().firstValue("X-Error-Code").orElse("");
    String page = settings.endpoint() + "/" + reference.repository();
    boolean asked = settings.token() != null;
    return switch (status) {
      case 401, 403 ->
          new HubException(
              Reason.REFUSED,
              "%s: the hub refuses it (%d): %s"
                  .formatted(
                      reference,
                      status,
                      code.equals("GatedRepo") || asked && status == 403
                          ? "accept its terms at %s, with the account of HF_TOKEN".formatted(page)
                          : asked
                              ? "there is no such model, or the token may not read it"
                              : "there is no such model, or it needs a token: set HF_TOKEN"));
      case 404 ->
          new HubException(
              Reason.NOT_FOUND,
              switch (code) {
                case "RevisionNotFound" ->
                    "%s has no revision \"%s\": see %s".formatted(reference, revision, page);
                case "RepoNotFound" ->
                    "%s: there is no such model at %s".formatted(reference, page);
                default ->
                    "%s: %s answers that there is none (404), at revision %s: see %s/tree/%s"
                        .formatted(
                            reference, settings.endpoint().getHost(), revision, page, revision);
              });
      default ->
          new HubException(
              Reason.UNREACHABLE,
              "%s: %s answers with status %d%s; try again later"
                  .formatted(
                      reference,
                      response.uri().getHost(),
                      status,
                      status == 429 ? ", too many requests" : ""));
    };
  }

  private HubException unreachable(HubReference reference, IOException e) {
    String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return new HubException(
        Reason.UNREACHABLE,
        "%s: no answer from %s: %s. With HF_HUB_OFFLINE=1 what is in the cache is taken"
            .formatted(reference, settings.endpoint(), why),
        e);
  }

  private static void close(HttpResponse<InputStream> response) {
    try {
      response.body().close();
    } catch (IOException e) {
      // Nobody wants the rest.
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
    http.close();
  }
}
