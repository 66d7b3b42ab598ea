/** JMH benchmarks, comparison with peers, and the verbs that measure and ship: see the services. */
module dev.heddle.bench {
  requires transitive dev.heddle.cli;
  requires dev.heddle.cpu;
  requires dev.heddle.kernels;
  requires com.fasterxml.jackson.annotation;
  requires transitive com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.databind;
  requires java.desktop;
  requires java.management;
  requires jdk.management;
  requires static jdk.incubator.vector;
  requires xchart;
  requires static jmh.core;

  exports dev.heddle.bench;
  exports dev.heddle.bench.ops;
  exports dev.heddle.bench.result;

  opens dev.heddle.bench to
      info.picocli,
      com.fasterxml.jackson.databind;
  opens dev.heddle.bench.bundle to
      info.picocli;
  opens dev.heddle.bench.gpu to
      info.picocli,
      com.fasterxml.jackson.databind;
  opens dev.heddle.bench.report to
      info.picocli;
  opens dev.heddle.bench.result to
      com.fasterxml.jackson.databind;

  uses dev.heddle.bench.EmbeddingSystemProvider;
  uses dev.heddle.bench.TextSystemProvider;
  uses dev.heddle.bench.ops.OperationSystemProvider;

  provides dev.heddle.bench.EmbeddingSystemProvider with
      dev.heddle.bench.HeddleProvider;
  provides dev.heddle.bench.TextSystemProvider with
      dev.heddle.bench.HeddleTextProvider;
  provides dev.heddle.bench.ops.OperationSystemProvider with
      dev.heddle.bench.ops.HeddleOperations.Provider;
  provides dev.heddle.cli.Verb with
      dev.heddle.bench.BenchVerb,
      dev.heddle.bench.bundle.BundleVerb,
      dev.heddle.bench.gpu.GpuCheckVerb;
}
