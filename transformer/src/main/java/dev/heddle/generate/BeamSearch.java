package dev.heddle.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * The bookkeeping of a beam search for one prompt, by the rules of Hugging Face's transformers 5:
 * log-probabilities in, the next tokens and the beams they continue out.
 *
 * <p>At each step the best candidates of all beams together are taken: {@code max(2, 1 + ends)}
 * times as many as there are beams, so that enough remain where the best ones end. Of those among
 * the first {@code beams} that end, the best are kept as hypotheses, by score over length to the
 * power of {@code length_penalty}; the best that do not end are the next beams.
 *
 * {@snippet :
 * BeamSearch search = new BeamSearch(options, prompt, vocabulary, maxNewTokens, s -> false);
 * do {
 *   float[] rows = logProbabilities(search); // of sequence(0) ... sequence(rows() - 1), processed
 * } while (search.step(rows));
 * List<Hypothesis> best = search.best();
 * }
 */
public final class BeamSearch {
  /** What transformers adds to scores that must lose. */
  private static final double LOST = -1e9;

  private final GenerationOptions options;
  private final int beams;
  private final int vocabulary;
  private final int maxNewTokens;
  private final Predicate<TokenSequence> stops;

  private TokenSequence[] running;
  private TokenSequence[] spare;
  private final int[] ends;
  private final double[] scores;
  private final int[] parents;

  private final Candidates candidates;
  private final TokenSequence[] continued;
  private final StopReason[] ended;
  private final List<Slot> finished = new ArrayList<>();

  private int step;
  private boolean canImprove = true;

  /** A place among the best: a hypothesis, or null while there are not enough. */
  private record Slot(Hypothesis hypothesis, double score) {}

  /**
   * A search.
   *
   * @param maxNewTokens where hypotheses end at the latest: {@link GenerationOptions#newTokens}
   * @param stops tells of a sequence, its last token new, whether it ends there for another reason
   *     than an end token: it has a stop string
   */
  public BeamSearch(
      GenerationOptions options,
      int[] prompt,
      int vocabulary,
      int maxNewTokens,
      Predicate<TokenSequence> stops) {
    this.options = options;
    this.beams = options.numBeams();
    this.vocabulary = vocabulary;
    this.maxNewTokens = maxNewTokens;
    this.stops = stops;
    int kept = Math.max(2, 1 + options.eosTokenIds().size()) * beams;
    if (kept > (long) beams * vocabulary) {
      throw GenerationException.option(
          "num_beams",
          beams,
          "a vocabulary larger than %d, of which %d candidates are taken"
              .formatted(vocabulary, kept));
    }
    this.candidates = new Candidates(kept);
    this.running = sequences(beams, prompt);
    this.spare = sequences(beams, prompt);
    this.continued = sequences(kept, prompt);
    this.ended = new StopReason[kept];
    this.ends = options.eosTokenIds().stream().mapToInt(Integer::intValue).toArray();
    this.parents = new int[beams];
    this.scores = new double[beams];
    for (int beam = 0; beam < beams; beam++) {
      // All begin the same: only the first may win.
      scores[beam] = beam == 0 ? 0 : LOST;
      finished.add(new Slot(null, LOST));
    }
  }

  private static TokenSequence[] sequences(int count, int[] prompt) {
    TokenSequence[] sequences = new TokenSequence[count];
    for (int i = 0; i < count; i++) {
      sequences[i] = new TokenSequence(0, prompt, prompt.length + 16);
    }
    return sequences;
  }

  /** Rows that the next step wants: one for the prompt, then one a beam. */
  public int rows() {
    return step == 0 ? 1 : beams;
  }

  /** The tokens of a beam, whose next token the network is asked for. */
  public TokenSequence sequence(int beam) {
    return running[beam];
  }

  /** Which beam of the step before this one continues: whose keys and values it has. */
  public int parent(int beam) {
    return parents[beam];
  }

  /** The sum of log-probabilities of a running beam. */
  public double score(int beam) {
    return scores[beam];
  }

  /**
   * Goes one token further.
   *
   * @param logProbabilities {@code [rows, vocabulary]}: of the {@link #rows} sequences, processed;
   *     none NaN
   * @return false if the search is at its end
   */
  public boolean step(float[] logProbabilities) {
    return step(logProbabilities, 0);
  }

  /** The same of rows that begin at {@code at}. */
  boolean step(float[] logProbabilities, int at) {
    select(logProbabilities, at);
    boolean allEnded = true;
    for (int i = 0; i < candidates.size(); i++) {
      TokenSequence sequence = continued[i];
      sequence.become(running[candidates.index(i) / vocabulary], candidates.index(i) % vocabulary);
      ended[i] = ended(sequence);
      allEnded &= ended[i] != null;
    }
    finish();
    advance();
    step++;
    boolean enough = isEnough();
    canImprove &= canImprove(enough);
    return canImprove
        && !allEnded
        && !(enough && options.earlyStopping() == EarlyStopping.WHEN_ENOUGH);
  }

  /** The best candidates of all beams; when sampling, as many drawn without replacement. */
  private void select(float[] logProbabilities, int at) {
    candidates.clear();
    for (int beam = 0; beam < beams; beam++) {
      int row = at + (step == 0 ? 0 : beam * vocabulary);
      for (int id = 0; id < vocabulary; id++) {
        double score = scores[beam] + logProbabilities[row + id];
        int index = beam * vocabulary + id;
        if (options.greedy()) {
          candidates.offer(index, score, score);
        } else if (score > LOST / 2) {
          // Largest of the perturbed is a draw: Gumbel's trick, Kool et al. (2019).
          double uniform = Philox.uniform(options.seed(), 0, step, index);
          candidates.offer(index, score - Math.log(-Math.log(uniform)), score);
        } else {
          candidates.offer(index, score, score);
        }
      }
    }
  }

  private StopReason ended(TokenSequence sequence) {
    int last = sequence.get(sequence.length() - 1);
    for (int end : ends) {
      if (end == last) {
        return StopReason.EOS;
      }
    }
    if (stops.test(sequence)) {
      return StopReason.STOP_STRING;
    }
    return sequence.generated() >= maxNewTokens ? StopReason.LENGTH : null;
  }

  /** Keeps the best of the hypotheses so far and those that ended among the first candidates. */
  private void finish() {
    boolean full = options.earlyStopping() == EarlyStopping.WHEN_ENOUGH && isEnough();
    if (full || !canImprove) {
      return;
    }
    for (int i = 0; i < beams; i++) {
      if (ended[i] != null) {
        double score = candidates.score(i) / Math.pow(step + 1, options.lengthPenalty());
        int[] ids = continued[i].generatedIds();
        finished.add(new Slot(new Hypothesis(ids, score, ended[i]), score));
      }
    }
    if (finished.size() > beams) {
      finished.sort((a, b) -> Double.compare(b.score(), a.score()));
      finished.subList(beams, finished.size()).clear();
    }
  }

  /** Whether there are as many hypotheses as beams. */
  private boolean isEnough() {
    for (int i = 0; i < beams; i++) {
      if (finished.get(i).hypothesis() == null) {
        return false;
      }
    }
    return true;
  }

  /**
   * The best candidates that did not end are the next beams; ended ones only where none is left.
   */
  private void advance() {
    int taken = 0;
    candidates.sortByScore();
    for (int i = 0; i < 2 * candidates.size() && taken < beams; i++) {
      boolean lost = i >= candidates.size();
      int each = candidates.place(lost ? i - candidates.size() : i);
      if ((ended[each] != null) == lost) {
        parents[taken] = candidates.index(each) / vocabulary;
        scores[taken] = candidates.score(each) + (lost ? LOST : 0);
        spare[taken].become(running[parents[taken]], candidates.index(each) % vocabulary);
        taken++;
      }
    }
    TokenSequence[] before = running;
    running = spare;
    spare = before;
  }

  /** Whether the best running beam can still be better than the worst of the best. */
  private boolean canImprove(boolean enough) {
    double penalty = options.lengthPenalty();
    boolean longest = options.earlyStopping() == EarlyStopping.NEVER && penalty > 0;
    double possible = scores[0] / Math.pow(longest ? maxNewTokens : step, penalty);
    double worst = enough ? finished.getLast().score() : LOST;
    return possible > worst;
  }

  /** The same in the middle of a search: behind those that have ended, the best that go on. */
  List<Hypothesis> bestSoFar(StopReason reason) {
    List<Hypothesis> all = new ArrayList<>(best());
    for (int i = 0; i < rows() && all.size() < options.numReturnSequences(); i++) {
      double score = scores[i] / Math.pow(Math.max(step, 1), options.lengthPenalty());
      all.add(new Hypothesis(running[i].generatedIds(), score, reason));
    }
    return all;
  }

  /** The best hypotheses, best first: {@code num_return_sequences}, or as many as there are. */
  public List<Hypothesis> best() {
    return finished.stream()
        .map(Slot::hypothesis)
        .filter(each -> each != null)
        .limit(options.numReturnSequences())
        .toList();
  }
}
