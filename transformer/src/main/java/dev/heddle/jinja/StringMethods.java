package dev.heddle.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;

/** The methods of Python's strings. */
final class StringMethods {
  static final Set<String> NAMES =
      Set.of(
          "strip",
          "lstrip",
          "rstrip",
          "split",
          "rsplit",
          "splitlines",
          "startswith",
          "endswith",
          "upper",
          "lower",
          "title",
          "capitalize",
          "casefold",
          "swapcase",
          "replace",
          "find",
          "rfind",
          "index",
          "rindex",
          "count",
          "join",
          "format",
          "isdigit",
          "isalpha",
          "isalnum",
          "isdecimal",
          "isnumeric",
          "isspace",
          "isascii",
          "isupper",
          "islower",
          "zfill",
          "center",
          "ljust",
          "rjust",
          "removeprefix",
          "removesuffix",
          "partition",
          "rpartition");

  private StringMethods() {}

  static Object call(String s, String name, Arguments arguments, Renderer renderer) {
    Budget budget = renderer.budget();
    budget.make(s.length());
    return switch (name) {
      case "strip" -> Text.strip(s, characters(arguments), true, true);
      case "lstrip" -> Text.strip(s, characters(arguments), true, false);
      case "rstrip" -> Text.strip(s, characters(arguments), false, true);
      case "split", "rsplit" -> split(s, arguments, name.equals("rsplit"));
      case "splitlines" -> Text.lines(s, arguments.truth(0, "keepends", false));
      case "startswith" -> affix(s, arguments, true);
      case "endswith" -> affix(s, arguments, false);
      case "upper" -> s.toUpperCase(Locale.ROOT);
      case "lower" -> s.toLowerCase(Locale.ROOT);
      case "casefold" -> s.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
      case "title" -> Text.title(s);
      case "capitalize" -> Text.capitalize(s);
      case "swapcase" -> swapCase(s);
      case "replace" ->
          replace(
              s,
              arguments.string(0, "old"),
              arguments.string(1, "new"),
              arguments.integer(2, "count", -1),
              budget);
      case "find", "rfind", "index", "rindex" -> find(s, name, arguments);
      case "count" -> count(s, arguments.string(0, "sub"));
      case "join" -> join(s, Values.items(arguments.get(0, "iterable"), budget), budget);
      case "format" -> Formats.format(s, arguments, budget);
      case "isdigit", "isdecimal", "isnumeric" -> all(s, Character::isDigit);
      case "isalpha" -> all(s, Character::isLetter);
      case "isalnum" -> all(s, Character::isLetterOrDigit);
      case "isascii" -> s.chars().allMatch(c -> c < 0x80);
      case "isspace" -> all(s, Text::isSpace);
      case "isupper" ->
          s.codePoints().anyMatch(Character::isUpperCase)
              && s.codePoints().noneMatch(Character::isLowerCase);
      case "islower" ->
          s.codePoints().anyMatch(Character::isLowerCase)
              && s.codePoints().noneMatch(Character::isUpperCase);
      case "zfill", "center", "ljust", "rjust" -> pad(s, name, arguments, budget);
      case "removeprefix" -> {
        String prefix = arguments.string(0, "prefix");
        yield s.startsWith(prefix) ? s.substring(prefix.length()) : s;
      }
      case "removesuffix" -> {
        String suffix = arguments.string(0, "suffix");
        yield s.endsWith(suffix) ? s.substring(0, s.length() - suffix.length()) : s;
      }
      case "partition" -> partition(s, arguments.string(0, "sep"), false);
      case "rpartition" -> partition(s, arguments.string(0, "sep"), true);
      default -> throw new IllegalStateException(name);
    };
  }

  private static String characters(Arguments arguments) {
    Object given = arguments.get(0, "chars", null);
    return given == null ? null : Values.string(given, arguments.of());
  }

  private static boolean all(String s, IntPredicate is) {
    return !s.isEmpty() && s.codePoints().allMatch(is);
  }

  private static List<Object> split(String s, Arguments arguments, boolean fromEnd) {
    Object separator = arguments.get(0, "sep", null);
    long most = arguments.integer(1, "maxsplit", -1);
    List<Object> parts =
        separator == null
            ? words(s, most, fromEnd)
            : parts(s, Values.string(separator, arguments.of()), most, fromEnd);
    return fromEnd ? parts.reversed() : parts;
  }

  /** The parts between {@code separator}s; from the end in their reverse order. */
  private static List<Object> parts(String s, String separator, long most, boolean fromEnd) {
    if (separator.isEmpty()) {
      throw JinjaException.failed("split(): the separator is empty");
    }
    List<Object> parts = new ArrayList<>();
    String rest = s;
    while (parts.size() != most) {
      int at = fromEnd ? rest.lastIndexOf(separator) : rest.indexOf(separator);
      if (at < 0) {
        break;
      }
      int behind = at + separator.length();
      parts.add(fromEnd ? rest.substring(behind) : rest.substring(0, at));
      rest = fromEnd ? rest.substring(0, at) : rest.substring(behind);
    }
    parts.add(rest);
    return new ArrayList<>(parts);
  }

  private static List<Object> words(String s, long most, boolean fromEnd) {
    List<Object> words = new ArrayList<>();
    String rest = Text.strip(s, null, !fromEnd, fromEnd);
    while (!rest.isEmpty()) {
      if (words.size() == most) {
        words.add(rest);
        break;
      }
      int end = 0;
      while (end < rest.length()
          && !Text.isSpace(rest.charAt(fromEnd ? rest.length() - 1 - end : end))) {
        end++;
      }
      int cut = fromEnd ? rest.length() - end : end;
      words.add(fromEnd ? rest.substring(cut) : rest.substring(0, cut));
      rest =
          Text.strip(
              fromEnd ? rest.substring(0, cut) : rest.substring(cut), null, !fromEnd, fromEnd);
    }
    return new ArrayList<>(words);
  }

  private static boolean affix(String s, Arguments arguments, boolean start) {
    Object wanted = arguments.get(0, start ? "prefix" : "suffix");
    List<?> each = wanted instanceof Tuple tuple ? tuple : Arrays.asList(wanted);
    for (Object one : each) {
      String affix = Values.string(one, arguments.of());
      if (start ? s.startsWith(affix) : s.endsWith(affix)) {
        return true;
      }
    }
    return false;
  }

  private static String swapCase(String s) {
    StringBuilder swapped = new StringBuilder();
    for (int c : s.codePoints().toArray()) {
      String each = Character.toString(c);
      swapped.append(
          Character.isUpperCase(c) ? each.toLowerCase(Locale.ROOT) : each.toUpperCase(Locale.ROOT));
    }
    return swapped.toString();
  }

  static String replace(String s, String old, String by, long most, Budget budget) {
    StringBuilder result = new StringBuilder();
    int from = 0;
    for (long done = 0; done != most; done++) {
      int at = s.indexOf(old, from);
      if (at < 0 || from > s.length()) {
        break;
      }
      budget.make((long) by.length() + at - from, result.length());
      result.append(s, from, at).append(by);
      from = at + old.length();
      if (old.isEmpty()) {
        // Between all characters, at the beginning and the end.
        if (at == s.length()) {
          return result.toString();
        }
        int next = s.offsetByCodePoints(at, 1);
        result.append(s, at, next);
        from = next;
      }
    }
    return result.append(s.substring(from)).toString();
  }

  private static long find(String s, String name, Arguments arguments) {
    String wanted = arguments.atMost(1).string(0, "sub");
    int at = name.startsWith("r") ? s.lastIndexOf(wanted) : s.indexOf(wanted);
    if (at < 0 && name.endsWith("index")) {
      throw JinjaException.failed("%s(): the text is not there", name);
    }
    return at < 0 ? -1 : s.codePointCount(0, at);
  }

  private static long count(String s, String wanted) {
    if (wanted.isEmpty()) {
      return Text.length(s) + 1L;
    }
    long count = 0;
    for (int at = s.indexOf(wanted); at >= 0; at = s.indexOf(wanted, at + wanted.length())) {
      count++;
    }
    return count;
  }

  private static String join(String separator, List<?> items, Budget budget) {
    StringBuilder joined = new StringBuilder();
    for (int i = 0; i < items.size(); i++) {
      String item = Values.string(items.get(i), "join()");
      budget.make(item.length() + (long) separator.length(), joined.length());
      joined.append(i > 0 ? separator : "").append(item);
    }
    return joined.toString();
  }

  private static String pad(String s, String name, Arguments arguments, Budget budget) {
    long width = arguments.integer(0, "width", 0);
    String fill = name.equals("zfill") ? "0" : arguments.string(1, "fillchar", " ");
    if (Text.length(fill) != 1) {
      throw JinjaException.failed("%s(): the fill is '%s'; expected one character", name, fill);
    }
    long missing = Math.max(0, width - Text.length(s));
    budget.make(Math.max(0, width));
    return switch (name) {
      case "ljust" -> s + fill.repeat((int) missing);
      case "center" -> center(s, width, fill);
      case "zfill" -> {
        boolean signed = s.startsWith("-") || s.startsWith("+");
        yield (signed ? s.substring(0, 1) : "")
            + fill.repeat((int) missing)
            + (signed ? s.substring(1) : s);
      }
      default -> fill.repeat((int) missing) + s;
    };
  }

  /** As Python, which has the odd blank on the left if the width is odd. */
  static String center(String s, long width, String fill) {
    long missing = Math.max(0, width - Text.length(s));
    long left = missing / 2 + (missing & width & 1);
    return fill.repeat((int) left) + s + fill.repeat((int) (missing - left));
  }

  private static Tuple partition(String s, String separator, boolean last) {
    int at = last ? s.lastIndexOf(separator) : s.indexOf(separator);
    if (at < 0) {
      return last ? Tuple.of("", "", s) : Tuple.of(s, "", "");
    }
    return Tuple.of(s.substring(0, at), separator, s.substring(at + separator.length()));
  }
}
