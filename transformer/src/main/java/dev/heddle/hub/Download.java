package dev.heddle.hub;

import dev.heddle.hub.HubException.Reason;
import dev.heddle.weights.MavenModels;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fetches one file into the cache. Bytes gather in {@code ETAG.heddle.incomplete} beside the blob,
 * where the next attempt, or the next pull, goes on; the blob appears in one step, when all bytes
 * are there and are the ones that the hub's checksum tells of.
 */
final class Download {
  private static final int CHUNK = 1 << 20;
  private static final int ATTEMPTS = 5;
  private static final int SHA256_DIGITS = 64;
  private static final int SHA1_DIGITS = 40;
  private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d+)-\\d+/.*");

  private final HubClient client;
  private final HubCache cache;
  private final HubReference reference;
  private final RemoteFile file;
  private final MavenModels.Progress progress;
  private final Path partial;

  Download(
      HubClient client,
      HubCache cache,
      HubReference reference,
      RemoteFile file,
      MavenModels.Progress progress) {
    this.client = client;
    this.cache = cache;
    this.reference = reference;
    this.file = file;
    this.progress = progress;
    this.partial = cache.blob(reference, file).resolveSibling(file.etag() + ".heddle.incomplete");
  }

  /** Makes the blob, unless it is there. One pull at a time does so; others wait, and have it. */
  Path run() throws IOException, InterruptedException {
    Path blob = cache.blob(reference, file);
    if (Files.exists(blob)) {
      return blob;
    }
    Files.createDirectories(blob.getParent());
    try (HubCache.Held _ = cache.lock(reference, file)) {
      if (Files.exists(blob)) {
        return blob;
      }
      boolean begun = Files.exists(partial);
      fetch();
      String wrong = difference();
      if (wrong != null && begun) {
        // What an earlier attempt left may have been wrong: once more, from the first byte.
        Files.delete(partial);
        fetch();
        wrong = difference();
      }
      if (wrong != null) {
        Files.delete(partial);
        throw new HubException(
            Reason.CHECKSUM,
            "%s: %s came wrong: %s. Nothing of it was kept; try again"
                .formatted(reference.repository(), file.path(), wrong));
      }
      Files.move(partial, blob, StandardCopyOption.ATOMIC_MOVE);
      return blob;
    }
  }

  /** Until all bytes are there, or several attempts in a row brought none. */
  private void fetch() throws InterruptedException {
    try (FileChannel out =
        FileChannel.open(partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      if (file.size() < 0 || out.size() > file.size()) {
        out.truncate(0); // Without a length, nobody knows what is missing.
      }
      requireRoom(out.size());
      int failures = 0;
      while (true) {
        long before = out.size();
        try {
          if (before != file.size()) {
            append(out, before);
          }
          if (file.size() < 0 || out.size() >= file.size()) {
            out.force(true);
            return;
          }
          throw new BrokenConnection("the connection ended early", null);
        } catch (BrokenConnection e) {
          failures = out.size() > before && file.size() >= 0 ? 1 : failures + 1;
          if (failures == ATTEMPTS) {
            throw new HubException(
                Reason.UNREACHABLE,
                "%s: %s broke off at %,d of %,d bytes: %s. The same command goes on from there"
                    .formatted(
                        reference.repository(),
                        file.path(),
                        out.size(),
                        file.size(),
                        e.getMessage()),
                e);
          }
          client.patience().pause(failures);
        }
      }
    } catch (IOException e) {
      throw disk(e);
    }
  }

  /** Something between the server and here, where all else is the disk. */
  private static final class BrokenConnection extends IOException {
    private static final long serialVersionUID = 1L;

    BrokenConnection(String message, IOException cause) {
      super(message, cause);
    }
  }

  private void append(FileChannel out, long have) throws IOException, InterruptedException {
    HttpResponse<InputStream> response = client.bytes(reference, file, have);
    try (InputStream in = response.body();
        StallGuard guard = new StallGuard(in, client.patience().answer())) {
      long offset =
          switch (response.statusCode()) {
            case 206 -> start(response);
            case 200 -> 0;
            default -> -1;
          };
      if (offset < 0 || offset > have) {
        out.truncate(0); // It knows no such part: from the first byte, next time.
        throw new BrokenConnection("the server has no bytes from " + have + " on", null);
      }
      out.truncate(offset).position(offset);
      byte[] chunk = new byte[CHUNK];
      long done = offset;
      while (true) {
        int read = read(in, chunk);
        if (read < 0) {
          return;
        }
        guard.alive();
        done += read;
        if (file.size() >= 0 && done > file.size()) {
          out.truncate(0);
          throw new BrokenConnection("more bytes than " + file.size(), null);
        }
        ByteBuffer bytes = ByteBuffer.wrap(chunk, 0, read);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        progress.update("fetching " + file.path(), done, file.size());
      }
    }
  }

  private static int read(InputStream in, byte[] chunk) throws IOException, InterruptedException {
    try {
      return in.read(chunk);
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      throw new BrokenConnection(e.getMessage(), e);
    }
  }

  private static long start(HttpResponse<InputStream> response) {
    Matcher range =
        CONTENT_RANGE.matcher(response.headers().firstValue("Content-Range").orElse(""));
    return range.matches() ? Long.parseLong(range.group(1)) : -1;
  }

  /** Says so now, not when the disk is full. */
  private void requireRoom(long have) throws IOException {
    long missing = file.size() - have;
    long room = Files.getFileStore(partial).getUsableSpace();
    if (missing > room) {
      throw new HubException(
          Reason.DISK,
          "%s: %s needs %,d bytes more, and %s has room for %,d; HF_HUB_CACHE names another folder"
              .formatted(reference.repository(), file.path(), missing, cache.root(), room));
    }
  }

  /** What is wrong with the bytes that are there; null if nothing. */
  private String difference() throws IOException {
    long length = Files.size(partial);
    if (file.size() >= 0 && length != file.size()) {
      return "%,d bytes, and the hub tells of %,d".formatted(length, file.size());
    }
    MessageDigest digest;
    switch (file.etag().length()) {
      case SHA256_DIGITS -> digest = digest("SHA-256");
      case SHA1_DIGITS -> {
        digest = digest("SHA-1");
        // How git names the bytes of a file.
        digest.update(("blob " + length + "\0").getBytes(StandardCharsets.US_ASCII));
      }
      default -> {
        return null; // A mirror's own name, which tells nothing of the bytes.
      }
    }
    try (InputStream in = Files.newInputStream(partial)) {
      byte[] chunk = new byte[CHUNK];
      long done = 0;
      for (int read; (read = in.read(chunk)) > 0; ) {
        digest.update(chunk, 0, read);
        done += read;
        progress.update("checking " + file.path(), done, length);
      }
    }
    String found = HexFormat.of().formatHex(digest.digest());
    return found.equals(file.etag().toLowerCase(Locale.ROOT))
        ? null
        : "its %s is %s, and the hub tells of %s"
            .formatted(digest.getAlgorithm(), found, file.etag());
  }

  private static MessageDigest digest(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has " + name, e);
    }
  }

  private HubException disk(IOException e) {
    return new HubException(
        Reason.DISK,
        "%s: %s cannot be kept in %s: %s; HF_HUB_CACHE names another folder"
            .formatted(reference.repository(), file.path(), cache.root(), e),
        e);
  }
}
