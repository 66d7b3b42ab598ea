package dev.heddle.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.model.Model;
import dev.heddle.model.ModelException;
import dev.heddle.model.Models;
import dev.heddle.tensor.HostTensor;
import dev.heddle.weights.Safetensors;
import dev.heddle.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tasks on top of heads: a network of random weights, with heads that were made to be read. */
class HeadTasksTest {
  private static final Path BERT = Path.of("src/test/data/hf/bert");
  private static final int HIDDEN = 48;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  /** The fixture's encoder with a head of its own. */
  private Model model(String className, Consumer<ObjectNode> config, Map<String, HostTensor> head)
      throws IOException {
    try (Stream<Path> files = Files.list(BERT)) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName().toString()));
      }
    }
    ObjectNode fields = (ObjectNode) JSON.readTree(BERT.resolve("config.json").toFile());
    fields.putArray("architectures").add(className);
    config.accept(fields);
    Files.writeString(folder.resolve("config.json"), fields.toString());
    Map<String, HostTensor> all = new LinkedHashMap<>();
    try (Safetensors weights = Safetensors.open(BERT.resolve("model.safetensors"))) {
      for (String name : weights.names()) {
        HostTensor tensor = weights.tensor(name);
        all.put(name, HostTensor.of(tensor.toFloats(), tensor.shape().toArray()));
      }
    }
    all.putAll(head);
    Files.delete(folder.resolve("model.safetensors"));
    SafetensorsWriter.write(folder.resolve("model.safetensors"), all);
    return Models.open(folder);
  }

  private static Map<String, HostTensor> linear(String name, int rows, float... bias) {
    Random random = new Random(rows);
    float[] weight = new float[rows * HIDDEN];
    for (int i = 0; i < weight.length; i++) {
      weight[i] = (float) random.nextGaussian() / 4;
    }
    float[] all = bias.length == 0 ? new float[rows] : bias;
    return Map.of(
        name + ".weight",
        HostTensor.of(weight, rows, HIDDEN),
        name + ".bias",
        HostTensor.of(all, rows));
  }

  private static void labels(ObjectNode config, String... names) {
    ObjectNode labels = config.putObject("id2label");
    for (int i = 0; i < names.length; i++) {
      labels.put(Integer.toString(i), names[i]);
    }
  }

  @Test
  void scoresAreWhatTheProblemSays() throws IOException {
    Map<String, HostTensor> head = linear("classifier", 3);
    try (Model model = model("BertForSequenceClassification", c -> labels(c, "a", "b", "c"), head);
        Classifier classifier = Classifier.of(model, TaskOptions.DEFAULT)) {
      List<Label> labels = classifier.classify("the quick brown fox");
      assertEquals(1, labels.stream().mapToDouble(Label::score).sum(), 1e-12);
      assertTrue(labels.get(0).score() >= labels.get(1).score());
      List<List<Label>> both =
          classifier.classify(List.of("another text, and a longer one", "the quick brown fox"));
      assertEquals(labels, both.get(1));
    }
  }

  @Test
  void labelsOfSeveralAndQuantitiesDoNotExcludeEachOther(@TempDir Path other) throws IOException {
    Map<String, HostTensor> head = linear("classifier", 2);
    try (Model model =
            model(
                "BertForSequenceClassification",
                c -> c.put("problem_type", "multi_label_classification").remove("id2label"),
                head);
        Classifier classifier = Classifier.of(model, TaskOptions.DEFAULT)) {
      for (Label label : classifier.classify("the quick brown fox")) {
        assertEquals(1 / (1 + Math.exp(-label.logit())), label.score(), 1e-12);
        assertEquals("LABEL_" + label.id(), label.name());
      }
    }
    folder = other;
    try (Model model =
            model(
                "BertForSequenceClassification",
                c -> {
                  c.put("problem_type", "regression");
                  labels(c, "stars");
                },
                linear("classifier", 1));
        Classifier classifier = Classifier.of(model, TaskOptions.DEFAULT);
        Reranker reranker = Reranker.of(model, TaskOptions.DEFAULT)) {
      Label stars = classifier.classify("the quick brown fox").getFirst();
      assertEquals(stars.logit(), stars.score());
      List<Ranked> ranked = reranker.rank("fox", List.of("the quick", "brown fox", "jumps"));
      assertTrue(ranked.get(0).score() > ranked.get(2).score());
      Ranked last = ranked.get(2);
      assertEquals(classifier.classify("fox", last.text()).getFirst().score(), last.score(), 1e-6);
    }
  }

  @Test
  void entitiesAreWholeWordsAndTheirPlacesAreTheTexts() throws IOException {
    String text = "Zoë met an unbelievable 🦊 in Turin, didn't she?";
    try (Model model =
            model(
                "BertForTokenClassification",
                c -> labels(c, "O", "B-X", "I-X", "Y"),
                linear("classifier", 4));
        Entities entities = Entities.of(model, TaskOptions.DEFAULT)) {
      for (Aggregation aggregation : Aggregation.values()) {
        int end = 0;
        for (Entity each : entities.find(text, aggregation)) {
          assertEquals(text.substring(each.start(), each.end()), each.text());
          assertTrue(each.start() >= end && each.score() > 0.25 && each.score() <= 1);
          assertTrue(List.of("X", "Y").contains(each.label()), each.label());
          end = each.end();
          boolean torn =
              each.end() < text.length()
                  && Character.isLetter(text.charAt(each.end()))
                  && Character.isLetter(text.charAt(each.end() - 1));
          assertTrue(!torn || aggregation == Aggregation.SIMPLE, each.toString());
        }
      }
    }
    assertTrue(text.length() > 20);
  }

  /** Every token that the bias makes the same label is one entity, from end to end. */
  @Test
  void tokensOfOneLabelAreOneEntityAndThoseThatBeginOneAreNot(@TempDir Path other)
      throws IOException {
    String text = "the quick brown fox";
    try (Model model =
            model(
                "BertForTokenClassification",
                c -> labels(c, "O", "I-X"),
                linear("classifier", 2, 0, 100));
        Entities entities = Entities.of(model, TaskOptions.DEFAULT)) {
      List<Entity> found = entities.find(text);
      assertEquals(1, found.size());
      assertEquals(text, found.getFirst().text());
      assertEquals("X", found.getFirst().label());
    }
    folder = other;
    try (Model model =
            model(
                "BertForTokenClassification",
                c -> labels(c, "O", "B-X"),
                linear("classifier", 2, 0, 100));
        Entities entities = Entities.of(model, TaskOptions.DEFAULT)) {
      assertEquals(4, entities.find(text).size());
    }
  }

  @Test
  void anAnswerStandsInTheTextAndWindowsOverlap() throws IOException {
    String context = "A heddle leads the warp. ".repeat(12) + "The weaver sings.";
    try (Model model = model("BertForQuestionAnswering", c -> {}, linear("qa_outputs", 2));
        Answerer answerer = Answerer.of(model, TaskOptions.DEFAULT)) {
      // More tokens than the model's 64 positions hold.
      AnswerOptions options = new AnswerOptions(5, 6, true, 0, 8);
      List<Answer> answers = answerer.answer("who leads", context, options);
      assertEquals(5, answers.size());
      double score = 1;
      for (Answer each : answers) {
        assertEquals(context.substring(each.start(), each.end()), each.text());
        assertTrue(each.score() <= score && each.score() >= 0);
        score = each.score();
      }
      InvalidInputException e =
          assertThrows(InvalidInputException.class, () -> answerer.answer("who", " "));
      assertTrue(e.getMessage().contains("the context is empty"), e.getMessage());
      assertThrows(InvalidInputException.class, () -> answerer.answer("", context));
      e =
          assertThrows(
              InvalidInputException.class, () -> answerer.answer("who leads ".repeat(30), context));
      assertTrue(e.getMessage().contains("Shorten it"), e.getMessage());
    }
  }

  @Test
  void gapsAreFilledWithTheLikeliestWords() throws IOException {
    float[] bias = new float[400];
    bias[200] = 80;
    bias[201] = 79;
    Map<String, HostTensor> head = new LinkedHashMap<>();
    head.putAll(linear("cls.predictions.transform.dense", HIDDEN));
    float[] ones = new float[HIDDEN];
    Arrays.fill(ones, 0.01f);
    head.put("cls.predictions.transform.LayerNorm.weight", HostTensor.of(ones, HIDDEN));
    head.put("cls.predictions.transform.LayerNorm.bias", HostTensor.of(new float[HIDDEN], HIDDEN));
    head.put("cls.predictions.bias", HostTensor.of(bias, 400));
    try (Model model = model("BertForMaskedLM", c -> {}, head);
        FillMask fill = FillMask.of(model, TaskOptions.DEFAULT)) {
      List<List<FillMask.Guess>> gaps = fill.fill("the [MASK] fox [MASK]", 2);
      assertEquals(2, gaps.size());
      for (List<FillMask.Guess> gap : gaps) {
        assertEquals(200, gap.get(0).id());
        assertEquals(201, gap.get(1).id());
        assertEquals(Math.E, gap.get(0).score() / gap.get(1).score(), 0.2);
      }
      String token = gaps.get(0).get(0).token();
      assertEquals("the " + token + " fox [MASK]", gaps.get(0).get(0).text());
      assertThrows(InvalidInputException.class, () -> fill.fill("no gap", 1));
    }
  }

  @Test
  void aHeadThatIsNotThereIsNamed() throws IOException {
    ModelException e =
        assertThrows(ModelException.class, () -> Entities.open("sentiment-bert").close());
    assertTrue(e.getMessage().contains("has no head for token classification"), e.getMessage());
    assertTrue(e.getMessage().contains("BertForSequenceClassification"), e.getMessage());
    try (Model model = model("BertForQuestionAnswering", c -> {}, Map.of())) {
      e = assertThrows(ModelException.class, () -> Answerer.of(model, TaskOptions.DEFAULT));
      assertTrue(e.getMessage().contains("its weights have no tensors of one"), e.getMessage());
    }
  }

  @Test
  void labelsThatAreNotAsManyAsTheWeightsTellAreRefused() throws IOException {
    try (Model model =
        model(
            "BertForSequenceClassification",
            c -> labels(c, "a", "b", "c", "d"),
            linear("classifier", 3))) {
      ModelException e =
          assertThrows(ModelException.class, () -> Classifier.of(model, TaskOptions.DEFAULT));
      assertTrue(e.getMessage().contains("id2label=4"), e.getMessage());
    }
  }

  @Test
  void whatMayComeNextTellsWordsApart() {
    try (Model model = Models.open("shakespeare-llama");
        NextToken next = NextToken.of(model, TaskOptions.DEFAULT)) {
      List<Label> labels = next.classify("ROMEO", List.of("q", ":", "z"));
      assertEquals(":", labels.getFirst().name());
      assertEquals(1, labels.stream().mapToDouble(Label::score).sum(), 1e-12);
      assertTrue(labels.getFirst().score() > 0.9, labels.toString());
      assertEquals(labels, next.classify("ROMEO", List.of("q", ":", "z")));
      assertThrows(InvalidInputException.class, () -> next.classify("a", List.of("x", "x")));
      assertThrows(InvalidInputException.class, () -> next.classify("a", List.of()));
    }
  }

  @Test
  void cosinesTellWhichTextsAreAlike() {
    assertEquals(1, Similarity.cosine(new float[] {1, 2}, new float[] {2, 4}), 1e-12);
    assertEquals(0, Similarity.cosine(new float[] {1, 2}, new float[] {0, 0}));
    try (Embedder embedder = Embedder.load("sentiment-bert")) {
      List<String> texts = List.of("a boring film", "the food was great", "a waste of money");
      List<Ranked> ranked = Similarity.rank(embedder, "the food was great", texts);
      assertEquals(1, ranked.getFirst().index());
      assertEquals(1, ranked.getFirst().score(), 1e-5);
    }
  }
}
