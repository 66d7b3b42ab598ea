package dev.heddle.cli;

import dev.heddle.generate.GenerationOptions;
import dev.heddle.generate.Generator;
import dev.heddle.model.Model;
import dev.heddle.text.ChatTemplate;
import dev.heddle.text.Tokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code heddle chat}: a conversation in the terminal. */
@Command(
    name = "chat",
    description = "Talk to a model in the terminal.",
    footerHeading = "%n",
    footer = {
      "Within it /reset begins anew, /stats tells tokens and times, /help lists what",
      "there is, /exit or Ctrl-D leaves. Ctrl-C stops an answer, not the program. A",
      "conversation that outgrows its room forgets its beginning, and says so.",
      "",
      "Examples:",
      "  heddle chat --model shakespeare-llama",
      "  heddle chat --model DIR --temperature 0.6 --max-new-tokens 200"
    })
public final class ChatVerb implements Verb {
  private static final int USUAL_ROOM = 4096;

  @Spec private CommandSpec spec;
  @Mixin private TokenizerSelection model;
  @Mixin private BackendSelection selection;
  @Mixin private CacheSelection cache;
  @Mixin private GenerationSelection generation;

  @Option(
      names = "--context",
      paramLabel = "N",
      description = "Tokens a conversation may have (default: the model's context, up to 4096).")
  private Integer context;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "What the model is told before all else.")
  private String system;

  /** For the service loader. */
  public ChatVerb() {}

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    try (Model opened = model.openModel()) {
      GenerationOptions options = generation.over(opened.generationOptions());
      int limit = limit(opened);
      try (Generator generator =
          Generator.builder(opened)
              .backend(selection.choice())
              .backendOptions(selection.options())
              .storage(cache.storage())
              .cacheTokens(Math.multiplyExact(limit, options.numBeams()))
              .sequences(options.numBeams())
              .keepPrefix(true)
              .build()) {
        BackendSelection.logReason(generator.backendReason());
        boolean person = Terminal.readsFromPerson();
        String mark = person ? "> " : "";
        Runnable idle =
            () -> {
              out.print("\n(/exit or Ctrl-D leaves)\n" + mark);
              out.flush();
            };
        try (Interrupts interrupts = new Interrupts(idle)) {
          Paint paint = new Paint(Terminal.hasColours());
          Optional<ChatTemplate> template = opened.chatTemplate();
          out.println(
              paint.dim(
                  opened.name()
                      + (template.isPresent()
                          ? " listens."
                          : " has no chat template: it continues what you write.")
                      + " /help lists commands."));
          Conversation conversation = conversation(template.orElse(null), opened.tokenizer());
          Chat chat = new Chat(generator, options, conversation, limit, interrupts, out, paint);
          chat.run(
              new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)), mark);
        }
      }
    }
    return ExitCode.OK;
  }

  private Conversation conversation(ChatTemplate template, Tokenizer tokenizer) {
    if (template != null) {
      return new TemplateConversation(template, tokenizer, system);
    }
    if (system != null) {
      throw new ParameterException(
          spec.commandLine(),
          "--system: the model has no chat template, so there is no place for it; leave it out");
    }
    return new RawConversation(tokenizer);
  }

  private int limit(Model opened) {
    int longest = opened.network().contextLength();
    if (context == null) {
      return Math.min(longest, USUAL_ROOM);
    }
    if (context < 2 || context > longest) {
      throw new ParameterException(
          spec.commandLine(),
          "--context %d: expected 2 to the model's %,d".formatted(context, longest));
    }
    return context;
  }
}
