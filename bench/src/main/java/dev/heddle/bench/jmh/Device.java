package dev.heddle.bench.jmh;

import dev.heddle.backend.Backend;
import dev.heddle.backend.Backends;
import dev.heddle.bench.Roofline;
import dev.heddle.bench.Settings;
import dev.heddle.bench.ops.CheckedOperation;
import dev.heddle.bench.ops.HeddleOperations;
import dev.heddle.bench.ops.RandomData;
import dev.heddle.bench.ops.Subject;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.Unit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The backend that is timed, and the ceilings of its device, measured before anything else. */
@State(Scope.Benchmark)
public class Device {
  private static final String CPU = "cpu";
  private static final String OPENCL = "opencl";
  private static final String CUDA = "cuda";

  /** Those that compute for their speed. */
  static final Set<String> BACKENDS = Set.of(CPU, OPENCL, CUDA);

  /** As {@code --backend} takes it. */
  @Param({CPU, OPENCL, CUDA})
  public String backend;

  /** CPU threads that compute; 0: one a core that the process may use. */
  @Param("0")
  public int threads;

  private Roofline roofline;
  private HeddleOperations operations;
  private final RandomData data = new RandomData();

  /** Refuses a backend that is not there. */
  @Setup
  public void open() {
    open(
        Refused.unless(() -> {
          openBackend().close();
          return Roofline.of(List.of(backend), settings().threads());
        }));
    System.out.println(
        roofline.all().stream()
            .map(each -> each.name() + " " + each.unit().format(each.perSecond()))
            .collect(Collectors.joining(", ", "# Ceilings: ", "")));
  }

  /** With ceilings that are known. */
  void open(Roofline known) {
    roofline = known;
  }

  /** As every benchmark runs: models compute in float32. */
  Settings settings() {
    int all = Runtime.getRuntime().availableProcessors();
    return new Settings(threads == 0 ? all : threads, backend, null, "f32");
  }

  /** The backend once more; the caller's. */
  Backend openBackend() {
    return new Backends().open(backend, settings().backendOptions()).value();
  }

  /** Makes a subject ready to be timed: a caller waits for each result. */
  CheckedOperation prepare(Subject subject) {
    if (operations == null) {
      operations = Refused.unless(() -> new HeddleOperations(settings(), 1));
    }
    CheckedOperation checked =
        Refused.unless(() -> new CheckedOperation(operations, subject, data));
    if (checked.wrong() != null) {
      checked.close();
      Refused.ifWrong(checked.wrong());
    }
    Rates.timed(seconds -> {
      List<Rate> rates = new ArrayList<>();
      if (subject.flops() > 0) {
        rates.add(new Rate(subject.flops() / seconds, Unit.FLOPS, null, 0));
      }
      double bytes = subject.bytesRead() + subject.bytesWritten();
      rates.add(new Rate(bytes / seconds, Unit.BYTES, null, 0));
      rates.add(roofline.rate(subject, backend, seconds));
      return rates;
    });
    return checked;
  }

  /** The rate of a model's run, in what bounds it, with its share of the ceiling. */
  Rate rate(double flops, double bytes, double seconds) {
    return roofline.rate(flops, bytes, backend, seconds);
  }

  /** Frees everything. */
  @TearDown
  public void close() {
    if (operations != null) {
      operations.close();
      operations = null;
    }
    data.close();
  }
}
