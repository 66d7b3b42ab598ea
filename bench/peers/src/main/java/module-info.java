/** The other runtimes that the benchmarks compare with. */
module dev.heddle.bench.peers {
  requires transitive dev.heddle.bench;
  requires com.microsoft.onnxruntime;
  requires llama;

  exports dev.heddle.bench.peers;

  provides dev.heddle.bench.EmbeddingSystemProvider with
      dev.heddle.bench.peers.OnnxRuntimeProvider;
  provides dev.heddle.bench.TextSystemProvider with
      dev.heddle.bench.peers.LlamaCppProvider,
      dev.heddle.bench.peers.JinferProvider;
}
