package dev.heddle.kernels;

import dev.heddle.cache.CacheFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Programs that processes before this one compiled: a file each, named by all that its content
 * depends on. What is unreadable or not whole is deleted; a cache that cannot be written is none.
 */
public final class ProgramCache {
  private static final String ENDING = ".bin";

  /** Bytes that a file begins with: SHA-256 of the others. */
  private static final int DIGEST = 32;

  /** Bytes of all files. */
  private static final long MOST = 256L << 20;

  private final Path folder;
  private final long most;
  private final AtomicBoolean trimmed = new AtomicBoolean();

  private ProgramCache(Path folder, long most) {
    this.folder = folder;
    this.most = most;
  }

  /**
   * The user's, or what the system property {@code heddle.BACKEND.cache} says: another folder, or
   * {@code off}.
   *
   * @param backend the backend's name, {@code opencl}
   */
  public static ProgramCache standard(String backend) {
    String chosen = System.getProperty("heddle." + backend + ".cache");
    if (chosen != null && chosen.equals("off")) {
      return off();
    }
    return in(
        chosen == null || chosen.isBlank() ? CacheFolder.path().resolve(backend) : Path.of(chosen));
  }

  /** One in another folder. */
  public static ProgramCache in(Path folder) {
    return in(folder, MOST);
  }

  /** One that is cut to half of {@code most} bytes when it is found to hold more. */
  static ProgramCache in(Path folder, long most) {
    return new ProgramCache(folder, most);
  }

  /** One that finds nothing and keeps nothing. */
  public static ProgramCache off() {
    return new ProgramCache(null, 0);
  }

  /** Whether it keeps anything. */
  public boolean isOn() {
    return folder != null;
  }

  /**
   * A name for what the compiler makes of {@code text}.
   *
   * @param version what else its work depends on: device, driver, compiler
   */
  public static String key(String text, String options, List<String> version) {
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
  public byte[] find(String key) {
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
          touch(file);
          return program;
        }
      }
    } catch (IOException e) {
      return null;
    }
    drop(key);
    return null;
  }

  /** So that what is used stays when the cache is cut. */
  private static void touch(Path file) {
    try {
      Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis()));
    } catch (IOException e) {
      // The folder may be read only.
    }
  }

  private Path file(String key) {
    return folder.resolve(key + ENDING);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Keeps a program, whole or not at all. */
  public void store(String key, byte[] program) {
    if (folder == null) {
      return;
    }
    try {
      Files.createDirectories(folder);
      if (!trimmed.getAndSet(true)) {
        trim();
      }
      CacheFolder.replace(
          file(key),
          part -> {
            Files.write(part, sha256().digest(program));
            Files.write(part, program, StandardOpenOption.APPEND);
          });
    } catch (IOException | DirectoryIteratorException e) {
      System.getLogger(ProgramCache.class.getName())
          .log(
              System.Logger.Level.DEBUG,
              () -> "Compiled kernels are not kept in " + folder + ": " + e);
    }
  }

  /** Deletes what was not used for longest until half of the most is left. */
  private void trim() throws IOException {
    record Entry(Path file, long bytes, FileTime used) {}
    List<Entry> entries = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        BasicFileAttributes about = Files.readAttributes(file, BasicFileAttributes.class);
        entries.add(new Entry(file, about.size(), about.lastModifiedTime()));
      }
    }
    long bytes = entries.stream().mapToLong(Entry::bytes).sum();
    if (bytes <= most) {
      return;
    }
    entries.sort(Comparator.comparing(Entry::used));
    for (Entry entry : entries) {
      if (bytes <= most / 2) {
        return;
      }
      Files.deleteIfExists(entry.file);
      bytes -= entry.bytes;
    }
  }

  /** Forgets a program, one that the driver refuses. */
  public void drop(String key) {
    try {
      Files.deleteIfExists(file(key));
    } catch (IOException e) {
      // It stays, and is refused again until a program of its name is stored.
    }
  }
}
