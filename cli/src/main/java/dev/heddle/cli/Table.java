package dev.heddle.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Rows of aligned cells. Names out of files are shown so that they cannot steer a terminal. */
public final class Table {
  private static final String GAP = "  ";

  private final List<String> heads = new ArrayList<>();
  private final List<Boolean> toTheRight = new ArrayList<>();
  private final List<String[]> rows = new ArrayList<>();

  /** Without columns. */
  public Table() {}

  /** Adds a column of text. */
  public Table left(String head) {
    heads.add(head);
    toTheRight.add(false);
    return this;
  }

  /** Adds a column of numbers. */
  public Table right(String head) {
    heads.add(head);
    toTheRight.add(true);
    return this;
  }

  /** Adds a row, a cell for each column; whole numbers are grouped in thousands. */
  public Table row(Object... cells) {
    if (cells.length != heads.size()) {
      throw new IllegalArgumentException(
          "%d cells for %d columns".formatted(cells.length, heads.size()));
    }
    String[] row = new String[cells.length];
    for (int i = 0; i < row.length; i++) {
      row[i] =
          switch (cells[i]) {
            case Integer number -> "%,d".formatted(number);
            case Long number -> "%,d".formatted(number);
            default -> printable(cells[i].toString());
          };
    }
    rows.add(row);
    return this;
  }

  /** Prints the table, without a line of heads where no column has one. */
  public void print(PrintWriter out, String indent) {
    int[] widths = new int[heads.size()];
    List<String[]> lines = new ArrayList<>(rows);
    if (heads.stream().anyMatch(head -> !head.isEmpty())) {
      lines.addFirst(heads.toArray(String[]::new));
    }
    for (String[] line : lines) {
      for (int i = 0; i < line.length; i++) {
        widths[i] = Math.max(widths[i], line[i].length());
      }
    }
    for (String[] line : lines) {
      StringBuilder text = new StringBuilder(indent);
      for (int i = 0; i < line.length; i++) {
        String padding = " ".repeat(widths[i] - line[i].length());
        text.append(toTheRight.get(i) ? padding + line[i] : line[i] + padding).append(GAP);
      }
      out.println(text.toString().stripTrailing());
    }
  }

  /** {@code text} with control characters as {@code \}{@code u001b}. */
  static String printable(String text) {
    if (text.chars().noneMatch(Character::isISOControl)) {
      return text;
    }
    StringBuilder shown = new StringBuilder();
    text.chars()
        .forEach(c -> shown.append(Character.isISOControl(c) ? "\\u%04x".formatted(c) : (char) c));
    return shown.toString();
  }
}
