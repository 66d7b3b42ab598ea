package dev.heddle.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/**
 * One extent: a number, a named symbol such as {@code tokens}, or a polynomial of them such as
 * {@code 12*batch*sequence + 1}. Symbols stand for values that a run binds.
 *
 * <p>Polynomials are kept in one canonical form, so equal expressions are {@link #equals equal} and
 * print alike. A division that does not come out even stays a quotient, rounded down; so does a
 * minimum whose smaller side is not known. Arithmetic whose result has more than 256 terms or 16
 * thousand characters throws {@link IllegalArgumentException}.
 */
public final class Dim {
  /** The number 1. */
  public static final Dim ONE = of(1);

  /** The number 0. */
  public static final Dim ZERO = of(0);

  /** More is no extent that anybody means: an expression that was squared again and again. */
  private static final int MOST_TERMS = 256;

  private static final int LONGEST_TEXT = 1 << 14;

  /** What a term multiplies: something whose value only a run knows. */
  private sealed interface Factor {
    long evaluate(ToLongFunction<String> symbols);

    boolean isNonNegative();
  }

  private record Symbol(String name) implements Factor {
    @Override
    public long evaluate(ToLongFunction<String> symbols) {
      return symbols.applyAsLong(name);
    }

    @Override
    public boolean isNonNegative() {
      return true;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private record Quotient(Dim numerator, Dim denominator) implements Factor {
    @Override
    public long evaluate(ToLongFunction<String> symbols) {
      long divisor = denominator.evaluate(symbols);
      if (divisor == 0) {
        // Only an empty tensor gets here (0 elements over 0 known ones); any extent fits.
        return 0;
      }
      return Math.floorDiv(numerator.evaluate(symbols), divisor);
    }

    @Override
    public boolean isNonNegative() {
      return numerator.isNonNegative() && denominator.isNonNegative();
    }

    @Override
    public String toString() {
      return "floor(" + numerator + " / " + denominator + ")";
    }
  }

  private record Minimum(Dim a, Dim b) implements Factor {
    @Override
    public long evaluate(ToLongFunction<String> symbols) {
      return Math.min(a.evaluate(symbols), b.evaluate(symbols));
    }

    @Override
    public boolean isNonNegative() {
      return a.isNonNegative() && b.isNonNegative();
    }

    @Override
    public String toString() {
      return "min(" + a + ", " + b + ")";
    }
  }

  private record Term(long coefficient, Factor[] factors) {
    String key() {
      StringBuilder key = new StringBuilder();
      for (Factor factor : factors) {
        key.append(key.isEmpty() ? "" : "*").append(factor);
      }
      return key.toString();
    }

    Term times(Term other) {
      Factor[] all = Arrays.copyOf(factors, factors.length + other.factors.length);
      System.arraycopy(other.factors, 0, all, factors.length, other.factors.length);
      Arrays.sort(all, (a, b) -> a.toString().compareTo(b.toString()));
      return new Term(Math.multiplyExact(coefficient, other.coefficient), all);
    }

    /** This over {@code divisor}, or null where that leaves a remainder. */
    Term over(Term divisor) {
      if (divisor.coefficient == 0 || coefficient % divisor.coefficient != 0) {
        return null;
      }
      List<Factor> left = new ArrayList<>(Arrays.asList(factors));
      for (Factor factor : divisor.factors) {
        if (!left.remove(factor)) {
          return null;
        }
      }
      return new Term(coefficient / divisor.coefficient, left.toArray(Factor[]::new));
    }
  }

  private final Term[] terms;
  private final String text;

  private Dim(Collection<Term> sum) {
    TreeMap<String, Term> byKey = new TreeMap<>();
    for (Term term : sum) {
      byKey.merge(
          term.key(),
          term,
          (a, b) -> new Term(Math.addExact(a.coefficient, b.coefficient), a.factors));
    }
    byKey.values().removeIf(term -> term.coefficient == 0);
    Term constant = byKey.remove("");
    List<Term> ordered = new ArrayList<>(byKey.values());
    if (constant != null) {
      ordered.add(constant);
    }
    checkSize(ordered.size(), MOST_TERMS, "terms");
    this.terms = ordered.toArray(Term[]::new);
    this.text = describe();
    checkSize(text.length(), LONGEST_TEXT, "characters");
  }

  private static void checkSize(long size, long most, String what) {
    if (size > most) {
      throw new IllegalArgumentException(
          "a dimension of %d %s; expected at most %d".formatted(size, what, most));
    }
  }

  private String describe() {
    if (terms.length == 0) {
      return "0";
    }
    StringBuilder out = new StringBuilder();
    for (Term term : terms) {
      String key = term.key();
      long size = Math.abs(term.coefficient);
      out.append(
          out.isEmpty() ? (term.coefficient < 0 ? "-" : "") : term.coefficient < 0 ? " - " : " + ");
      out.append(key.isEmpty() ? size : size == 1 ? key : size + "*" + key);
    }
    return out.toString();
  }

  /** A number. */
  public static Dim of(long value) {
    return new Dim(List.of(new Term(value, new Factor[0])));
  }

  /** A symbol: letters, digits, {@code _ . / -}, not beginning with a digit. */
  public static Dim symbol(String name) {
    if (!name.matches("[A-Za-z_][A-Za-z0-9_./-]*")) {
      throw new IllegalArgumentException("not a name for a dimension: \"" + name + "\"");
    }
    return new Dim(List.of(new Term(1, new Factor[] {new Symbol(name)})));
  }

  private static Dim of(Factor factor) {
    return new Dim(List.of(new Term(1, new Factor[] {factor})));
  }

  /** The product of all, 1 if there are none. */
  public static Dim product(Collection<Dim> dims) {
    return dims.stream().reduce(ONE, Dim::times);
  }

  /** True for a number. */
  public boolean isFixed() {
    return terms.length == 0 || terms.length == 1 && terms[0].factors.length == 0;
  }

  /** True for the number {@code value}. */
  public boolean is(long value) {
    return isFixed() && fixed() == value;
  }

  /**
   * The number.
   *
   * @throws IllegalStateException if this holds a symbol
   */
  public long fixed() {
    if (!isFixed()) {
      throw new IllegalStateException("the dimension " + this + " is no number before a run");
    }
    return terms.length == 0 ? 0 : terms[0].coefficient;
  }

  /** The sum. */
  public Dim plus(Dim other) {
    List<Term> sum = new ArrayList<>(Arrays.asList(terms));
    sum.addAll(Arrays.asList(other.terms));
    return new Dim(sum);
  }

  /** The difference. */
  public Dim minus(Dim other) {
    return plus(other.times(of(-1)));
  }

  /** The product. */
  public Dim times(Dim other) {
    checkSize((long) terms.length * other.terms.length, MOST_TERMS * 16, "terms");
    List<Term> product = new ArrayList<>();
    for (Term a : terms) {
      for (Term b : other.terms) {
        product.add(a.times(b));
      }
    }
    return new Dim(product);
  }

  /** The quotient, rounded down; simplified where the division comes out even term by term. */
  public Dim dividedBy(Dim other) {
    if (equals(other) && !other.is(0)) {
      return ONE;
    }
    if (isFixed() && other.isFixed()) {
      // By zero as in a run: see Quotient.
      return other.is(0) ? ZERO : of(Math.floorDiv(fixed(), other.fixed()));
    }
    if (other.terms.length == 1) {
      List<Term> quotient = new ArrayList<>();
      for (Term term : terms) {
        Term q = term.over(other.terms[0]);
        if (q == null) {
          return of(new Quotient(this, other));
        }
        quotient.add(q);
      }
      return new Dim(quotient);
    }
    return of(new Quotient(this, other));
  }

  /** The smaller of both. */
  public static Dim min(Dim a, Dim b) {
    if (a.equals(b)) {
      return a;
    }
    if (a.isFixed() && b.isFixed()) {
      return a.fixed() < b.fixed() ? a : b;
    }
    return of(new Minimum(a, b));
  }

  /** True where the form tells that this is 0 or more, whatever the symbols, which are extents. */
  public boolean isNonNegative() {
    for (Term term : terms) {
      boolean factors = true;
      for (Factor factor : term.factors) {
        factors &= factor.isNonNegative();
      }
      if (term.coefficient < 0 || !factors) {
        return false;
      }
    }
    return true;
  }

  /** The value under the given values of the symbols. Allocates nothing. */
  public long evaluate(ToLongFunction<String> symbols) {
    long sum = 0;
    for (Term term : terms) {
      long product = term.coefficient;
      for (Factor factor : term.factors) {
        product = Math.multiplyExact(product, factor.evaluate(symbols));
      }
      sum = Math.addExact(sum, product);
    }
    return sum;
  }

  /**
   * {@code coefficient * symbol + constant}: the form from which a run can tell the symbol's value.
   */
  public record Linear(long coefficient, String symbol, long constant) {}

  /** This as a linear function of one symbol, or null if it is none. */
  public Linear asLinear() {
    boolean one =
        terms.length > 0 && terms[0].factors.length == 1 && terms[0].factors[0] instanceof Symbol;
    if (!one || terms.length > 2 || terms.length == 2 && terms[1].factors.length > 0) {
      return null;
    }
    long constant = terms.length == 2 ? terms[1].coefficient : 0;
    return new Linear(terms[0].coefficient, ((Symbol) terms[0].factors[0]).name, constant);
  }

  /** Adds the names of all symbols in this to {@code names}. */
  public void addSymbols(Set<String> names) {
    for (Term term : terms) {
      for (Factor factor : term.factors) {
        switch (factor) {
          case Symbol s -> names.add(s.name);
          case Quotient q -> {
            q.numerator.addSymbols(names);
            q.denominator.addSymbols(names);
          }
          case Minimum m -> {
            m.a.addSymbols(names);
            m.b.addSymbols(names);
          }
        }
      }
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Dim dim && text.equals(dim.text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  /** {@code 384}, {@code tokens}, {@code 12*batch*sequence + 1}. */
  @Override
  public String toString() {
    return text;
  }
}
