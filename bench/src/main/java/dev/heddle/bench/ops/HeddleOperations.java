package dev.heddle.bench.ops;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.BackendOptions.Activations;
import dev.heddle.backend.Backends;
import dev.heddle.bench.Settings;
import dev.heddle.bench.Systems;
import dev.heddle.bench.result.Contender;
import dev.heddle.tensor.HostTensor;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** One of Heddle's backends, open once for each arithmetic that was asked for. */
public final class HeddleOperations implements OperationSystem {
  private final Settings settings;
  private final int mostTimes;
  private final Map<Activations, Backend> backends = new EnumMap<>(Activations.class);

  /**
   * Opens the backend.
   *
   * @throws dev.heddle.backend.BackendUnavailableException if it is not there
   */
  public HeddleOperations(Settings settings) {
    this(settings, HeddleOperation.MOST_TIMES);
  }

  /**
   * The same.
   *
   * @param mostTimes how often one run may have an operation: 1 where each waits for its result
   */
  public HeddleOperations(Settings settings, int mostTimes) {
    this.settings = settings;
    settings.checkThreads();
    this.mostTimes = mostTimes;
    backend(Activations.FLOAT32);
  }

  private Backend backend(Activations activations) {
    return backends.computeIfAbsent(
        activations,
        wanted ->
            new Backends()
                .open(
                    settings.backend(),
                    BackendOptions.DEFAULT
                        .withThreads(settings.threads())
                        .withDevice(settings.device())
                        .withActivations(wanted))
                .value());
  }

  @Override
  public String version() {
    return Systems.version();
  }

  @Override
  public String description() {
    return "Heddle, %s, %d threads"
        .formatted(backend(Activations.FLOAT32).device(), settings.threads());
  }

  @Override
  public Operation prepare(Subject subject, List<HostTensor> operands) {
    return new HeddleOperation(backend(subject.activations()), subject, operands, mostTimes);
  }

  @Override
  public void close() {
    backends.values().forEach(Backend::close);
  }

  /** For the service loader. */
  public static final class Provider implements OperationSystemProvider {
    /** For the service loader. */
    public Provider() {}

    @Override
    public String name() {
      return Contender.HEDDLE;
    }

    @Override
    public OperationSystem open(Settings settings) {
      return new HeddleOperations(settings);
    }
  }
}
