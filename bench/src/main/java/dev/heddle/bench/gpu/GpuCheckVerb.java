package dev.heddle.bench.gpu;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.backend.DeviceInfo;
import dev.heddle.bench.Installed;
import dev.heddle.cli.BadInputException;
import dev.heddle.cli.ExitCode;
import dev.heddle.cli.Verb;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code heddle gpu-check}: is all well on this GPU, and how fast is it, beside PyTorch? */
@Command(
    name = "gpu-check",
    description = "Check an NVIDIA GPU and measure it, beside PyTorch, into one report.",
    footerHeading = "%n",
    footer = {
      "Three parts: kit, every operation against the reference; fixtures, what others",
      "computed with small models; bench, tables of speeds. Where python3 has PyTorch,",
      "that does the same on the same GPU, an operation at a time. The report is one",
      "Markdown file for people and one JSON file (its fields: docs/json.md), written",
      "anew after each part. What fails is a line in them. The exit code is 1 if",
      "anything failed or was left out for want of time; 2, and nothing is written, if",
      "there is no GPU.",
      "",
      "Examples:",
      "  heddle gpu-check --out report",
      "  heddle gpu-check --out report --only bench --python /opt/venv/bin/python3",
      "  heddle gpu-check --out report --small"
    })
public final class GpuCheckVerb implements Verb {
  static final String BACKEND = "cuda";

  /** Of the time: what the kit, and then the fixtures, may take of what is left. */
  private static final double KIT_SHARE = 0.4;

  private static final double FIXTURES_SHARE = 0.25;

  /** What may be run alone. */
  enum PartName {
    KIT,
    FIXTURES,
    BENCH;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      required = true,
      description = "Folder of the report; made if it is not there.")
  private Path out;

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "PART",
      description = "Run only these: ${COMPLETION-CANDIDATES} (default: all).")
  private Set<PartName> only = EnumSet.allOf(PartName.class);

  @Option(names = "--small", description = "Tiny shapes and few cases: does all of it run?")
  private boolean small;

  @Option(
      names = "--device",
      paramLabel = "D",
      description = "The GPU: its number, or part of its name.")
  private String device;

  @Option(
      names = "--python",
      defaultValue = "python3",
      paramLabel = "FILE",
      description = "Python to look for PyTorch with, or none (default: ${DEFAULT-VALUE}).")
  private String python;

  @Option(
      names = "--fixtures",
      paramLabel = "DIR",
      description = "More reference data, as verify takes them; may be repeated.")
  private List<Path> fixtures = List.of();

  @Option(
      names = "--minutes",
      defaultValue = "9",
      paramLabel = "N",
      description = "Begin nothing more after so many (default: ${DEFAULT-VALUE}).")
  private double minutes;

  private final List<Part> parts = new ArrayList<>();
  private BenchPart bench;

  /** For the service loader. */
  public GpuCheckVerb() {}

  @Override
  public Integer call() throws IOException {
    check();
    Deadline deadline = Deadline.in(minutes * 60);
    BackendOptions options = BackendOptions.DEFAULT.withDevice(device);
    Supplier<Backend> opener = () -> new Backends().open(BACKEND, options).value();
    DeviceInfo info;
    try (Backend backend = opener.get()) {
      info = backend.device();
    }
    folder();
    PrintWriter lines = spec.commandLine().getOut();
    lines.println(info);
    if (only.contains(PartName.KIT)) {
      add(KitPart.run(opener, small, deadline.part(KIT_SHARE)), info);
    }
    if (only.contains(PartName.FIXTURES)) {
      List<Path> folders = new ArrayList<>(Installed.fixtures());
      folders.addAll(fixtures);
      add(FixturesPart.run(folders, options, opener, small, deadline.part(FIXTURES_SHARE)), info);
    }
    if (only.contains(PartName.BENCH)) {
      BenchPart.Settings settings =
          new BenchPart.Settings(python.equals("none") ? null : python, info.index(), small);
      bench = BenchPart.run(settings, opener, deadline, lines::println);
      write(info);
    }
    lines.printf("the report is %s and .json%n", out.resolve(Report.NAME + ".md"));
    return good() ? ExitCode.OK : ExitCode.FAILED;
  }

  private void check() {
    if (!(minutes > 0)) {
      throw new ParameterException(
          spec.commandLine(), "--minutes " + minutes + ": expected more than 0");
    }
    for (Path folder : fixtures) {
      if (!Files.isDirectory(folder)) {
        throw new BadInputException("--fixtures " + folder + ": there is no such folder");
      }
    }
  }

  private void folder() {
    try {
      Files.createDirectories(out);
    } catch (IOException e) {
      throw new BadInputException("--out " + out + ": cannot be made: " + e, e);
    }
  }

  private void add(Part part, DeviceInfo info) throws IOException {
    parts.add(part);
    write(info);
    spec.commandLine().getOut().printf("%s: %s%n", part.name(), part.counts());
  }

  private boolean good() {
    return parts.stream().allMatch(Part::isGood) && (bench == null || bench.isGood());
  }

  private void write(DeviceInfo info) throws IOException {
    Set<PartName> missing = EnumSet.allOf(PartName.class);
    parts.forEach(part -> missing.remove(PartName.valueOf(part.name().toUpperCase(Locale.ROOT))));
    if (bench != null) {
      missing.remove(PartName.BENCH);
    }
    new Report(
            Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
            Installed.revision(),
            info,
            "Java %s, %s %s, %d processors"
                .formatted(
                    Runtime.version(),
                    System.getProperty("os.name"),
                    System.getProperty("os.arch"),
                    Runtime.getRuntime().availableProcessors()),
            small,
            List.copyOf(parts),
            bench,
            missing.stream().map(PartName::toString).toList(),
            good())
        .write(out);
  }
}
