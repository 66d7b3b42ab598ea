package dev.heddle.generate;

import dev.heddle.backend.Backend;
import dev.heddle.backend.BackendOptions;
import dev.heddle.backend.Backends;
import dev.heddle.model.Decoder;
import dev.heddle.model.Model;

/** A decoder and the backend that was chosen for it, which is closed with it. */
record LoadedDecoding(Backend backend, Decoding decoding) implements AutoCloseable {
  /**
   * Loads the decoder that {@code model} is.
   *
   * @param backends those to choose from
   * @param backend {@code auto}, or a backend's name: see {@link Backends}; null for none given
   * @param sources how much of sources is held; null for a decoder that looks at none
   * @throws dev.heddle.backend.HeddleException if no backend takes it
   */
  static Backends.Selected<LoadedDecoding> load(
      Model model,
      Backends backends,
      String backend,
      BackendOptions options,
      KvCache.Size size,
      KvCache.Size sources,
      Decoding.Choice choice) {
    Model.Checkpoint checkpoint = Engine.decoder(model);
    Decoder decoder = (Decoder) checkpoint.architecture();
    return backends.load(
        backend,
        options,
        each ->
            new LoadedDecoding(
                each,
                new Decoding(
                    model.name(),
                    decoder,
                    checkpoint.weights(),
                    each,
                    size,
                    sources,
                    choice,
                    options.models())));
  }

  @Override
  public void close() {
    decoding.close();
    backend.close();
  }
}
