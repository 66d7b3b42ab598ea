package dev.heddle.hub;

import dev.heddle.hub.HubException.Reason;
import dev.heddle.weights.MavenModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The Hugging Face hub, or what speaks its protocol, and its cache folder.
 *
 * {@snippet :
 * Hub hub = Hub.standard();
 * Path folder = hub.pull(HubReference.parse("HuggingFaceTB/SmolLM2-135M-Instruct"));
 * }
 *
 * <p>Any number of threads and processes may pull at once. What broke off goes on where it stood. A
 * file is in the cache whole, with the checksum that the hub tells of, or not at all; a revision's
 * name leads to a new commit only when all files that were asked for are there.
 */
public final class Hub {
  /** The revision that is meant where none is named. */
  public static final String MAIN = "main";

  private static final Pattern REVISION = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_./-]*");

  private final HubSettings settings;
  private final HubClient.Patience patience;
  private final HubCache cache;

  Hub(HubSettings settings, HubClient.Patience patience) {
    this.settings = settings;
    this.patience = patience;
    this.cache = new HubCache(settings.cache().toAbsolutePath());
  }

  /** A hub. */
  public static Hub of(HubSettings settings) {
    return new Hub(settings, HubClient.Patience.USUAL);
  }

  /**
   * The hub that the environment names.
   *
   * @throws HubException if what the environment says cannot be
   */
  public static Hub standard() {
    return of(HubSettings.fromEnvironment());
  }

  /** Fetches the main revision of a model, without telling how far it is. */
  public Path pull(HubReference reference) {
    return pull(reference, MAIN, (doing, bytes, total) -> {});
  }

  /**
   * Fetches what is not in the cache of a model: the one file that {@code reference} names, or
   * configuration, tokenizer and weights (safetensors; where there are none, the one GGUF model, or
   * {@code model.onnx}).
   *
   * @param revision a branch, a tag or a commit
   * @param progress told of each file's bytes
   * @return the file, or the folder with the files
   * @throws HubException if it cannot be had; {@link HubException#reason} says why
   */
  public Path pull(HubReference reference, String revision, MavenModels.Progress progress) {
    if (settings.offline()) {
      return find(reference, revision)
          .orElseThrow(() ->
              new HubException(
                  Reason.OFFLINE,
                  "%s is not in %s, and HF_HUB_OFFLINE forbids to fetch it"
                      .formatted(reference, cache.root())));
    }
    requireRevision(revision);
    try (HubClient client = new HubClient(settings, patience)) {
      return reference.file() == null
          ? pullModel(client, reference, revision, progress)
          : pullFile(client, reference, revision, progress);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException(
          Reason.INTERRUPTED,
          "%s: interrupted; the next pull goes on from there".formatted(reference),
          e);
    } catch (IOException e) {
      throw new HubException(
          Reason.DISK,
          "%s cannot be kept in %s: %s; HF_HUB_CACHE names another folder"
              .formatted(reference, cache.root(), e),
          e);
    }
  }

  private Path pullModel(
      HubClient client, HubReference reference, String revision, MavenModels.Progress progress)
      throws IOException, InterruptedException {
    HubClient.Listing listing = client.listing(reference, revision);
    List<String> files = ModelFiles.choose(reference, listing.files());
    Path snapshot = cache.snapshot(reference, listing.commit());
    for (String path : files) {
      // A commit never changes, so what is there is right.
      if (!Files.exists(snapshot.resolve(path))) {
        RemoteFile file = client.file(reference, listing.commit(), path);
        Path blob = new Download(client, cache, reference, file, progress).run();
        HubCache.link(blob, snapshot.resolve(path));
      }
    }
    cache.name(reference, revision, listing.commit());
    return snapshot;
  }

  private Path pullFile(
      HubClient client, HubReference reference, String revision, MavenModels.Progress progress)
      throws IOException, InterruptedException {
    RemoteFile file = client.file(reference, revision, reference.file());
    Path path = cache.snapshot(reference, file.commit()).resolve(file.path());
    if (!Files.exists(path)) {
      HubCache.link(new Download(client, cache, reference, file, progress).run(), path);
    }
    cache.name(reference, revision, file.commit());
    return path;
  }

  /**
   * The file, or the folder of the model, in the cache; nothing is fetched.
   *
   * @throws HubException if the cache cannot be read
   */
  public Optional<Path> find(HubReference reference, String revision) {
    requireRevision(revision);
    try {
      return cache
          .snapshotOf(reference, revision)
          .map(folder -> reference.file() == null ? folder : folder.resolve(reference.file()))
          .filter(Files::exists);
    } catch (IOException e) {
      throw new HubException(
          Reason.DISK, "%s: %s cannot be read: %s".formatted(reference, cache.root(), e), e);
    }
  }

  private static void requireRevision(String revision) {
    if (!REVISION.matcher(revision).matches() || !HubReference.isFile(revision)) {
      throw new HubException(
          Reason.MALFORMED,
          "\"%s\" is not a revision; expected a branch, a tag or a commit"
              .formatted(revision.replaceAll("\\p{Cntrl}", "?")));
    }
  }
}
