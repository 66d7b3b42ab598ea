package dev.heddle.hub;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model of the hub, or one of its files: {@code OWNER/NAME[:FILE]}.
 *
 * @param owner a user or an organisation
 * @param name the model's name there
 * @param file a path within the model, with slashes; null for the files that make the model
 */
public record HubReference(String owner, String name, String file) {
  /** The hub's rule; so no part leads up a folder, and two dashes part owner and name on disk. */
  private static final Pattern PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}");

  private static final Pattern REFERENCE = Pattern.compile("([^/:]+)/([^/:]+)(?::(.+))?");

  /** What no system takes for a separator, a drive or an end. */
  private static final Pattern FILE_PART = Pattern.compile("[^/\\\\:\\p{Cntrl}]+");

  /** Checks each part. */
  public HubReference {
    if (!isPart(owner) || !isPart(name) || file != null && !isFile(file)) {
      throw malformed(owner + "/" + name + (file == null ? "" : ":" + file));
    }
  }

  /**
   * Reads {@code OWNER/NAME} or {@code OWNER/NAME:FILE}.
   *
   * @throws HubException if {@code text} is neither
   */
  public static HubReference parse(String text) {
    return find(text).orElseThrow(() -> malformed(text));
  }

  /** The same; empty if {@code text} is neither. */
  public static Optional<HubReference> find(String text) {
    Matcher parts = REFERENCE.matcher(text);
    boolean fits =
        parts.matches()
            && isPart(parts.group(1))
            && isPart(parts.group(2))
            && (parts.group(3) == null || isFile(parts.group(3)));
    return fits
        ? Optional.of(new HubReference(parts.group(1), parts.group(2), parts.group(3)))
        : Optional.empty();
  }

  private static boolean isPart(String part) {
    return PART.matcher(part).matches() && !part.contains("--") && !part.contains("..");
  }

  /** Whether {@code path} names a file below a folder on any system. */
  static boolean isFile(String path) {
    for (String part : path.split("/", -1)) {
      if (!FILE_PART.matcher(part).matches() || part.equals(".") || part.equals("..")) {
        return false;
      }
    }
    return true;
  }

  private static HubException malformed(String text) {
    return new HubException(
        HubException.Reason.MALFORMED,
        "\"%s\" is not OWNER/NAME[:FILE]; for instance HuggingFaceTB/SmolLM2-135M-Instruct"
            .formatted(text.replaceAll("\\p{Cntrl}", "?")));
  }

  /** {@code OWNER/NAME}. */
  public String repository() {
    return owner + "/" + name;
  }

  @Override
  public String toString() {
    return file == null ? repository() : repository() + ":" + file;
  }
}
