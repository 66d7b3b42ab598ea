package dev.heddle.conformance;

import dev.heddle.backend.Backend;
import dev.heddle.backend.CompileOptions;
import dev.heddle.backend.Inputs;
import dev.heddle.backend.Outputs;
import dev.heddle.backend.Plan;
import dev.heddle.backend.Program;
import dev.heddle.backend.RunInterruptedException;
import dev.heddle.graph.Graph;
import dev.heddle.graph.GraphBuilder;
import dev.heddle.graph.Value;
import dev.heddle.tensor.DType;
import dev.heddle.tensor.HostTensor;
import dev.heddle.tensor.Shape;
import dev.heddle.tensor.Tensor;
import dev.heddle.tensor.TensorType;
import java.util.Arrays;
import java.util.stream.Stream;

/** Who owns what, until when: programs, outputs, inputs, constants, bytes. */
final class LifecycleCases {
  private LifecycleCases() {}

  private interface Body {
    String on(Backend backend, Program program);
  }

  /** A body with a program that doubles {@code x [rows, 2]} in three nodes. */
  private static Case make(String what, Body body) {
    return new Case(
        Conformance.WHOLE_GRAPHS,
        DType.F32,
        "lifecycle/" + what,
        (backend, data) ->
            Programs.check(backend, doubling(), program -> body.on(backend, program)));
  }

  private static Graph doubling() {
    var g = new GraphBuilder("doubling");
    Value x = g.input("x", TensorType.of(DType.F32, "rows", 2));
    Value zero = g.constant("zero", HostTensor.of(new float[2], 2));
    g.output("y", g.add(g.add(x, zero), g.add(x, zero)));
    return g.build();
  }

  private static Inputs rows(float... values) {
    return Inputs.of("x", HostTensor.of(values, values.length / 2, 2));
  }

  private static String expect(Tensor tensor, float... want) {
    float[] got = tensor.toHost().toFloats();
    return Arrays.equals(got, want)
        ? null
        : "got %s, want %s".formatted(Arrays.toString(got), Arrays.toString(want));
  }

  static Stream<Case> all() {
    return Stream.of(
        make("a closed program refuses to run", LifecycleCases::closed),
        make("outputs keep their values through later runs", LifecycleCases::outputsKeep),
        make("outputs outlive their program", LifecycleCases::outputsOutlive),
        make("every byte is given back", LifecycleCases::bytes),
        make("an interrupted run stops, the thread stays interrupted", LifecycleCases::interrupted),
        make("the plan has every node with its kernel", LifecycleCases::plan),
        make("inputs may be closed after the run", LifecycleCases::inputs),
        new Case(
            Conformance.WHOLE_GRAPHS,
            DType.F32,
            "lifecycle/constants may be closed after compilation",
            (backend, data) -> constants(backend)));
  }

  private static String closed(Backend backend, Program program) {
    program.close();
    program.close();
    try {
      program.run(rows(1, 2)).close();
    } catch (IllegalStateException e) {
      return null;
    }
    return "a closed program ran";
  }

  private static String outputsKeep(Backend backend, Program program) {
    try (Outputs first = program.run(rows(1, 2));
        Outputs second = program.run(rows(3, 4, 5, 6))) {
      program.run(rows(7, 8)).close();
      String difference = expect(first.get("y"), 2, 4);
      return difference == null ? expect(second.get("y"), 6, 8, 10, 12) : difference;
    }
  }

  private static String outputsOutlive(Backend backend, Program program) {
    try (Outputs outputs = program.run(rows(1, 2))) {
      program.close();
      return expect(outputs.get("y"), 2, 4);
    }
  }

  private static String bytes(Backend backend, Program program) {
    long before = backend.liveBytes();
    try (Program second = backend.compile(doubling(), CompileOptions.DEFAULT);
        Tensor x = backend.upload(HostTensor.of(new float[64], 32, 2));
        Outputs outputs = second.run(Inputs.of("x", x))) {
      long held = backend.liveBytes() - before;
      if (held < x.bytes() + outputs.get("y").bytes()) {
        return "liveBytes grew by %d with 512 bytes uploaded and returned".formatted(held);
      }
    }
    long left = backend.liveBytes() - before;
    return left == 0 ? null : left + " bytes are left after everything was closed";
  }

  private static String interrupted(Backend backend, Program program) {
    Thread.currentThread().interrupt();
    try {
      program.run(rows(1, 2)).close();
      return "an interrupted thread ran a graph of three nodes to its end";
    } catch (RunInterruptedException e) {
      if (!Thread.interrupted()) {
        return "the thread is no longer interrupted";
      }
    } finally {
      Thread.interrupted();
    }
    try (Outputs outputs = program.run(rows(1, 2))) {
      return expect(outputs.get("y"), 2, 4);
    }
  }

  private static String plan(Backend backend, Program program) {
    Plan plan = program.plan();
    if (plan.steps().size() != 3) {
      return "the plan has %d steps for 3 nodes".formatted(plan.steps().size());
    }
    for (Plan.Step step : plan.steps()) {
      if (step.kernel().isBlank() || step.why().isBlank()) {
        return "no kernel, or no reason: " + step;
      }
    }
    return null;
  }

  private static String inputs(Backend backend, Program program) {
    HostTensor x = HostTensor.allocate(DType.F32, Shape.of(1, 2));
    x.setDouble(0, 5);
    x.setDouble(1, 6);
    try (Outputs outputs = program.run(Inputs.of("x", x))) {
      x.close();
      return expect(outputs.get("y"), 10, 12);
    }
  }

  private static Outcome constants(Backend backend) {
    HostTensor weight = HostTensor.allocate(DType.F32, Shape.of(2));
    weight.setDouble(0, 3);
    weight.setDouble(1, 4);
    var g = new GraphBuilder("constants");
    Value x = g.input("x", TensorType.of(DType.F32, "rows", 2));
    g.output("y", g.multiply(x, g.constant("weight", weight)));
    return Programs.check(
        backend,
        g.build(),
        program -> {
          weight.close();
          try (Outputs outputs = program.run(rows(1, 2))) {
            return expect(outputs.get("y"), 3, 8);
          }
        });
  }
}
