package dev.heddle.jinja;

import java.util.List;

/** A statement of a template, with the line it begins in. */
sealed interface Statement {
  int line();

  record Data(int line, String text) implements Statement {}

  record Output(int line, Expression value) implements Statement {}

  record If(int line, Expression test, List<Statement> then, List<Statement> otherwise)
      implements Statement {}

  /** {@code filter} may be null. */
  record For(
      int line,
      Target target,
      Expression items,
      Expression filter,
      boolean recursive,
      List<Statement> body,
      List<Statement> otherwise)
      implements Statement {}

  record Set(int line, Target target, Expression value) implements Statement {}

  /** {@code filters} is applied to the body's text, which it names {@link #BODY}. */
  record SetBlock(int line, Target target, Expression filters, List<Statement> body)
      implements Statement {}

  record FilterBlock(int line, Expression filters, List<Statement> body) implements Statement {}

  record With(int line, List<Target> targets, List<Expression> values, List<Statement> body)
      implements Statement {}

  record Macro(int line, String name, Signature signature, List<Statement> body)
      implements Statement {}

  record CallBlock(int line, Expression.Call call, Signature signature, List<Statement> body)
      implements Statement {}

  record Break(int line) implements Statement {}

  record Continue(int line) implements Statement {}

  /** The name by which filters of a block see its text; no template can write it. */
  String BODY = "{body}";

  /** What is assigned to. */
  sealed interface Target {
    record Variable(String name) implements Target {}

    record Field(String namespace, String name) implements Target {}

    record Several(List<Target> targets) implements Target {}
  }

  /**
   * Parameters; the last of them have defaults.
   *
   * @param others the body names {@code varargs}: more arguments than parameters may be given
   * @param named the body names {@code kwargs}: arguments of other names may be given
   */
  record Signature(
      List<String> parameters, List<Expression> defaults, boolean others, boolean named) {}
}
