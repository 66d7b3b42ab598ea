package dev.heddle.reference;

import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Plan;
import dev.heddle.backend.Program;
import dev.heddle.backend.RunInterruptedException;
import dev.heddle.backend.Work;
import dev.heddle.graph.Graph;
import dev.heddle.graph.Value;
import dev.heddle.plan.Caches;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** A graph and the {@link Interpreter}. */
final class ReferenceProgram implements Program {
  private final ReferenceBackend backend;
  private final Graph graph;
  private final Caches caches;
  private final long weightBytes;

  /** Held for reading by every run in flight, for writing while the program closes. */
  private final ReadWriteLock runs = new ReentrantReadWriteLock();

  private boolean closed;

  ReferenceProgram(ReferenceBackend backend, Graph graph, long weightBytes) {
    this.backend = backend;
    this.graph = graph;
    this.caches = new Caches(graph);
    this.weightBytes = weightBytes;
  }

  @Override
  public Outputs run(Inputs inputs) {
    try {
      runs.readLock().lockInterruptibly();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RunInterruptedException("interrupted before graph " + graph.name() + " ran");
    }
    try {
      if (closed) {
        throw new IllegalStateException("the program of graph " + graph.name() + " was closed");
      }
      return runOpen(inputs);
    } finally {
      runs.readLock().unlock();
    }
  }

  private Outputs runOpen(Inputs inputs) {
    Map<String, HostTensor> given = new HashMap<>();
    List<HostTensor> copies = new ArrayList<>();
    List<HostTensor> results = new ArrayList<>();
    try {
      for (int i = 0; i < graph.inputs().size(); i++) {
        Value input = graph.inputs().get(i);
        Tensor tensor = inputs.get(input.name());
        if (tensor != null) {
          if (caches.contains(i) && !backend.holds(tensor)) {
            throw caches.notOwn(i, tensor);
          }
          HostTensor host = tensor.toHost();
          given.put(input.name(), host);
          if (host != tensor) {
            copies.add(host);
          }
        }
      }
      Map<String, HostTensor> outputs = Interpreter.run(graph, given, symbols(inputs));
      outputs.forEach(
          (name, tensor) -> results.add(backend.adopt(tensor, "output \"" + name + "\"")));
      return new Outputs(outputs.keySet().toArray(String[]::new), results.toArray(Tensor[]::new));
    } catch (RuntimeException | Error e) {
      results.forEach(HostTensor::close);
      throw e;
    } finally {
      copies.forEach(HostTensor::close);
    }
  }

  private static Map<String, Long> symbols(Inputs inputs) {
    Map<String, Long> symbols = new HashMap<>();
    for (int i = 0; i < inputs.symbolCount(); i++) {
      symbols.put(inputs.symbol(i), inputs.symbolValue(i));
    }
    return symbols;
  }

  @Override
  public Plan plan() {
    List<Plan.Step> steps =
        graph.nodes().stream()
            .map(node ->
                new Plan.Step(
                    node,
                    "interpreter",
                    "it runs every operation",
                    Work.bytes(node),
                    Work.flops(node)))
            .toList();
    return new Plan(steps, weightBytes, List.of("float64, one thread, for checking results"));
  }

  @Override
  public void close() {
    runs.writeLock().lock();
    try {
      closed = true;
      backend.drop(this, weightBytes);
    } finally {
      runs.writeLock().unlock();
    }
  }
}
