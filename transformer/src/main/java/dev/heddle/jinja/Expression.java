package dev.heddle.jinja;

import java.util.List;

/** An expression of a template. */
sealed interface Expression {
  record Literal(Object value) implements Expression {}

  record Name(String name) implements Expression {}

  record Sequence(List<Expression> items, boolean tuple) implements Expression {}

  record Mapping(List<Expression> keys, List<Expression> values) implements Expression {}

  record Attribute(Expression of, String name) implements Expression {}

  record Item(Expression of, Expression index) implements Expression {}

  /** Each part may be null. */
  record Slice(Expression start, Expression stop, Expression step) implements Expression {}

  record Call(Expression function, Inputs inputs) implements Expression {}

  record Filter(Expression of, String name, Inputs inputs) implements Expression {}

  record Test(Expression of, String name, Inputs inputs) implements Expression {}

  record Not(Expression of) implements Expression {}

  record Sign(Expression of, boolean negative) implements Expression {}

  record Binary(String operator, Expression left, Expression right) implements Expression {}

  record Concat(List<Expression> parts) implements Expression {}

  /** {@code a < b <= c}: each with the next. */
  record Comparison(Expression first, List<String> operators, List<Expression> others)
      implements Expression {}

  record And(Expression left, Expression right) implements Expression {}

  record Or(Expression left, Expression right) implements Expression {}

  /** {@code otherwise} may be null. */
  record Conditional(Expression test, Expression then, Expression otherwise)
      implements Expression {}

  /** What a call is given: by place, then by name. */
  record Inputs(List<Expression> positional, List<String> names, List<Expression> named) {
    static final Inputs NONE = new Inputs(List.of(), List.of(), List.of());
  }
}
