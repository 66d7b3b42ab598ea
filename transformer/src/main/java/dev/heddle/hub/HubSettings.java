package dev.heddle.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Where the hub is, where its files are kept, and who asks: as the hub's own libraries take it from
 * the environment.
 *
 * @param endpoint {@code HF_ENDPOINT}, else {@code https://huggingface.co}; no slash at its end
 * @param cache {@code HF_HUB_CACHE}, else {@code hub} in {@code HF_HOME}, else {@code
 *     ~/.cache/huggingface/hub} ({@code XDG_CACHE_HOME} in place of {@code ~/.cache})
 * @param token {@code HF_TOKEN}, else what the file {@code HF_TOKEN_PATH} or {@code token} in
 *     {@code HF_HOME} holds; null without one
 * @param offline whether {@code HF_HUB_OFFLINE} is 1, on, yes or true: nothing is fetched
 */
public record HubSettings(URI endpoint, Path cache, String token, boolean offline) {
  private static final String ENDPOINT = "https://huggingface.co";
  private static final Set<String> TRUE = Set.of("1", "on", "yes", "true");

  /** Checks the address and the token. */
  public HubSettings {
    String scheme = endpoint.getScheme();
    boolean http = "https".equals(scheme) || "http".equals(scheme);
    if (!http || endpoint.getHost() == null || endpoint.getRawQuery() != null) {
      throw new HubException(
          HubException.Reason.MALFORMED,
          "HF_ENDPOINT %s: expected an address such as %s".formatted(endpoint, ENDPOINT));
    }
    if (token != null && !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new HubException(
          HubException.Reason.MALFORMED,
          "the token of HF_TOKEN or its file holds a character that no token has (a space, a line"
              + " break?)");
    }
  }

  /**
   * What this process's environment says.
   *
   * @throws HubException if the address or the token cannot be one, or the token's file cannot be
   *     read
   */
  public static HubSettings fromEnvironment() {
    return of(System::getenv, Path.of(System.getProperty("user.home")));
  }

  /** The same for any environment, which gives null for what is not set, and home folder. */
  public static HubSettings of(UnaryOperator<String> environment, Path home) {
    String base = value(environment, "XDG_CACHE_HOME");
    Path caches = base == null ? home.resolve(".cache") : Path.of(base);
    Path hub = folder(environment, "HF_HOME", home, caches.resolve("huggingface"));
    Path cache = folder(environment, "HF_HUB_CACHE", home, hub.resolve("hub"));
    String endpoint = value(environment, "HF_ENDPOINT");
    String offline = value(environment, "HF_HUB_OFFLINE");
    return new HubSettings(
        address(endpoint == null ? ENDPOINT : endpoint.replaceAll("/+$", "")),
        cache,
        token(environment, folder(environment, "HF_TOKEN_PATH", home, hub.resolve("token"))),
        offline != null && TRUE.contains(offline.toLowerCase(Locale.ROOT)));
  }

  private static URI address(String text) {
    try {
      return URI.create(text);
    } catch (IllegalArgumentException e) {
      throw new HubException(
          HubException.Reason.MALFORMED,
          "HF_ENDPOINT %s: expected an address such as %s".formatted(text, ENDPOINT),
          e);
    }
  }

  private static String token(UnaryOperator<String> environment, Path file) {
    String token = value(environment, "HF_TOKEN");
    if (token != null || !Files.isRegularFile(file)) {
      return token;
    }
    try {
      String text = Files.readString(file).strip();
      return text.isEmpty() ? null : text;
    } catch (IOException e) {
      throw new HubException(
          HubException.Reason.MALFORMED, "%s: the token cannot be read: %s".formatted(file, e), e);
    }
  }

  private static Path folder(
      UnaryOperator<String> environment, String name, Path home, Path otherwise) {
    String value = value(environment, name);
    if (value == null) {
      return otherwise;
    }
    return value.startsWith("~/") ? home.resolve(value.substring(2)) : Path.of(value);
  }

  private static String value(UnaryOperator<String> environment, String name) {
    String value = environment.apply(name);
    return value == null || value.isBlank() ? null : value.strip();
  }

  /** Without the token, which is nobody else's business. */
  @Override
  public String toString() {
    return "%s, %s%s%s"
        .formatted(endpoint, cache, token == null ? "" : ", a token", offline ? ", offline" : "");
  }
}
