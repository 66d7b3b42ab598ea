package dev.heddle.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.InvalidInputException;
import dev.heddle.model.ModelException;
import java.time.LocalDate;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The model that comes with this library, on dates that it was not trained on and others. */
class TranslatorTest {
  private static final int DAYS = 73_000;
  private static final LocalDate FIRST = LocalDate.of(1900, 1, 1);

  private static String written(LocalDate date, Random random) {
    int day = date.getDayOfMonth();
    int year = date.getYear();
    String en = month(date, Locale.ENGLISH);
    String de = month(date, Locale.GERMAN);
    String fr = month(date, Locale.FRENCH);
    String first = day == 1 ? "1er" : Integer.toString(day);
    List<String> spellings =
        List.of(
            "%s %d, %d".formatted(en, day, year),
            "%s %s, %d".formatted(en, ordinal(day), year),
            "%s of %s %d".formatted(ordinal(day), en, year),
            "%d %s %d".formatted(day, en, year),
            "%s, %s %d, %d".formatted(weekday(date, Locale.ENGLISH), en, day, year),
            "%d-%s-%d".formatted(day, en.substring(0, 3), year),
            "%d/%02d/%02d".formatted(year, date.getMonthValue(), day),
            "%02d.%02d.%d".formatted(day, date.getMonthValue(), year),
            "%d. %s %d".formatted(day, de, year),
            "%s, der %d. %s %d".formatted(weekday(date, Locale.GERMAN), day, de, year),
            "le %s %s %d".formatted(first, fr, year),
            "%s %s %s %d".formatted(weekday(date, Locale.FRENCH), first, fr, year));
    String text = spellings.get(random.nextInt(spellings.size()));
    return switch (random.nextInt(5)) {
      case 0 -> text.toLowerCase(Locale.ROOT);
      case 1 -> text.toUpperCase(Locale.ROOT);
      default -> text;
    };
  }

  private static String month(LocalDate date, Locale locale) {
    return date.getMonth().getDisplayName(TextStyle.FULL, locale);
  }

  private static String weekday(LocalDate date, Locale locale) {
    return date.getDayOfWeek().getDisplayName(TextStyle.FULL, locale);
  }

  private static String ordinal(int day) {
    boolean teens = day % 100 > 10 && day % 100 < 14;
    return day
        + switch (teens ? 0 : day % 10) {
          case 1 -> "st";
          case 2 -> "nd";
          case 3 -> "rd";
          default -> "th";
        };
  }

  @Test
  void ofAThousandDates999AreRight() {
    Random random = new Random(20_170_303);
    List<String> wrong = new ArrayList<>();
    try (Translator translator = Translator.open("dates-marian")) {
      for (int i = 0; i < 1000; i++) {
        LocalDate date = FIRST.plusDays(random.nextInt(DAYS));
        String text = written(date, random);
        String answer = translator.translate(text);
        if (!answer.equals(date.toString())) {
          wrong.add(text + ": " + answer);
        }
      }
    }
    assertTrue(wrong.size() <= 1, wrong::toString);
  }

  @Test
  void whatCannotBeTranslatedIsRefused() {
    try (Translator translator = Translator.open("dates-marian")) {
      assertEquals("2017-03-03", translator.translate("le 3 mars 2017"));
      assertThrows(InvalidInputException.class, () -> translator.translate("1 ".repeat(60)));
      InvalidInputException e =
          assertThrows(
              InvalidInputException.class, () -> translator.translate("a date", "en", "fr"));
      assertTrue(e.getMessage().contains("has no language \"en\""), e.getMessage());
      assertEquals("2017-03-03", translator.translate("3/3/2017".replace("/", ".")));
    }
    assertThrows(ModelException.class, () -> Translator.open("sentiment-bert").close());
  }
}
