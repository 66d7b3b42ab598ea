package dev.heddle.cli;

import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The {@code heddle} command. It knows no verb by name: each is a {@link Verb} that was found. */
@Command(
    name = "heddle",
    description = "Tensors and transformers on the JVM.",
    synopsisSubcommandLabel = "VERB",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    commandListHeading = "%nVerbs:%n",
    footerHeading = "%n",
    footer = {
      "Start with",
      "  heddle demo",
      "then",
      "  heddle VERB --help",
      "tells what a verb does, with an example. Results go to standard output, all else",
      "to standard error. The exit code is 0 if all went well, 1 if a check or a run",
      "failed, 2 if the command line or a file that it names is wrong."
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of a failure.")
  private boolean debug;

  private Main() {}

  /** Runs the command and ends the process with its exit code. */
  public static void main(String[] args) {
    // Numbers read the same in every country: programs read them too.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    CommandLine heddle = commandLine(args);
    heddle.setOut(writer(System.out));
    heddle.setErr(writer(System.err));
    int code = execute(heddle, args);
    heddle.getOut().flush();
    System.exit(code);
  }

  private static int execute(CommandLine heddle, String[] args) {
    try {
      return heddle.execute(args);
    } catch (NoClassDefFoundError e) {
      if (System.getProperty("heddle.bundle") == null) {
        throw e;
      }
      heddle
          .getErr()
          .printf(
              "heddle: that needs %s, which a bundle leaves out; take a clone's ./heddle%n",
              e.getMessage().replace('/', '.'));
      return ExitCode.BAD_INPUT;
    }
  }

  /**
   * The command that {@code args} are for: with the verb that they name alone, for looking at every
   * verb's options would take longer than many a verb does; or with every verb, if they name none.
   */
  static CommandLine commandLine(String... args) {
    List<ServiceLoader.Provider<Verb>> found = ServiceLoader.load(Verb.class).stream().toList();
    String named = Arrays.stream(args).filter(arg -> !arg.startsWith("-")).findFirst().orElse(null);
    List<ServiceLoader.Provider<Verb>> chosen =
        found.stream().filter(verb -> name(verb).equals(named)).toList();
    CommandLine heddle = new CommandLine(new Main());
    (chosen.isEmpty() ? found : chosen)
        .stream()
            .sorted(Comparator.comparing(Main::name))
            .map(ServiceLoader.Provider::get)
            .forEach(verb -> heddle.addSubcommand(withHelp(new CommandLine(verb))));
    if (chosen.isEmpty()) {
      heddle.addSubcommand(new HelpCommand());
    }
    // A text that begins with @ is a text, not the name of a file with arguments.
    heddle.setExpandAtFiles(false);
    heddle.setParameterExceptionHandler(Main::reportUsage);
    heddle.setExecutionExceptionHandler(Main::report);
    return heddle;
  }

  private static String name(ServiceLoader.Provider<Verb> verb) {
    return verb.type().getAnnotation(Command.class).name();
  }

  private static CommandLine withHelp(CommandLine verb) {
    if (!verb.getCommandSpec().mixinStandardHelpOptions()) {
      verb.getCommandSpec().mixinStandardHelpOptions(true);
    }
    return verb;
  }

  /** In the terminal's encoding; where the locale is none at all, in UTF-8 as everybody else. */
  private static PrintWriter writer(PrintStream stream) {
    Charset charset = stream.charset();
    boolean none = charset.equals(StandardCharsets.US_ASCII);
    return new PrintWriter(
        new OutputStreamWriter(stream, none ? StandardCharsets.UTF_8 : charset), true);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Which verb?");
  }

  private static int reportUsage(ParameterException failure, String[] args) {
    CommandLine command = failure.getCommandLine();
    PrintWriter err = command.getErr();
    String name = command.getCommandSpec().qualifiedName();
    boolean onVerb = command.getParent() != null;
    if (failure instanceof UnmatchedArgumentException unmatched
        && !onVerb
        && !unmatched.isUnknownOption()) {
      err.println(name + ": there is no verb \"" + unmatched.getUnmatched().getFirst() + '"');
    } else {
      err.println(name + ": " + failure.getMessage());
    }
    UnmatchedArgumentException.printSuggestions(failure, err);
    if (onVerb) {
      err.println(name + " --help tells about it.");
    } else {
      command.usage(err);
    }
    return ExitCode.BAD_INPUT;
  }

  private static int report(Exception failure, CommandLine command, ParseResult parsed) {
    Main main = (Main) command.getCommandSpec().root().userObject();
    Failures.report(failure, main.debug, command.getErr());
    return Failures.exitCode(failure);
  }
}
