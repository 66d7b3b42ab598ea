package dev.heddle.jinja;

import dev.heddle.jinja.Token.Type;
import java.util.List;

/** The tokens of a template and the place of the parser in them. */
final class Tokens {
  private final List<Token> tokens;
  private int at;

  Tokens(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token peek(int ahead) {
    return tokens.get(Math.min(at + ahead, tokens.size() - 1));
  }

  /** The token passed last. */
  Token before() {
    return tokens.get(at - 1);
  }

  Token next() {
    Token token = peek(0);
    at = Math.min(at + 1, tokens.size() - 1);
    return token;
  }

  int place() {
    return at;
  }

  /** True if a name stands between {@code begin} and here. */
  boolean named(String name, int begin) {
    return tokens.subList(begin, at).stream().anyMatch(token -> token.isName(name));
  }

  Type type() {
    return peek(0).type();
  }

  int line() {
    return peek(0).line();
  }

  boolean isName(String name) {
    return peek(0).isName(name);
  }

  boolean pass(String operator) {
    boolean found = peek(0).is(operator);
    if (found) {
      next();
    }
    return found;
  }

  boolean passName(String name) {
    boolean found = isName(name);
    if (found) {
      next();
    }
    return found;
  }

  Token take(Type type) {
    if (type() != type) {
      throw unexpected(
          switch (type) {
            case VARIABLE_END -> "'}}'";
            case BLOCK_END -> "'%}'";
            case NAME -> "a name";
            default -> type.toString();
          });
    }
    return next();
  }

  void take(String operator) {
    if (!pass(operator)) {
      throw unexpected("'" + operator + "'");
    }
  }

  void takeName(String name) {
    if (!passName(name)) {
      throw unexpected("'" + name + "'");
    }
  }

  JinjaException unexpected(String expected) {
    return JinjaException.syntax(
        line(), "found %s; expected %s".formatted(peek(0).shown(), expected));
  }
}
