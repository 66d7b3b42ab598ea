package dev.heddle.bench.jmh;

import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.kernels.FmaPeak;
import dev.heddle.kernels.KernelBackend;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A device's ceiling, to be run with {@link MatMulBenchmark}: as many multiply-adds as the product
 * of 1024x1024x1024 has, in registers alone. No product takes less time.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class FmaPeakBenchmark {
  @Param("opencl")
  public String backend;

  private KernelBackend opened;
  private FmaPeak peak;

  /** Compiles and checks. */
  @Setup(Level.Trial)
  public void open() {
    opened = (KernelBackend) new Backends().open(backend, BackendOptions.DEFAULT).value();
    peak = opened.openPeak();
    peak.flops();
  }

  /** All multiply-adds. */
  @Benchmark
  public void multiplyAdds() {
    peak.run();
  }

  /** Frees everything. */
  @TearDown(Level.Trial)
  public void close() {
    peak.close();
    opened.close();
  }
}
