package dev.heddle.cli;

import dev.heddle.hub.Hub;
import dev.heddle.hub.HubReference;
import dev.heddle.hub.HubSettings;
import java.nio.file.Path;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code heddle pull}: a model of the Hugging Face hub into the cache that all its users share. */
@Command(
    name = "pull",
    description = "Fetch a model from the Hugging Face hub, and print where it is.",
    footerHeading = "%n",
    footer = {
      "Without FILE: configuration, tokenizer and weights in safetensors; where there",
      "are none, the one GGUF model, or ONNX. What broke off goes on where it stood;",
      "checksums are compared. Files are kept as the hub's own tools keep them.",
      "",
      "  HF_HOME, HF_HUB_CACHE    the cache folder (~/.cache/huggingface/hub)",
      "  HF_ENDPOINT              another hub than https://huggingface.co",
      "  HF_TOKEN, HF_TOKEN_PATH  a token (else the one in HF_HOME/token)",
      "  HF_HUB_OFFLINE=1         take what is in the cache, fetch nothing",
      "",
      "A proxy is named to the JVM: JAVA_TOOL_OPTIONS=-Dhttps.proxyHost=HOST.",
      "",
      "Examples:",
      "  heddle pull HuggingFaceTB/SmolLM2-135M-Instruct",
      "  heddle pull OWNER/NAME-GGUF:name-q4_k_m.gguf",
      "  heddle chat --model HuggingFaceTB/SmolLM2-135M-Instruct"
    })
public final class PullVerb implements Verb {
  private final Supplier<HubSettings> settings;

  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "OWNER/NAME[:FILE]",
      description = "The model, or one of its files.")
  private String reference;

  @Option(
      names = "--revision",
      paramLabel = "R",
      defaultValue = Hub.MAIN,
      description = "A branch, tag or commit (default: ${DEFAULT-VALUE}).")
  private String revision;

  /** For the service loader. */
  public PullVerb() {
    this(HubSettings::fromEnvironment);
  }

  PullVerb(Supplier<HubSettings> settings) {
    this.settings = settings;
  }

  @Override
  public Integer call() {
    HubReference model = HubReference.parse(reference);
    Path path;
    try (Fetching fetching = new Fetching()) {
      path = Hub.of(settings.get()).pull(model, revision, fetching);
    }
    spec.commandLine().getOut().println(path);
    return ExitCode.OK;
  }
}
