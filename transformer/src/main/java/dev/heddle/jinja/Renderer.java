package dev.heddle.jinja;

import dev.heddle.jinja.Statement.Signature;
import dev.heddle.jinja.Statement.Target;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One rendering of a template. */
final class Renderer {
  /** Where a body was left. */
  private enum Left {
    AT_ITS_END,
    BY_BREAK,
    BY_CONTINUE
  }

  private final Budget budget;
  private final LocalDateTime now;

  Renderer(Budget budget, LocalDateTime now) {
    this.budget = budget;
    this.now = now;
  }

  Budget budget() {
    return budget;
  }

  LocalDateTime now() {
    return now;
  }

  String render(List<Statement> body, Scope scope) {
    StringBuilder out = new StringBuilder();
    run(body, scope, out);
    return out.toString();
  }

  private void emit(String text, StringBuilder out) {
    budget.make(text.length(), out.length());
    out.append(text);
  }

  private Left run(List<Statement> body, Scope scope, StringBuilder out) {
    for (Statement each : body) {
      Left left;
      try {
        left = run(each, scope, out);
      } catch (JinjaException e) {
        throw e.in(each.line());
      }
      if (left != Left.AT_ITS_END) {
        return left;
      }
    }
    return Left.AT_ITS_END;
  }

  private Left run(Statement statement, Scope scope, StringBuilder out) {
    budget.step();
    switch (statement) {
      case Statement.Data data -> emit(data.text(), out);
      case Statement.Output output ->
          emit(Values.text(evaluate(output.value(), scope), budget), out);
      case Statement.If branch -> {
        return run(
            Values.truth(evaluate(branch.test(), scope)) ? branch.then() : branch.otherwise(),
            scope,
            out);
      }
      case Statement.For loop -> {
        return loop(loop, evaluate(loop.items(), scope), scope, out, 0);
      }
      case Statement.Set set -> assign(set.target(), evaluate(set.value(), scope), scope);
      case Statement.SetBlock block ->
          assign(block.target(), filtered(block.filters(), block.body(), scope), scope);
      case Statement.FilterBlock block ->
          emit(Values.text(filtered(block.filters(), block.body(), scope), budget), out);
      case Statement.With with -> {
        Scope inner = new Scope(scope);
        for (int i = 0; i < with.targets().size(); i++) {
          assign(with.targets().get(i), evaluate(with.values().get(i), scope), inner);
        }
        return run(with.body(), inner, out);
      }
      case Statement.Macro macro ->
          scope.set(macro.name(), macro(macro.name(), macro.signature(), macro.body(), scope));
      case Statement.CallBlock block -> {
        Function caller = macro("caller", block.signature(), block.body(), scope);
        emit(Values.text(call(block.call(), caller, scope), budget), out);
      }
      case Statement.Break b -> {
        return Left.BY_BREAK;
      }
      case Statement.Continue c -> {
        return Left.BY_CONTINUE;
      }
    }
    return Left.AT_ITS_END;
  }

  /** A body's text, through filters that know it as {@link Statement#BODY}. */
  private Object filtered(Expression filters, List<Statement> body, Scope scope) {
    Scope inner = new Scope(scope);
    inner.set(Statement.BODY, render(body, inner));
    return evaluate(filters, inner);
  }

  private Left loop(Statement.For loop, Object over, Scope scope, StringBuilder out, int depth) {
    List<?> all = Values.items(over, budget);
    List<?> items = all;
    if (loop.filter() != null) {
      List<Object> chosen = new ArrayList<>();
      for (Object item : all) {
        Scope inner = new Scope(scope);
        assign(loop.target(), item, inner);
        if (Values.truth(evaluate(loop.filter(), inner))) {
          chosen.add(item);
        }
      }
      items = chosen;
    }
    if (items.isEmpty()) {
      return run(loop.otherwise(), scope, out);
    }
    Function recursion =
        loop.recursive()
            ? (arguments, renderer) -> {
              StringBuilder inner = new StringBuilder();
              budget.enter();
              loop(loop, arguments.get(0, "iterable"), scope, inner, depth + 1);
              budget.leave();
              return inner.toString();
            }
            : null;
    Loop variable = new Loop(items, depth, recursion);
    for (int i = 0; i < items.size(); i++) {
      budget.step();
      variable.at(i);
      // What a turn sets is gone in the next one.
      Scope inner = new Scope(scope);
      inner.set("loop", variable);
      assign(loop.target(), items.get(i), inner);
      if (run(loop.body(), inner, out) == Left.BY_BREAK) {
        break;
      }
    }
    return Left.AT_ITS_END;
  }

  private void assign(Target target, Object value, Scope scope) {
    switch (target) {
      case Target.Variable variable -> scope.set(variable.name(), value);
      case Target.Field field -> {
        if (!(scope.get(field.namespace()) instanceof Namespace namespace)) {
          throw JinjaException.failed(
              "'%s' is no namespace; only a namespace's attributes can be set", field.namespace());
        }
        namespace.fields.put(field.name(), value);
      }
      case Target.Several several -> {
        List<?> items = Values.items(value, budget);
        if (items.size() != several.targets().size()) {
          throw JinjaException.failed(
              "%d values are given for %d names", items.size(), several.targets().size());
        }
        for (int i = 0; i < items.size(); i++) {
          assign(several.targets().get(i), items.get(i), scope);
        }
      }
    }
  }

  /** A macro sees the variables around its definition. */
  private Function macro(String name, Signature signature, List<Statement> body, Scope around) {
    return (arguments, renderer) -> {
      Scope scope = new Scope(around);
      bind(name, signature, arguments, scope);
      budget.enter();
      String text = render(body, scope);
      budget.leave();
      return text;
    };
  }

  private void bind(String name, Signature signature, Arguments arguments, Scope scope) {
    List<String> parameters = signature.parameters();
    List<Object> positional = arguments.positional();
    Map<String, Object> rest = new LinkedHashMap<>(arguments.named());
    int required = parameters.size() - signature.defaults().size();
    for (int i = 0; i < parameters.size(); i++) {
      String parameter = parameters.get(i);
      if (i < positional.size()) {
        scope.set(parameter, positional.get(i));
      } else if (rest.containsKey(parameter)) {
        scope.set(parameter, rest.get(parameter));
      } else {
        scope.set(
            parameter,
            i < required
                ? new Undefined("parameter '%s' was not provided".formatted(parameter))
                : evaluate(signature.defaults().get(i - required), scope));
      }
      rest.remove(parameter);
    }
    scope.set("caller", rest.getOrDefault("caller", new Undefined("'caller' is undefined")));
    rest.remove("caller");
    int over = Math.min(parameters.size(), positional.size());
    if (!signature.others() && over < positional.size()) {
      throw JinjaException.failed(
          "macro '%s' takes not more than %d arguments", name, parameters.size());
    }
    if (!signature.named() && !rest.isEmpty()) {
      throw JinjaException.failed(
          "macro '%s' takes no argument '%s'", name, rest.keySet().iterator().next());
    }
    scope.set("varargs", new Tuple(positional.subList(over, positional.size())));
    scope.set("kwargs", rest);
  }

  /** The value of an expression. */
  Object evaluate(Expression expression, Scope scope) {
    budget.step();
    return switch (expression) {
      case Expression.Literal literal -> literal.value();
      case Expression.Name name -> scope.get(name.name());
      case Expression.Sequence sequence -> {
        List<Object> items = all(sequence.items(), scope);
        yield sequence.tuple() ? new Tuple(items) : items;
      }
      case Expression.Mapping mapping -> {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < mapping.keys().size(); i++) {
          Object key = Values.key(evaluate(mapping.keys().get(i), scope));
          map.put(key, evaluate(mapping.values().get(i), scope));
        }
        yield map;
      }
      case Expression.Attribute attribute ->
          Members.attribute(evaluate(attribute.of(), scope), attribute.name());
      case Expression.Item item -> item(item, scope);
      case Expression.Slice slice -> throw new IllegalStateException("a slice is an index");
      case Expression.Call call -> call(call, null, scope);
      case Expression.Filter filter ->
          Filters.apply(
              filter.name(),
              evaluate(filter.of(), scope),
              arguments("filter " + filter.name(), filter.inputs(), null, scope),
              this);
      case Expression.Test test ->
          Tests.test(
              test.name(),
              evaluate(test.of(), scope),
              arguments("test " + test.name(), test.inputs(), null, scope),
              this);
      case Expression.Not not -> !Values.truth(evaluate(not.of(), scope));
      case Expression.Sign sign -> Arithmetic.sign(evaluate(sign.of(), scope), sign.negative());
      case Expression.Binary binary ->
          Arithmetic.binary(
              binary.operator(),
              evaluate(binary.left(), scope),
              evaluate(binary.right(), scope),
              budget);
      case Expression.Concat concat -> {
        StringBuilder text = new StringBuilder();
        for (Expression part : concat.parts()) {
          emit(Values.text(evaluate(part, scope), budget), text);
        }
        yield text.toString();
      }
      case Expression.Comparison comparison -> compare(comparison, scope);
      case Expression.And and -> {
        Object left = evaluate(and.left(), scope);
        yield Values.truth(left) ? evaluate(and.right(), scope) : left;
      }
      case Expression.Or or -> {
        Object left = evaluate(or.left(), scope);
        yield Values.truth(left) ? left : evaluate(or.right(), scope);
      }
      case Expression.Conditional conditional -> {
        if (Values.truth(evaluate(conditional.test(), scope))) {
          yield evaluate(conditional.then(), scope);
        }
        yield conditional.otherwise() == null
            ? new Undefined("the condition is false, and there is no 'else'")
            : evaluate(conditional.otherwise(), scope);
      }
    };
  }

  private List<Object> all(List<Expression> expressions, Scope scope) {
    List<Object> values = new ArrayList<>(expressions.size());
    for (Expression each : expressions) {
      values.add(evaluate(each, scope));
    }
    return values;
  }

  private Object item(Expression.Item item, Scope scope) {
    Object of = evaluate(item.of(), scope);
    if (item.index() instanceof Expression.Slice slice) {
      return Members.slice(
          of,
          part(slice.start(), scope),
          part(slice.stop(), scope),
          part(slice.step(), scope),
          budget);
    }
    return Members.item(of, evaluate(item.index(), scope), budget);
  }

  private Long part(Expression expression, Scope scope) {
    Object value = expression == null ? null : evaluate(expression, scope);
    return value == null ? null : (Long) Values.integer(value, "a slice");
  }

  private Object call(Expression.Call call, Function caller, Scope scope) {
    Object function = evaluate(call.function(), scope);
    String name =
        switch (call.function()) {
          case Expression.Name n -> n.name();
          case Expression.Attribute attribute -> attribute.name();
          default -> "the value";
        };
    Arguments arguments = arguments(name + "()", call.inputs(), caller, scope);
    return switch (function) {
      case Function f -> f.call(arguments, this);
      case Loop loop when loop.recursion() != null -> loop.recursion().call(arguments, this);
      case Undefined undefined -> throw undefined.error();
      case null, default ->
          throw JinjaException.failed(
              "%s: '%s' object is not callable", name, Values.type(function));
    };
  }

  private Arguments arguments(String of, Expression.Inputs inputs, Function caller, Scope scope) {
    List<Object> positional = all(inputs.positional(), scope);
    if (inputs.names().isEmpty() && caller == null) {
      return new Arguments(of, positional, Map.of());
    }
    Map<String, Object> named = new LinkedHashMap<>();
    for (int i = 0; i < inputs.names().size(); i++) {
      named.put(inputs.names().get(i), evaluate(inputs.named().get(i), scope));
    }
    if (caller != null) {
      named.put("caller", caller);
    }
    return new Arguments(of, positional, named);
  }

  private boolean compare(Expression.Comparison comparison, Scope scope) {
    Object left = evaluate(comparison.first(), scope);
    for (int i = 0; i < comparison.operators().size(); i++) {
      Object right = evaluate(comparison.others().get(i), scope);
      boolean holds =
          switch (comparison.operators().get(i)) {
            case "==" -> Values.equal(left, right, budget);
            case "!=" -> !Values.equal(left, right, budget);
            case "<" -> Values.compare(left, right, budget) < 0;
            case "<=" -> Values.compare(left, right, budget) <= 0;
            case ">" -> Values.compare(left, right, budget) > 0;
            case ">=" -> Values.compare(left, right, budget) >= 0;
            case "in" -> Values.contains(right, left, budget);
            default -> !Values.contains(right, left, budget);
          };
      if (!holds) {
        return false;
      }
      left = right;
    }
    return true;
  }
}
