package dev.heddle.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Which sources this was built from.
 *
 * @param commit git's name for it; {@code unknown} where git is not there
 * @param changed whether files differed from it
 */
public record Revision(String commit, boolean changed) {
  /** The file in a bundle that says it. */
  public static final String FILE = "revision.json";

  private static final Revision UNKNOWN = new Revision("unknown", false);

  /** Of the clone that {@code folder} is in, as git tells. */
  public static Revision of(Path folder) {
    String commit = git(folder, "rev-parse", "HEAD");
    String changes = git(folder, "status", "--porcelain");
    return commit == null || changes == null
        ? UNKNOWN
        : new Revision(commit.strip(), !changes.isBlank());
  }

  /** What {@code bundle/revision.json} says. */
  public static Revision read(Path bundle) {
    try {
      return new ObjectMapper().readValue(bundle.resolve(FILE).toFile(), Revision.class);
    } catch (IOException e) {
      throw new UncheckedIOException("the bundle does not say what it was made from", e);
    }
  }

  /** Writes {@code bundle/revision.json}. */
  public void write(Path bundle) throws IOException {
    Files.write(bundle.resolve(FILE), new ObjectMapper().writeValueAsBytes(this));
  }

  /** {@code 1234abcd, with changes}. */
  @Override
  public String toString() {
    return commit + (changed ? ", with changes" : "");
  }

  private static String git(Path folder, String... arguments) {
    try {
      String[] command = new String[arguments.length + 3];
      command[0] = "git";
      command[1] = "-C";
      command[2] = folder.toString();
      System.arraycopy(arguments, 0, command, 3, arguments.length);
      Process git =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return git.waitFor() == 0 ? said : null;
    } catch (IOException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }
}
