package dev.heddle.generate;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.model.Decoder;
import dev.heddle.model.EncoderDecoder;
import dev.heddle.model.Model;
import dev.heddle.text.Tokenizer;
import java.util.function.Function;
import java.util.function.Supplier;

/** What requests of one model are checked for, and the sequences that they begin with. */
final class Requests {
  private final Model model;
  private final Decoding decoding;
  private final Prefixes prefixes;
  private final boolean logProbabilities;

  /** Null where no encoder reads the prompt. */
  private final EncoderDecoder encoder;

  private final Decoder decoder;

  /**
   * Of a model's requests.
   *
   * @param prefixes null if beginnings are not shared
   */
  Requests(Model model, Decoding decoding, Prefixes prefixes, boolean logProbabilities) {
    this.model = model;
    this.decoding = decoding;
    this.prefixes = prefixes;
    this.logProbabilities = logProbabilities;
    this.decoder = (Decoder) Engine.decoder(model).architecture();
    this.encoder = decoder instanceof EncoderDecoder both ? both : null;
  }

  /**
   * Refuses what can never be run.
   *
   * @return tokens that it may take, its prompt included
   * @throws InvalidInputException if the prompt has no tokens, or one that is not the model's
   * @throws GenerationException if it leaves no room in the context
   * @throws KvCacheFullException if the cache is too small for it alone
   */
  long check(GenerationRequest request) {
    int[] prompt = request.prompt();
    if (prompt.length == 0) {
      throw new InvalidInputException(
          "the prompt has no tokens; %s needs one at least".formatted(model.name()));
    }
    int known = encoder == null ? decoder.vocabularySize() : encoder.sourceVocabularySize();
    for (int i = 0; i < prompt.length; i++) {
      if (prompt[i] < 0 || prompt[i] >= known) {
        throw new InvalidInputException(
            "id %d at position %d of the prompt; %s has 0 to %d"
                .formatted(prompt[i], i, model.name(), known - 1));
      }
    }
    GenerationOptions options = request.options();
    int begun = begun(request).length;
    int newTokens = options.newTokens(begun, decoding.contextLength());
    int sequences = Math.max(options.numBeams(), options.numReturnSequences());
    if (!options.isPlain()) {
      decoding.logits(sequences);
    }
    // The last token is not run.
    int longest = begun + newTokens - 1;
    if (!decoding.cache().holds(longest)) {
      throw new KvCacheFullException(
          ("a prompt of %d tokens and %d new ones; the cache holds %d. Ask for fewer, or make the"
                  + " cache larger")
              .formatted(
                  begun, newTokens, decoding.cache().pages() * decoding.cache().pageTokens()));
    }
    return begun + (long) sequences * newTokens;
  }

  /** What the decoder takes in before it writes. */
  private int[] begun(GenerationRequest request) {
    return encoder == null ? request.prompt() : new int[] {startToken(request.options())};
  }

  private int startToken(GenerationOptions with) {
    return with.decoderStartTokenId().isPresent()
        ? with.decoderStartTokenId().getAsInt()
        : encoder
            .startToken()
            .orElseThrow(() ->
                new GenerationException(
                    "%s does not name the token that its texts begin with; give"
                            .formatted(model.name())
                        + " decoder_start_token_id"));
  }

  /** What ids are a text of; null where the model has no tokenizer, and needs none. */
  private Function<int[], String> decoder(GenerationOptions options) {
    if (options.stopStrings().isEmpty() && !model.hasTokenizer()) {
      return null;
    }
    Tokenizer tokenizer = model.tokenizer();
    return ids -> tokenizer.decode(ids, true);
  }

  /** Makes the text of a sequence as it comes; null where there is none. */
  Supplier<TextStream> texts(GenerationOptions options) {
    Function<int[], String> decoder = decoder(options);
    StopStrings stops = new StopStrings(options.stopStrings());
    return decoder == null ? null : () -> new TextStream(decoder, stops);
  }

  /** The sequences of a request, of which nothing is in the cache. */
  SequenceGroup begin(Job job) {
    GenerationRequest request = job.request;
    int[] begun = begun(request);
    int[] read = encoder == null ? null : request.prompt();
    Continuation continuation = continuation(request, begun, job.stream);
    return new SequenceGroup(
        "request " + job.number, decoding, prefixes, continuation, begun.length, read);
  }

  private Continuation continuation(
      GenerationRequest request, int[] begun, GenerationStream stream) {
    GenerationOptions options = request.options();
    int maxNewTokens = options.newTokens(begun.length, decoding.contextLength());
    int vocabulary = decoding.vocabularySize();
    boolean stops = !options.stopStrings().isEmpty();
    Function<int[], String> decoder = decoder(options);
    if (options.numBeams() > 1) {
      return new BeamContinuation(
          begun,
          request.prompt(),
          vocabulary,
          options,
          maxNewTokens,
          decoder,
          stops ? new StopStrings(options.stopStrings()) : null);
    }
    return new SampledContinuation(
        begun,
        request.prompt(),
        vocabulary,
        options,
        maxNewTokens,
        logProbabilities,
        // Where a text may end it, it is made as the tokens are; else by whoever reads them.
        stops ? texts(options) : null,
        decoder,
        stream);
  }
}
