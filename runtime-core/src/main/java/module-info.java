/** Tensors, graphs and passes, the backend SPI, the interpreter and the conformance kit. */
@SuppressWarnings("module") // Those that the cache is opened to are compiled later.
module dev.heddle.core {
  exports dev.heddle.tensor;
  exports dev.heddle.op;
  exports dev.heddle.graph;
  exports dev.heddle.backend;
  exports dev.heddle.eager;
  exports dev.heddle.pass;
  exports dev.heddle.plan;
  exports dev.heddle.conformance;
  exports dev.heddle.reference;
  exports dev.heddle.cache to
      dev.heddle.bench,
      dev.heddle.kernels,
      dev.heddle.transformer;

  uses dev.heddle.backend.BackendProvider;

  provides dev.heddle.backend.BackendProvider with
      dev.heddle.reference.ReferenceProvider;
}
