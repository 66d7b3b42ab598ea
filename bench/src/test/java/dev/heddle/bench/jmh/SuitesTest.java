package dev.heddle.bench.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.bench.Roofline;
import dev.heddle.bench.ops.AttentionSubject;
import dev.heddle.bench.result.Ceiling;
import dev.heddle.bench.result.Rate;
import dev.heddle.bench.result.Unit;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.results.ScalarResult;

/** What JMH does with the suites, but for the time it takes. */
class SuitesTest {
  private static final Roofline KNOWN =
      new Roofline(
          List.of(
              new Ceiling(null, "fma", 1, 100e9, Unit.FLOPS),
              new Ceiling(null, "copy", 1, 20e9, Unit.BYTES),
              new Ceiling(null, "stream", 1, 10e9, Unit.BYTES)));

  private static Device device(String backend) {
    Device device = new Device();
    device.backend = backend;
    device.threads = 1;
    device.open(KNOWN);
    return device;
  }

  /** Each operation's parameters, all of them together as JMH would set them, and small ones. */
  private enum Operations {
    BATCH(MatMulBenchmark.Batch::new, "2x5x40x24", "f32"),
    LINEAR(MatMulBenchmark.Linear::new, "3x64x40", "q4_0"),
    SOFTMAX(SoftmaxBenchmark.Rows::new, "9x130", "f32"),
    LAYER_NORM(LayerNormBenchmark.Rows::new, "9x130", "f32"),
    WHOLE(AttentionBenchmark.Whole::new, "2x2x33x32", "CAUSAL", "f32"),
    CACHED(AttentionBenchmark.Cached::new, "2x4x128x32", "2", "f32");

    private final Supplier<Timed> state;
    private final String[] small;

    Operations(Supplier<Timed> state, String... small) {
      this.state = state;
      this.small = small;
    }
  }

  private static List<Field> parameters(Object state) {
    return Stream.of(state.getClass().getFields())
        .filter(field -> field.isAnnotationPresent(Param.class))
        .toList();
  }

  private static void set(Object state, Field field, String value) throws IllegalAccessException {
    if (field.getType() == int.class) {
      field.setInt(state, Integer.parseInt(value));
    } else if (field.getType() == AttentionSubject.Mask.class) {
      field.set(state, AttentionSubject.Mask.valueOf(value));
    } else {
      field.set(state, value);
    }
  }

  private static Timed small(Operations operation) throws IllegalAccessException {
    Timed state = operation.state.get();
    List<Field> parameters = parameters(state);
    for (int i = 0; i < parameters.size(); i++) {
      set(state, parameters.get(i), operation.small[i]);
    }
    return state;
  }

  private static List<Timed> all(Operations operation) throws IllegalAccessException {
    List<String[]> rows = new ArrayList<>(List.<String[]>of(new String[0]));
    List<Field> parameters = parameters(operation.state.get());
    for (Field field : parameters) {
      List<String[]> longer = new ArrayList<>();
      for (String[] row : rows) {
        for (String value : field.getAnnotation(Param.class).value()) {
          longer.add(Stream.concat(Stream.of(row), Stream.of(value)).toArray(String[]::new));
        }
      }
      rows = longer;
    }
    List<Timed> states = new ArrayList<>();
    for (String[] row : rows) {
      Timed state = operation.state.get();
      for (int i = 0; i < row.length; i++) {
        set(state, parameters.get(i), row[i]);
      }
      states.add(state);
    }
    return states;
  }

  @TestFactory
  Stream<DynamicTest> everyValueOfAParameterIsASubject() {
    return Stream.of(Operations.values())
        .map(operation ->
            DynamicTest.dynamicTest(
                operation.name(),
                () -> {
                  List<Timed> all = all(operation);
                  long names = all.stream().map(each -> each.subject().name()).distinct().count();
                  assertEquals(all.size(), names);
                }));
  }

  @TestFactory
  Stream<DynamicTest> anOperationIsReadyAndAWrongOneIsRefusedBeforeItIsTimed() {
    return Stream.of(Operations.values())
        .map(operation ->
            DynamicTest.dynamicTest(
                operation.name(),
                () -> {
                  Device cpu = device("cpu");
                  Timed state = small(operation);
                  state.prepare(cpu);
                  state.run();
                  state.close();
                  cpu.close();
                  Device wrong = device("wrong");
                  String why =
                      assertThrows(Refused.class, () -> small(operation).prepare(wrong))
                          .getMessage();
                  assertTrue(why.startsWith("wrong result: "), why);
                  wrong.close();
                }));
  }

  private static DecoderTexts texts() {
    DecoderTexts texts = new DecoderTexts();
    texts.model = "shakespeare-llama";
    texts.texts = 2;
    texts.tokens = 9;
    return texts;
  }

  @Test
  void aDecoderIsReadyToReadAndToWrite() {
    Device cpu = device("cpu");
    DecoderTexts texts = texts();
    texts.open(cpu);
    new PrefillBenchmark.Prompts().begin(texts, cpu);
    float[] read = new PrefillBenchmark().read(null, texts);
    new DecodeBenchmark.Begun().begin(texts, cpu);
    assertEquals(read.length, new DecodeBenchmark().step(null, texts).length);
    assertTrue(read.length > 0);
    texts.close();
    cpu.close();
  }

  private static MixBenchmark.Requests requests() {
    MixBenchmark.Requests requests = new MixBenchmark.Requests();
    requests.model = "shakespeare-llama";
    requests.texts = 6;
    requests.sequences = 2;
    requests.callers = 4;
    return requests;
  }

  @Test
  void anEngineIsReadyForItsCallers() {
    Device cpu = device("cpu");
    MixBenchmark.Requests requests = requests();
    requests.open(cpu);
    int[][] ids = new MixBenchmark().mix(requests);
    assertEquals(6, ids.length);
    assertTrue(Stream.of(ids).allMatch(text -> text.length > 0));
    requests.close();
    cpu.close();
  }

  private static EmbeddingBenchmark.Texts embedded() {
    EmbeddingBenchmark.Texts texts = new EmbeddingBenchmark.Texts();
    texts.model = "sentiment-bert";
    texts.shape = "3x9";
    return texts;
  }

  @Test
  void anEmbeddingModelIsReady() {
    Device cpu = device("cpu");
    EmbeddingBenchmark.Texts texts = embedded();
    texts.open(cpu);
    assertEquals(3, new EmbeddingBenchmark().embed(texts).length);
    texts.close();
    cpu.close();
  }

  @Test
  void aModelThatComputesSomethingElseIsRefusedBeforeItIsTimed() {
    Device wrong = device("wrong");
    for (Executable each :
        List.<Executable>of(
            () -> texts().open(wrong),
            () -> requests().open(wrong),
            () -> embedded().open(wrong))) {
      String why = assertThrows(Refused.class, each).getMessage();
      assertTrue(why.startsWith("wrong result: "), why);
    }
    wrong.close();
  }

  @Test
  void whatCannotBeIsRefusedInWords() {
    String none = assertThrows(Refused.class, device("none")::open).getMessage();
    assertTrue(none.startsWith("no backend is called \"none\"; there are "), none);
    MatMulBenchmark.Linear linear = new MatMulBenchmark.Linear();
    linear.shape = "3x64";
    linear.weights = "q4_0";
    assertEquals(
        "\"3x64\"; expected rows x k x n",
        assertThrows(Refused.class, linear::subject).getMessage());
    linear.shape = "3x64x40";
    linear.weights = "q4";
    String type = assertThrows(Refused.class, linear::subject).getMessage();
    assertTrue(type.startsWith("no type is called \"q4\"; there are "), type);
  }

  @Test
  void ratesStandBesideTheTime() {
    Collection<ScalarResult> results =
        Rates.results(
            List.of(
                new Rate(50e9, Unit.FLOPS, null, 0),
                new Rate(30, Unit.TOKENS, null, 0),
                new Rate(50e9, Unit.FLOPS, "fma", 0.5)));
    assertEquals(
        List.of("flops 50.0 GFLOP/s", "tokens 30.0 tokens/s", "of.fma 50.0 %"),
        results.stream()
            .map(each -> each.getLabel() + " " + each.getScore() + " " + each.getScoreUnit())
            .toList());
  }
}
