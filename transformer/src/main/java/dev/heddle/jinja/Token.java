package dev.heddle.jinja;

/**
 * A piece of a template.
 *
 * @param text the data, name, operator, or decoded string
 * @param value of numbers
 */
record Token(Type type, String text, Object value, int line) {
  enum Type {
    DATA,
    VARIABLE_BEGIN,
    VARIABLE_END,
    BLOCK_BEGIN,
    BLOCK_END,
    NAME,
    STRING,
    NUMBER,
    OPERATOR,
    END
  }

  boolean is(String operator) {
    return type == Type.OPERATOR && text.equals(operator);
  }

  boolean isName(String name) {
    return type == Type.NAME && text.equals(name);
  }

  /** For errors. */
  String shown() {
    return switch (type) {
      case END -> "the end of the template";
      case VARIABLE_END -> "'}}'";
      case BLOCK_END -> "'%}'";
      default -> "'" + text + "'";
    };
  }
}
