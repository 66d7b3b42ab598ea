package dev.heddle.jinja;

import java.util.ArrayList;
import java.util.List;

/** Python's operators. */
final class Arithmetic {
  private Arithmetic() {}

  static Object binary(String operator, Object a, Object b, Budget budget) {
    if (a instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (b instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (Values.isNumber(a) && Values.isNumber(b)) {
      return numbers(operator, Values.number(a), Values.number(b));
    }
    return switch (operator) {
      case "+" -> add(a, b, budget);
      case "*" -> repeat(a, b, budget);
      default -> {
        if (operator.equals("%") && Markup.plain(a) instanceof String format) {
          yield Formats.percent(format, b, budget);
        }
        throw unsupported(operator, a, b);
      }
    };
  }

  private static JinjaException unsupported(String operator, Object a, Object b) {
    return JinjaException.failed(
        "'%s' is not defined for '%s' and '%s'", operator, Values.type(a), Values.type(b));
  }

  private static Object add(Object a, Object b, Budget budget) {
    if (a instanceof Markup || b instanceof Markup) {
      if (Markup.plain(a) instanceof String && Markup.plain(b) instanceof String) {
        String left = Markup.safe(a, budget);
        String right = Markup.safe(b, budget);
        budget.make((long) left.length() + right.length());
        return new Markup(left + right);
      }
      throw unsupported("+", a, b);
    }
    if (a instanceof String s) {
      if (b instanceof String t) {
        budget.make((long) s.length() + t.length());
        return s + t;
      }
      throw JinjaException.failed("can only concatenate str (not \"%s\") to str", Values.type(b));
    }
    if (a instanceof List<?> x
        && b instanceof List<?> y
        && a instanceof Tuple == b instanceof Tuple) {
      budget.make((long) x.size() + y.size());
      List<Object> sum = new ArrayList<>(x);
      sum.addAll(y);
      return a instanceof Tuple ? new Tuple(sum) : sum;
    }
    throw unsupported("+", a, b);
  }

  private static Object repeat(Object a, Object b, Budget budget) {
    Object what = a instanceof Long ? b : a;
    if (!((a instanceof Long ? a : b) instanceof Long count)) {
      throw unsupported("*", a, b);
    }
    long times = Math.max(0, count);
    if (what instanceof String s) {
      budget.make(s.isEmpty() ? 0 : saturated(times, s.length()));
      return s.isEmpty() ? "" : s.repeat((int) times);
    }
    if (what instanceof List<?> list) {
      budget.make(list.isEmpty() ? 0 : saturated(times, list.size()));
      List<Object> result = new ArrayList<>();
      for (long i = 0; i < times && !list.isEmpty(); i++) {
        result.addAll(list);
      }
      return what instanceof Tuple ? new Tuple(result) : result;
    }
    throw unsupported("*", a, b);
  }

  private static long saturated(long a, long b) {
    return Math.multiplyHigh(a, b) != 0 || a * b < 0 ? Long.MAX_VALUE : a * b;
  }

  private static Object numbers(String operator, Number a, Number b) {
    boolean whole = a instanceof Long && b instanceof Long;
    double x = a.doubleValue();
    double y = b.doubleValue();
    try {
      switch (operator) {
        case "+" -> {
          return whole ? (Object) Math.addExact(a.longValue(), b.longValue()) : (Object) (x + y);
        }
        case "-" -> {
          return whole
              ? (Object) Math.subtractExact(a.longValue(), b.longValue())
              : (Object) (x - y);
        }
        case "*" -> {
          return whole
              ? (Object) Math.multiplyExact(a.longValue(), b.longValue())
              : (Object) (x * y);
        }
        case "**" -> {
          return power(a, b, whole);
        }
        default -> {
          if (y == 0) {
            throw JinjaException.failed("division by zero");
          }
          return switch (operator) {
            case "/" -> x / y;
            case "//" ->
                whole ? (Object) Math.floorDiv(a.longValue(), b.longValue()) : Math.floor(x / y);
            case "%" ->
                whole
                    ? (Object) Math.floorMod(a.longValue(), b.longValue())
                    : x - y * Math.floor(x / y);
            default -> throw new IllegalStateException(operator);
          };
        }
      }
    } catch (ArithmeticException e) {
      throw JinjaException.failed("%s %s %s is too large for 64 bits", a, operator, b);
    }
  }

  private static Object power(Number a, Number b, boolean whole) {
    if (!whole || b.longValue() < 0) {
      return Math.pow(a.doubleValue(), b.doubleValue());
    }
    long result = 1;
    long base = a.longValue();
    for (long n = b.longValue(); n > 0; n >>= 1) {
      if ((n & 1) == 1) {
        result = Math.multiplyExact(result, base);
      }
      if (n > 1) {
        base = Math.multiplyExact(base, base);
      }
    }
    return result;
  }

  static Object sign(Object value, boolean negative) {
    return switch (Values.number(value)) {
      case Long n when negative && n == Long.MIN_VALUE ->
          throw JinjaException.failed("-(%s) is too large for 64 bits", n);
      case Long n -> negative ? -n : n;
      case Number d -> negative ? -d.doubleValue() : d.doubleValue();
    };
  }
}
