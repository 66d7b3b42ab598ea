package dev.heddle.jinja;

import dev.heddle.jinja.Statement.Signature;
import dev.heddle.jinja.Statement.Target;
import dev.heddle.jinja.Token.Type;
import java.util.ArrayList;
import java.util.List;

/** Statements of a template; their expressions are read by {@link ExpressionParser}. */
final class Parser {
  /** How deep statements may stand in one another. */
  private static final int DEPTH = 100;

  private final Tokens tokens;
  private final ExpressionParser expressions;
  private int depth;
  private int loops;

  private Parser(Tokens tokens) {
    this.tokens = tokens;
    this.expressions = new ExpressionParser(tokens);
  }

  static List<Statement> parse(String template) {
    Parser parser = new Parser(new Tokens(Lexer.tokens(template)));
    List<Statement> body = parser.body();
    if (parser.tokens.type() != Type.END) {
      throw parser.tokens.unexpected("no '%s' here".formatted(parser.tokens.peek(1).text()));
    }
    return body;
  }

  /** Statements up to one of {@code ends}, whose block is begun, or the end of the template. */
  private List<Statement> body(String... ends) {
    if (++depth > DEPTH) {
      throw JinjaException.syntax(tokens.line(), "blocks stand deeper than %d".formatted(DEPTH));
    }
    List<Statement> body = new ArrayList<>();
    while (true) {
      Token token = tokens.peek(0);
      switch (token.type()) {
        case DATA -> {
          tokens.next();
          body.add(new Statement.Data(token.line(), token.text()));
        }
        case VARIABLE_BEGIN -> {
          tokens.next();
          body.add(new Statement.Output(token.line(), expressions.tuple()));
          tokens.take(Type.VARIABLE_END);
        }
        case BLOCK_BEGIN -> {
          String name = tokens.peek(1).text();
          if (name.startsWith("end") || name.equals("else") || name.equals("elif")) {
            checkEnd(name, ends);
            depth--;
            return body;
          }
          tokens.next();
          statement(body);
        }
        default -> {
          if (ends.length > 0) {
            throw tokens.unexpected("'{%% %s %%}'".formatted(ends[ends.length - 1]));
          }
          depth--;
          return body;
        }
      }
    }
  }

  private void checkEnd(String name, String... ends) {
    for (String end : ends) {
      if (end.equals(name)) {
        return;
      }
    }
    throw JinjaException.syntax(
        tokens.line(),
        ends.length == 0
            ? "'%s' ends nothing".formatted(name)
            : "'%s' stands where '%s' is expected".formatted(name, ends[ends.length - 1]));
  }

  /** Ends the block whose end has been seen. */
  private void close() {
    tokens.next();
    tokens.next();
    tokens.take(Type.BLOCK_END);
  }

  private void statement(List<Statement> to) {
    Token name = tokens.take(Type.NAME);
    int line = name.line();
    switch (name.text()) {
      case "if" -> to.add(ifBlock(line));
      case "for" -> to.add(forBlock(line));
      case "set" -> to.add(set(line));
      case "macro" -> to.add(macro(line));
      case "call" -> to.add(call(line));
      case "with" -> to.add(with(line));
      case "filter" -> {
        Expression filters = expressions.filtersOf(new Expression.Name(Statement.BODY), true);
        tokens.take(Type.BLOCK_END);
        List<Statement> body = body("endfilter");
        close();
        to.add(new Statement.FilterBlock(line, filters, body));
      }
      case "generation" -> {
        // Marks what an assistant says, for training; the text is the body's.
        tokens.take(Type.BLOCK_END);
        to.addAll(body("endgeneration"));
        close();
      }
      case "break", "continue" -> {
        if (loops == 0) {
          throw JinjaException.syntax(line, "'%s' stands in no loop".formatted(name.text()));
        }
        tokens.take(Type.BLOCK_END);
        to.add(
            name.text().equals("break") ? new Statement.Break(line) : new Statement.Continue(line));
      }
      case "include", "import", "from", "extends", "block" ->
          throw JinjaException.syntax(
              line, "'%s' is not supported: a chat template stands alone".formatted(name.text()));
      default -> throw JinjaException.syntax(line, "unknown tag '%s'".formatted(name.text()));
    }
  }

  private Statement ifBlock(int line) {
    Expression test = expressions.tuple();
    tokens.take(Type.BLOCK_END);
    List<Statement> then = body("elif", "else", "endif");
    List<Statement> otherwise = List.of();
    String end = tokens.peek(1).text();
    if (end.equals("elif")) {
      tokens.next();
      int next = tokens.next().line();
      if (++depth > DEPTH) {
        throw JinjaException.syntax(next, "more than %d branches".formatted(DEPTH));
      }
      otherwise = List.of(ifBlock(next));
      depth--;
    } else {
      if (end.equals("else")) {
        close();
        otherwise = body("endif");
      }
      close();
    }
    return new Statement.If(line, test, then, otherwise);
  }

  private Statement forBlock(int line) {
    Target target = target(true);
    tokens.takeName("in");
    Expression items = expressions.tupleWithoutCondition();
    Expression filter = null;
    if (tokens.passName("if")) {
      filter = expressions.expression();
    }
    boolean recursive = tokens.passName("recursive");
    tokens.take(Type.BLOCK_END);
    loops++;
    List<Statement> body = body("else", "endfor");
    loops--;
    List<Statement> otherwise = List.of();
    if (tokens.peek(1).isName("else")) {
      close();
      otherwise = body("endfor");
    }
    close();
    return new Statement.For(line, target, items, filter, recursive, body, otherwise);
  }

  private Statement set(int line) {
    Target target = target(false);
    if (tokens.pass("=")) {
      Expression value = expressions.tuple();
      tokens.take(Type.BLOCK_END);
      return new Statement.Set(line, target, value);
    }
    Expression filters = expressions.filtersOf(new Expression.Name(Statement.BODY), false);
    tokens.take(Type.BLOCK_END);
    List<Statement> body = body("endset");
    close();
    return new Statement.SetBlock(line, target, filters, body);
  }

  private Statement with(int line) {
    List<Target> targets = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (tokens.type() != Type.BLOCK_END) {
      if (!targets.isEmpty()) {
        tokens.take(",");
      }
      targets.add(singleTarget());
      tokens.take("=");
      values.add(expressions.expression());
    }
    tokens.take(Type.BLOCK_END);
    List<Statement> body = body("endwith");
    close();
    return new Statement.With(line, targets, values, body);
  }

  private Statement macro(int line) {
    String name = tokens.take(Type.NAME).text();
    Signature signature = signature();
    tokens.take(Type.BLOCK_END);
    int begin = tokens.place();
    List<Statement> body = inner("endmacro");
    return new Statement.Macro(line, name, open(signature, begin), body);
  }

  private Statement call(int line) {
    Signature signature =
        tokens.peek(0).is("(") ? signature() : new Signature(List.of(), List.of(), false, false);
    if (!(expressions.expression() instanceof Expression.Call call)) {
      throw JinjaException.syntax(line, "'call' is not followed by a call");
    }
    tokens.take(Type.BLOCK_END);
    int begin = tokens.place();
    List<Statement> body = inner("endcall");
    return new Statement.CallBlock(line, call, open(signature, begin), body);
  }

  /** The signature of a body that began at {@code begin}, by what it names. */
  private Signature open(Signature signature, int begin) {
    return new Signature(
        signature.parameters(),
        signature.defaults(),
        tokens.named("varargs", begin),
        tokens.named("kwargs", begin));
  }

  /** The body of what is run elsewhere: loops around it are none of its own. */
  private List<Statement> inner(String end) {
    int around = loops;
    loops = 0;
    List<Statement> body = body(end);
    loops = around;
    close();
    return body;
  }

  private Signature signature() {
    List<String> parameters = new ArrayList<>();
    List<Expression> defaults = new ArrayList<>();
    tokens.take("(");
    while (!tokens.pass(")")) {
      if (!parameters.isEmpty()) {
        tokens.take(",");
        if (tokens.pass(")")) {
          break;
        }
      }
      parameters.add(tokens.take(Type.NAME).text());
      if (tokens.pass("=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw tokens.unexpected("'=', as the parameter before has a default");
      }
    }
    return new Signature(parameters, defaults, false, false);
  }

  /** One name, or several with commas. A field of a namespace only where {@code !loop}. */
  private Target target(boolean loop) {
    List<Target> targets = new ArrayList<>();
    boolean comma = false;
    do {
      if (comma && (tokens.isName("in") || tokens.peek(0).is("="))) {
        break;
      }
      if (tokens.pass("(")) {
        targets.add(target(loop));
        tokens.take(")");
      } else {
        targets.add(loop ? new Target.Variable(variable()) : singleTarget());
      }
      comma = tokens.pass(",");
    } while (comma);
    return targets.size() == 1 && !tokens.before().is(",")
        ? targets.getFirst()
        : new Target.Several(targets);
  }

  private Target singleTarget() {
    String name = variable();
    return tokens.pass(".")
        ? new Target.Field(name, tokens.take(Type.NAME).text())
        : new Target.Variable(name);
  }

  private String variable() {
    Token name = tokens.take(Type.NAME);
    if (ExpressionParser.CONSTANTS.contains(name.text())) {
      throw JinjaException.syntax(name.line(), "'%s' cannot be assigned to".formatted(name.text()));
    }
    return name.text();
  }
}
