package dev.heddle.cli;

import dev.heddle.model.Model;
import dev.heddle.model.Models;
import dev.heddle.text.Tokenizer;
import java.nio.file.Path;
import java.util.Iterator;
import picocli.CommandLine.Option;

/** The option of every verb that takes a model. */
final class ModelSelection {
  @Option(
      names = "--model",
      required = true,
      paramLabel = "MODEL",
      completionCandidates = Shipped.class,
      description = {
        "A folder or file, maven:GROUP:ARTIFACT:VERSION, OWNER/NAME[:FILE] once it is pulled, or a"
            + " model that comes with Heddle: ${COMPLETION-CANDIDATES}."
      })
  private String reference;

  /** What the user wrote. */
  String reference() {
    return reference;
  }

  /** The model; its owner closes it. Where it must be fetched, a bar shows how far that is. */
  Model open() {
    return open(reference);
  }

  /** The same with another tokenizer, unless that is null. */
  Model open(Path tokenizer) {
    if (tokenizer == null) {
      return open();
    }
    try (Fetching fetching = new Fetching()) {
      return Models.open(reference, tokenizer, fetching);
    }
  }

  /** The model's tokenizer alone, which a model that cannot be run may have too. */
  Tokenizer openTokenizer() {
    try (Fetching fetching = new Fetching()) {
      return Models.openTokenizer(reference, fetching);
    }
  }

  /** The same for any reference. */
  static Model open(String reference) {
    try (Fetching fetching = new Fetching()) {
      return Models.open(reference, fetching);
    }
  }

  /** Names of the models that come with Heddle. */
  static final class Shipped implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Models.names().iterator();
    }
  }
}
