package dev.heddle.jinja;

import dev.heddle.jinja.Expression.Inputs;
import dev.heddle.jinja.Token.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Expressions, with jinja2's precedences: from the conditional down to filters and tests. */
final class ExpressionParser {
  static final Set<String> CONSTANTS = Set.of("true", "True", "false", "False", "none", "None");

  /** How deep expressions may stand in one another. */
  private static final int DEPTH = 100;

  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

  private final Tokens tokens;
  private int depth;

  ExpressionParser(Tokens tokens) {
    this.tokens = tokens;
  }

  /** An expression, or several with commas, which are a tuple. */
  Expression tuple() {
    return tuple(true);
  }

  /** The same without {@code if}: what a loop runs over. */
  Expression tupleWithoutCondition() {
    return tuple(false);
  }

  private Expression tuple(boolean conditions) {
    Expression first = conditions ? expression() : or();
    if (!tokens.peek(0).is(",")) {
      return first;
    }
    List<Expression> items = new ArrayList<>(List.of(first));
    while (tokens.pass(",")) {
      if (ends()) {
        break;
      }
      items.add(conditions ? expression() : or());
    }
    return new Expression.Sequence(items, true);
  }

  private boolean ends() {
    return tokens.type() == Type.VARIABLE_END
        || tokens.type() == Type.BLOCK_END
        || tokens.peek(0).is(")");
  }

  Expression expression() {
    if (++depth > DEPTH) {
      throw JinjaException.syntax(
          tokens.line(), "expressions stand deeper than %d".formatted(DEPTH));
    }
    Expression value = or();
    while (tokens.passName("if")) {
      Expression test = or();
      Expression otherwise = tokens.passName("else") ? expression() : null;
      value = new Expression.Conditional(test, value, otherwise);
    }
    depth--;
    return value;
  }

  private Expression or() {
    Expression left = and();
    while (tokens.passName("or")) {
      left = new Expression.Or(left, and());
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (tokens.passName("and")) {
      left = new Expression.And(left, not());
    }
    return left;
  }

  private Expression not() {
    int nots = 0;
    while (tokens.passName("not")) {
      nots++;
    }
    Expression value = comparison();
    return nots == 0
        ? value
        : nots % 2 == 1 ? new Expression.Not(value) : new Expression.Not(new Expression.Not(value));
  }

  private Expression comparison() {
    Expression first = sum();
    List<String> operators = new ArrayList<>();
    List<Expression> others = new ArrayList<>();
    while (true) {
      Token token = tokens.peek(0);
      if (token.type() == Type.OPERATOR && COMPARISONS.contains(token.text())) {
        tokens.next();
        operators.add(token.text());
      } else if (tokens.passName("in")) {
        operators.add("in");
      } else if (tokens.isName("not") && tokens.peek(1).isName("in")) {
        tokens.next();
        tokens.next();
        operators.add("not in");
      } else {
        return operators.isEmpty() ? first : new Expression.Comparison(first, operators, others);
      }
      others.add(sum());
    }
  }

  private Expression sum() {
    Expression left = concat();
    while (tokens.peek(0).is("+") || tokens.peek(0).is("-")) {
      left = new Expression.Binary(tokens.next().text(), left, concat());
    }
    return left;
  }

  private Expression concat() {
    Expression first = product();
    if (!tokens.peek(0).is("~")) {
      return first;
    }
    List<Expression> parts = new ArrayList<>(List.of(first));
    while (tokens.pass("~")) {
      parts.add(product());
    }
    return new Expression.Concat(parts);
  }

  private Expression product() {
    Expression left = power();
    while (tokens.peek(0).is("*")
        || tokens.peek(0).is("/")
        || tokens.peek(0).is("//")
        || tokens.peek(0).is("%")) {
      left = new Expression.Binary(tokens.next().text(), left, power());
    }
    return left;
  }

  private Expression power() {
    Expression left = unary(true);
    while (tokens.pass("**")) {
      left = new Expression.Binary("**", left, unary(true));
    }
    return left;
  }

  private Expression unary(boolean filters) {
    Expression value;
    if (tokens.peek(0).is("-") || tokens.peek(0).is("+")) {
      boolean negative = tokens.next().is("-");
      if (++depth > DEPTH) {
        throw JinjaException.syntax(tokens.line(), "more than %d signs".formatted(DEPTH));
      }
      value = new Expression.Sign(unary(false), negative);
      depth--;
    } else {
      value = primary();
    }
    value = postfix(value);
    return filters ? filtersOf(value, false) : value;
  }

  private Expression primary() {
    Token token = tokens.next();
    switch (token.type()) {
      case NAME -> {
        return switch (token.text()) {
          case "true", "True" -> new Expression.Literal(true);
          case "false", "False" -> new Expression.Literal(false);
          case "none", "None" -> new Expression.Literal(null);
          default -> new Expression.Name(token.text());
        };
      }
      case STRING -> {
        StringBuilder text = new StringBuilder(token.text());
        while (tokens.type() == Type.STRING) {
          text.append(tokens.next().text());
        }
        return new Expression.Literal(text.toString());
      }
      case NUMBER -> {
        return new Expression.Literal(token.value());
      }
      case OPERATOR -> {
        switch (token.text()) {
          case "(" -> {
            return parenthesis();
          }
          case "[" -> {
            return new Expression.Sequence(items("]"), false);
          }
          case "{" -> {
            return mapping();
          }
          default -> {}
        }
      }
      default -> {}
    }
    throw JinjaException.syntax(
        token.line(), "found %s; expected an expression".formatted(token.shown()));
  }

  private Expression parenthesis() {
    if (tokens.pass(")")) {
      return new Expression.Sequence(List.of(), true);
    }
    Expression inside = tuple();
    tokens.take(")");
    return inside;
  }

  private List<Expression> items(String end) {
    List<Expression> items = new ArrayList<>();
    while (!tokens.pass(end)) {
      if (!items.isEmpty()) {
        tokens.take(",");
        if (tokens.pass(end)) {
          break;
        }
      }
      items.add(expression());
    }
    return items;
  }

  private Expression mapping() {
    List<Expression> keys = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (!tokens.pass("}")) {
      if (!keys.isEmpty()) {
        tokens.take(",");
        if (tokens.pass("}")) {
          break;
        }
      }
      keys.add(expression());
      tokens.take(":");
      values.add(expression());
    }
    return new Expression.Mapping(keys, values);
  }

  private Expression postfix(Expression of) {
    Expression value = of;
    while (true) {
      if (tokens.pass(".")) {
        Token name = tokens.next();
        value =
            switch (name.type()) {
              case NAME -> new Expression.Attribute(value, name.text());
              case NUMBER -> new Expression.Item(value, new Expression.Literal(name.value()));
              default ->
                  throw JinjaException.syntax(
                      name.line(), "found %s; expected a name".formatted(name.shown()));
            };
      } else if (tokens.pass("[")) {
        value = new Expression.Item(value, index());
      } else if (tokens.peek(0).is("(")) {
        value = new Expression.Call(value, inputs());
      } else {
        return value;
      }
    }
  }

  private Expression index() {
    Expression start = tokens.peek(0).is(":") ? null : expression();
    if (tokens.pass("]")) {
      return start;
    }
    tokens.take(":");
    Expression stop = tokens.peek(0).is(":") || tokens.peek(0).is("]") ? null : expression();
    Expression step = null;
    if (tokens.pass(":") && !tokens.peek(0).is("]")) {
      step = expression();
    }
    tokens.take("]");
    return new Expression.Slice(start, stop, step);
  }

  /**
   * {@code of} with the filters and tests that follow.
   *
   * @param named the first filter's name stands here, without {@code |}
   */
  Expression filtersOf(Expression of, boolean named) {
    Expression value = of;
    if (named) {
      value = filter(value);
    }
    while (true) {
      if (tokens.pass("|")) {
        value = filter(value);
      } else if (tokens.passName("is")) {
        value = test(value);
      } else if (tokens.peek(0).is("(") && value != of) {
        value = new Expression.Call(value, inputs());
      } else {
        return value;
      }
    }
  }

  private Expression filter(Expression of) {
    Token name = tokens.take(Type.NAME);
    if (!Filters.NAMES.contains(name.text())) {
      throw JinjaException.syntax(name.line(), "unknown filter '%s'".formatted(name.text()));
    }
    return new Expression.Filter(of, name.text(), tokens.peek(0).is("(") ? inputs() : Inputs.NONE);
  }

  private Expression test(Expression of) {
    boolean negated = tokens.passName("not");
    Token name = tokens.take(Type.NAME);
    if (!Tests.NAMES.contains(name.text())) {
      throw JinjaException.syntax(name.line(), "unknown test '%s'".formatted(name.text()));
    }
    Inputs inputs = Inputs.NONE;
    if (tokens.isName("is")) {
      throw tokens.unexpected("no second test of the same value");
    }
    if (tokens.peek(0).is("(")) {
      inputs = inputs();
    } else if (beginsArgument(tokens.peek(0))) {
      inputs = new Inputs(List.of(postfix(primary())), List.of(), List.of());
    }
    Expression test = new Expression.Test(of, name.text(), inputs);
    return negated ? new Expression.Not(test) : test;
  }

  private static boolean beginsArgument(Token token) {
    return switch (token.type()) {
      case STRING, NUMBER -> true;
      case OPERATOR -> token.is("[") || token.is("{");
      case NAME -> !Set.of("else", "or", "and", "if", "in", "not").contains(token.text());
      default -> false;
    };
  }

  private Inputs inputs() {
    List<Expression> positional = new ArrayList<>();
    List<String> names = new ArrayList<>();
    List<Expression> named = new ArrayList<>();
    tokens.take("(");
    while (!tokens.pass(")")) {
      if (!positional.isEmpty() || !names.isEmpty()) {
        tokens.take(",");
        if (tokens.pass(")")) {
          break;
        }
      }
      if (tokens.type() == Type.NAME && tokens.peek(1).is("=")) {
        names.add(tokens.next().text());
        tokens.next();
        named.add(expression());
      } else if (names.isEmpty()) {
        positional.add(expression());
      } else {
        throw tokens.unexpected("a named argument, as those before are");
      }
    }
    return new Inputs(positional, names, named);
  }
}
