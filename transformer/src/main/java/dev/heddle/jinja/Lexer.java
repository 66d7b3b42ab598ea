package dev.heddle.jinja;

import dev.heddle.jinja.Token.Type;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts a template into tokens by jinja2's rules of white space, with {@code trim_blocks} and {@code
 * lstrip_blocks} on: the newline behind a block or comment goes, and so do blanks between the
 * beginning of a line and a block or comment; {@code -} takes all white space on its side, {@code
 * +} keeps it.
 */
final class Lexer {
  private static final List<String> OPERATORS =
      List.of(
          "**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{",
          "}", ">", "<", "=", ".", ":", "|", ",");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;

  /** Whether what was read last ended with a newline: what follows begins a line. */
  private boolean lineStarts = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String template) {
    String source = template.replace("\r\n", "\n").replace('\r', '\n');
    // The final newline is not part of a template.
    Lexer lexer =
        new Lexer(source.endsWith("\n") ? source.substring(0, source.length() - 1) : source);
    lexer.run();
    return lexer.tokens;
  }

  private void run() {
    while (at < source.length()) {
      int begin = nextBegin();
      if (begin < 0) {
        data(source.substring(at));
        advance(source.length());
        break;
      }
      char kind = source.charAt(begin + 1);
      char sign = begin + 2 < source.length() ? source.charAt(begin + 2) : 0;
      data(stripped(source.substring(at, begin), sign, kind != '{'));
      advance(begin + (sign == '-' || sign == '+' ? 3 : 2));
      switch (kind) {
        case '#' -> comment();
        case '{' -> inside(Type.VARIABLE_BEGIN, Type.VARIABLE_END, "}}");
        default -> {
          if (!raw()) {
            inside(Type.BLOCK_BEGIN, Type.BLOCK_END, "%}");
          }
        }
      }
    }
    add(Type.END, "", null);
  }

  private int nextBegin() {
    for (int i = at; i + 1 < source.length(); i++) {
      char next = source.charAt(i + 1);
      if (source.charAt(i) == '{' && (next == '{' || next == '%' || next == '#')) {
        return i;
      }
    }
    return -1;
  }

  private void data(String text) {
    if (!text.isEmpty()) {
      add(Type.DATA, text, null);
    }
  }

  private void add(Type type, String text, Object value) {
    tokens.add(new Token(type, text, value, line));
  }

  private void advance(int to) {
    for (; at < to; at++) {
      if (source.charAt(at) == '\n') {
        line++;
      }
    }
    lineStarts = at > 0 && source.charAt(at - 1) == '\n';
  }

  /** The text before a block, as the block's sign wants it. */
  private String stripped(String text, char sign, boolean block) {
    if (sign == '-') {
      return Text.stripEnd(text);
    }
    if (sign == '+' || !block) {
      return text;
    }
    int lineStart = text.lastIndexOf('\n') + 1;
    boolean begins = lineStart > 0 || lineStarts;
    return begins && Text.isBlank(text.substring(lineStart)) ? text.substring(0, lineStart) : text;
  }

  /**
   * Passes over an end, its sign, and the white space that goes with it; false if it is not here.
   */
  private boolean end(String mark, boolean takesNewline) {
    if (source.startsWith("-" + mark, at)) {
      int to = at + 1 + mark.length();
      while (to < source.length() && Text.isSpace(source.charAt(to))) {
        to++;
      }
      advance(to);
      return true;
    }
    boolean keeps = takesNewline && source.startsWith("+" + mark, at);
    if (!keeps && !source.startsWith(mark, at)) {
      return false;
    }
    int to = at + mark.length() + (keeps ? 1 : 0);
    boolean newline = to < source.length() && source.charAt(to) == '\n';
    advance(!keeps && takesNewline && newline ? to + 1 : to);
    return true;
  }

  private void comment() {
    int begun = line;
    while (at < source.length()) {
      if (end("#}", true)) {
        return;
      }
      advance(at + 1);
    }
    throw JinjaException.syntax(begun, "a comment has no end: '#}'");
  }

  /** If this block is {@code raw}: all up to its end is data. */
  private boolean raw() {
    int to = word(at, "raw");
    if (to < 0 || !(source.startsWith("%}", to) || source.startsWith("-%}", to))) {
      return false;
    }
    int begun = line;
    advance(to);
    end("%}", false);
    for (int i = source.indexOf("{%", at); i >= 0; i = source.indexOf("{%", i + 1)) {
      char sign = i + 2 < source.length() ? source.charAt(i + 2) : 0;
      int close = word(i + (sign == '-' || sign == '+' ? 3 : 2), "endraw");
      if (close >= 0 && source.startsWith("%}", skipSign(close))) {
        data(stripped(source.substring(at, i), sign, true));
        advance(close);
        end("%}", true);
        return true;
      }
    }
    throw JinjaException.syntax(begun, "'raw' has no end: '{% endraw %}'");
  }

  private int skipSign(int place) {
    char c = place < source.length() ? source.charAt(place) : 0;
    return c == '-' || c == '+' ? place + 1 : place;
  }

  /** Behind {@code name} and blanks around it, if it stands at {@code from}; else -1. */
  private int word(int from, String name) {
    int begin = skipSpace(from);
    return source.startsWith(name, begin) ? skipSpace(begin + name.length()) : -1;
  }

  private int skipSpace(int from) {
    int to = from;
    while (to < source.length() && Text.isSpace(source.charAt(to))) {
      to++;
    }
    return to;
  }

  private void inside(Type begin, Type endType, String mark) {
    add(begin, "", null);
    int begun = line;
    Deque<String> open = new ArrayDeque<>();
    while (true) {
      advance(skipSpace(at));
      if (at >= source.length()) {
        throw JinjaException.syntax(begun, "a block has no end: '%s'".formatted(mark));
      }
      int before = line;
      if (open.isEmpty() && end(mark, mark.equals("%}"))) {
        tokens.add(new Token(endType, "", null, before));
        return;
      }
      char c = source.charAt(at);
      if (c == '\'' || c == '"') {
        string(c);
      } else if (c >= '0' && c <= '9') {
        number();
      } else if (Character.isUnicodeIdentifierStart(c) || c == '_') {
        int to = at + 1;
        while (to < source.length() && Character.isUnicodeIdentifierPart(source.charAt(to))) {
          to++;
        }
        add(Type.NAME, source.substring(at, to), null);
        advance(to);
      } else {
        operator(open);
      }
    }
  }

  private void operator(Deque<String> open) {
    for (String each : OPERATORS) {
      if (source.startsWith(each, at)) {
        switch (each) {
          case "(" -> open.push(")");
          case "[" -> open.push("]");
          case "{" -> open.push("}");
          case ")", "]", "}" -> {
            if (open.isEmpty() || !open.pop().equals(each)) {
              throw JinjaException.syntax(line, "unexpected '%s'".formatted(each));
            }
          }
          default -> {}
        }
        add(Type.OPERATOR, each, null);
        advance(at + each.length());
        return;
      }
    }
    throw JinjaException.syntax(line, "unexpected '%s'".formatted(source.charAt(at)));
  }

  private void number() {
    // Behind a dot a number is an index: x.0.y
    boolean index = !tokens.isEmpty() && tokens.getLast().is(".");
    int to = digits(at);
    boolean fraction =
        !index && to + 1 < source.length() && source.charAt(to) == '.' && isDigit(to + 1);
    if (fraction) {
      to = digits(to + 1);
    }
    boolean exponent = false;
    if (!index && to < source.length() && (source.charAt(to) | 0x20) == 'e') {
      int begin = to + 1;
      if (begin < source.length() && (source.charAt(begin) == '-' || source.charAt(begin) == '+')) {
        begin++;
      }
      if (begin < source.length() && isDigit(begin)) {
        exponent = true;
        to = digits(begin);
      }
    }
    String text = source.substring(at, to).replace("_", "");
    try {
      Object value =
          fraction || exponent ? (Object) Double.valueOf(text) : (Object) Long.valueOf(text);
      add(Type.NUMBER, text, value);
    } catch (NumberFormatException e) {
      throw JinjaException.syntax(line, "the number %s is too large".formatted(text));
    }
    advance(to);
  }

  private boolean isDigit(int place) {
    return source.charAt(place) >= '0' && source.charAt(place) <= '9';
  }

  private int digits(int from) {
    int to = from;
    while (to < source.length() && (isDigit(to) || source.charAt(to) == '_')) {
      to++;
    }
    return to;
  }

  /** With Python's escapes. */
  private void string(char quote) {
    StringBuilder text = new StringBuilder();
    int begun = line;
    int i = at + 1;
    while (i < source.length() && source.charAt(i) != quote) {
      char c = source.charAt(i++);
      if (c != '\\' || i == source.length()) {
        text.append(c);
        continue;
      }
      char escape = source.charAt(i++);
      switch (escape) {
        case 'n' -> text.append('\n');
        case 't' -> text.append('\t');
        case 'r' -> text.append('\r');
        case 'a' -> text.append('\u0007');
        case 'b' -> text.append('\b');
        case 'f' -> text.append('\f');
        case 'v' -> text.append('\u000b');
        case '\\', '\'', '"' -> text.append(escape);
        case '\n' -> {}
        case 'x' -> i = codePoint(text, i, 2);
        case 'u' -> i = codePoint(text, i, 4);
        case 'U' -> i = codePoint(text, i, 8);
        case '0', '1', '2', '3', '4', '5', '6', '7' -> {
          int value = escape - '0';
          for (int n = 0; n < 2 && i < source.length() && isOctal(i); n++) {
            value = 8 * value + source.charAt(i++) - '0';
          }
          text.appendCodePoint(value);
        }
        default -> text.append('\\').append(escape);
      }
    }
    if (i >= source.length()) {
      throw JinjaException.syntax(begun, "a string has no end: " + quote);
    }
    add(Type.STRING, text.toString(), null);
    advance(i + 1);
  }

  private boolean isOctal(int place) {
    return source.charAt(place) >= '0' && source.charAt(place) <= '7';
  }

  private int codePoint(StringBuilder text, int from, int digits) {
    try {
      text.appendCodePoint(Integer.parseInt(source, from, from + digits, 16));
      return from + digits;
    } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
      throw JinjaException.syntax(
          line, "an escape in a string is not of %d digits".formatted(digits));
    }
  }
}
