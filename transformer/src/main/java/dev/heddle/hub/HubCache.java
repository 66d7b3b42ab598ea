package dev.heddle.hub;

import dev.heddle.cache.CacheFolder;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The hub's cache folder, laid out as its own libraries do (the hub's documentation, "Hub Local
 * Cache"), so that they and Heddle share what any of them fetched:
 *
 * <pre>
 * models--OWNER--NAME/blobs/ETAG               the bytes of a file, whole
 * models--OWNER--NAME/snapshots/COMMIT/PATH    a link to them
 * models--OWNER--NAME/refs/REVISION            the commit that a branch or tag names
 * .locks/models--OWNER--NAME/ETAG.lock         held by who fetches a blob
 * </pre>
 *
 * @param root the folder
 */
record HubCache(Path root) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,128}");
  private static final long LOCK_RETRY_MILLIS = 100;

  /** Whether {@code name}, a commit or ETag that a server gave, may become a file's name. */
  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  private static String folderName(HubReference reference) {
    return "models--" + reference.owner() + "--" + reference.name();
  }

  private Path folder(HubReference reference) {
    return root.resolve(folderName(reference));
  }

  /** Where the bytes of {@code file} are, or will be. */
  Path blob(HubReference reference, RemoteFile file) {
    return folder(reference).resolve("blobs").resolve(file.etag());
  }

  /** The folder with a commit's files. */
  Path snapshot(HubReference reference, String commit) {
    return folder(reference).resolve("snapshots").resolve(commit);
  }

  /** The commit that {@code revision} named when it was last fetched, if its files are there. */
  Optional<Path> snapshotOf(HubReference reference, String revision) throws IOException {
    Path ref = folder(reference).resolve("refs").resolve(revision);
    String commit = Files.isRegularFile(ref) ? Files.readString(ref).strip() : revision;
    Path snapshot = isName(commit) ? snapshot(reference, commit) : null;
    return snapshot != null && Files.isDirectory(snapshot)
        ? Optional.of(snapshot)
        : Optional.empty();
  }

  /** Notes which commit {@code revision} names: the last step, when its files are there. */
  void name(HubReference reference, String revision, String commit) throws IOException {
    if (revision.equals(commit)) {
      return;
    }
    Path ref = folder(reference).resolve("refs").resolve(revision);
    if (Files.isRegularFile(ref) && Files.readString(ref).equals(commit)) {
      return;
    }
    Files.createDirectories(ref.getParent());
    CacheFolder.replace(ref, part -> Files.writeString(part, commit));
  }

  /**
   * Lets the snapshot have the blob at {@code path}: by a symbolic link; where the system has none
   * or allows none, by a hard link; else as a copy.
   */
  static void link(Path blob, Path path) throws IOException {
    Files.createDirectories(path.getParent());
    try {
      Files.createSymbolicLink(path, path.getParent().relativize(blob));
    } catch (FileAlreadyExistsException e) {
      if (Files.exists(path)) {
        return; // Another pull was first.
      }
      Files.delete(path); // A link whose blob somebody deleted.
      link(blob, path);
    } catch (UnsupportedOperationException | FileSystemException e) {
      CacheFolder.replace(
          path,
          part -> {
            Files.delete(part);
            try {
              Files.createLink(part, blob);
            } catch (UnsupportedOperationException | FileSystemException none) {
              Files.copy(blob, part);
            }
          });
    }
  }

  /** A right to fetch that nobody else has; waits for who has it, in this process or another. */
  Held lock(HubReference reference, RemoteFile file) throws IOException, InterruptedException {
    Path folder = Files.createDirectories(root.resolve(".locks").resolve(folderName(reference)));
    FileChannel channel =
        FileChannel.open(
            folder.resolve(file.etag() + ".lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE);
    try {
      while (true) {
        FileLock lock = tryLock(channel);
        if (lock != null) {
          return new Held(channel);
        }
        Thread.sleep(LOCK_RETRY_MILLIS);
      }
    } catch (Throwable e) {
      channel.close();
      throw e;
    }
  }

  private static FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // Another thread of this process has it.
    }
  }

  /** Given up when closed, or when the process ends. The file stays: others may wait for it. */
  record Held(FileChannel channel) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
