package dev.heddle.conformance;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Program;
import dev.heddle.backend.Support;
import dev.heddle.backend.UnsupportedGraphException;
import dev.heddle.graph.Graph;
import dev.heddle.graph.Node;
import dev.heddle.reference.Interpreter;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Compiles, runs and closes, in the ways a caller may. */
final class Programs {
  private Programs() {}

  /** How the tensors given to a run lie in memory; all are alike to a backend's callers. */
  enum Placement {
    HEAP,
    NATIVE,
    /** Native memory that begins one element after a round address, as in a mapped file. */
    UNALIGNED,
    DEVICE
  }

  /**
   * Compiles {@code graph} and has {@code body} say what is wrong with the program, or null. A
   * backend that says beforehand that it does not support a node must refuse the graph, and no
   * other may.
   */
  static Outcome check(Backend backend, Graph graph, Function<Program, String> body) {
    List<String> refused = new ArrayList<>();
    for (Node node : graph.nodes()) {
      if (backend.supports(node) instanceof Support.Unsupported(String reason)) {
        refused.add(node.op().name() + ": " + reason);
      }
    }
    Program compiled;
    try {
      compiled = backend.compile(graph, CompileOptions.DEFAULT);
    } catch (UnsupportedGraphException e) {
      return refused.isEmpty()
          ? new Outcome.Failed("compile refuses what supports accepts: " + e.getMessage())
          : new Outcome.Unsupported(String.join("; ", refused));
    }
    try (Program program = compiled) {
      return refused.isEmpty()
          ? Outcome.of(body.apply(program))
          : new Outcome.Failed("compile accepts what supports refuses: " + refused);
    }
  }

  /** Runs once; the results are copies, everything else is closed. */
  static Map<String, HostTensor> run(
      Backend backend,
      Program program,
      Map<String, HostTensor> inputs,
      Map<String, Long> symbols,
      Placement placement) {
    Inputs given = new Inputs();
    List<Tensor> placed = new ArrayList<>();
    try {
      inputs.forEach((name, tensor) -> {
        Tensor own = place(backend, tensor, placement);
        placed.add(own);
        given.put(name, own);
      });
      symbols.forEach(given::bind);
      Map<String, HostTensor> results = new LinkedHashMap<>();
      try (Outputs outputs = program.run(given)) {
        for (String name : outputs.names()) {
          Tensor output = outputs.get(name);
          HostTensor host = output.toHost();
          results.put(name, copy(host));
          if (host != output) {
            host.close();
          }
        }
      }
      return results;
    } finally {
      placed.forEach(Tensor::close);
    }
  }

  static Map<String, HostTensor> run(
      Backend backend, Program program, Map<String, HostTensor> inputs) {
    return run(backend, program, inputs, Map.of(), Placement.HEAP);
  }

  private static Tensor place(Backend backend, HostTensor tensor, Placement placement) {
    return switch (placement) {
      case HEAP -> HostTensor.wrap(tensor.dtype(), tensor.shape(), tensor.memory());
      case DEVICE -> backend.upload(tensor);
      case NATIVE -> {
        HostTensor own = HostTensor.allocate(tensor.dtype(), tensor.shape());
        own.memory().copyFrom(tensor.memory());
        yield own;
      }
      case UNALIGNED -> {
        int element = tensor.dtype().blockBytes();
        HostTensor room = HostTensor.allocate(DType.U8, Shape.of(element + tensor.bytes()));
        var memory = room.memory().asSlice(element, tensor.bytes());
        memory.copyFrom(tensor.memory());
        yield HostTensor.wrap(tensor.dtype(), tensor.shape(), memory, room::close);
      }
    };
  }

  private static HostTensor copy(HostTensor tensor) {
    HostTensor copy = HostTensor.heap(tensor.dtype(), tensor.shape());
    copy.memory().copyFrom(tensor.memory());
    return copy;
  }

  /** What differs between a run of {@code program} and the oracle's, or null. */
  static String compare(
      Backend backend,
      Program program,
      Graph graph,
      Map<String, HostTensor> inputs,
      Map<String, Long> symbols,
      Placement placement,
      Tolerance tolerance) {
    Map<String, HostTensor> want = Interpreter.run(graph, inputs, symbols);
    Map<String, HostTensor> got = run(backend, program, inputs, symbols, placement);
    if (!List.copyOf(got.keySet()).equals(List.copyOf(want.keySet()))) {
      return "outputs are %s; want %s".formatted(got.keySet(), want.keySet());
    }
    for (String name : want.keySet()) {
      HostTensor expected = want.get(name);
      String difference =
          Comparison.difference(name, expected.dtype(), got.get(name), expected, tolerance);
      if (difference != null) {
        return difference;
      }
    }
    return null;
  }
}
