package dev.heddle.jinja;

/** A template cannot be parsed or rendered. */
public final class JinjaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What kind of failure it is. */
  public enum Kind {
    /** The source is not a template. */
    SYNTAX,
    /** The template does what its values do not allow: an error in Python as well. */
    FAILED,
    /** The template itself refuses, by {@code raise_exception}. */
    REFUSED,
    /** The template takes more steps, memory or depth than allowed. */
    LIMIT
  }

  private final Kind kind;
  private int line;

  private JinjaException(Kind kind, String message, int line) {
    super(message);
    this.kind = kind;
    this.line = line;
  }

  static JinjaException syntax(int line, String message) {
    return new JinjaException(Kind.SYNTAX, message, line);
  }

  static JinjaException failed(String message, Object... arguments) {
    return new JinjaException(Kind.FAILED, message.formatted(arguments), 0);
  }

  static JinjaException refused(String message) {
    return new JinjaException(Kind.REFUSED, message, 0);
  }

  static JinjaException limit(String message) {
    return new JinjaException(Kind.LIMIT, message, 0);
  }

  /** The same, said to be in {@code line} unless it is known already. */
  JinjaException in(int where) {
    if (line == 0) {
      line = where;
    }
    return this;
  }

  /** The kind. */
  public Kind kind() {
    return kind;
  }

  /** The line of the template, counted from 1; 0 if not known. */
  public int line() {
    return line;
  }
}
