package dev.heddle.jinja;

/**
 * A string that the filters {@code safe} and {@code escape} have marked: what is added to it is
 * escaped for HTML, which some chat templates do without meaning to. Otherwise a string.
 */
record Markup(String text) {
  /** {@code text} with the five characters that HTML reserves as entities. */
  static String escape(String text, Budget budget) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '\'' -> out.append("&#39;");
        case '"' -> out.append("&#34;");
        default -> out.append(c);
      }
    }
    budget.make(out.length());
    return out.toString();
  }

  /** The string, if it is marked; else the value itself. */
  static Object plain(Object value) {
    return value instanceof Markup markup ? markup.text() : value;
  }

  /** A value as text that is safe: escaped unless it is marked. */
  static String safe(Object value, Budget budget) {
    return value instanceof Markup markup
        ? markup.text()
        : escape(Values.text(value, budget), budget);
  }
}
