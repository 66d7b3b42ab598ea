package dev.heddle.cuda;

import dev.heddle.kernels.KernelSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Several sources as one: most of the time that {@code nvcc} takes for a small kernel goes to its
 * own headers, and half of the bytes of a small image to what stands around the code. Each source
 * has a namespace, its macros end where it ends, and its kernels' names get its number.
 */
record KernelUnit(String name, List<KernelSource> sources) {
  private static final int MOST = 8;
  private static final Pattern MACRO = Pattern.compile("(?m)^\\s*#\\s*define\\s+(\\w+)");
  private static final Pattern KERNEL =
      Pattern.compile("(?m)^KERNEL\\s+(?:GROUP_\\w+\\([^)]*\\)\\s*)?(\\w+)\\s*\\(");

  KernelUnit {
    sources = List.copyOf(sources);
  }

  /** Units of few sources of one file each; of sources with the same text only the first stays. */
  static List<KernelUnit> of(Iterable<KernelSource> sources) {
    Map<String, KernelSource> byText = new TreeMap<>();
    Map<String, List<KernelSource>> byFile = new TreeMap<>();
    for (KernelSource source : sources) {
      if (byText.putIfAbsent(source.text(KernelSource.Language.CUDA), source) == null) {
        byFile.computeIfAbsent(source.file(), file -> new ArrayList<>()).add(source);
      }
    }
    List<KernelUnit> units = new ArrayList<>();
    byFile.forEach((file, all) -> {
      String stem = file.substring(0, file.lastIndexOf('.'));
      for (int from = 0; from < all.size(); from += MOST) {
        units.add(
            new KernelUnit(
                stem + "_" + from / MOST, all.subList(from, Math.min(from + MOST, all.size()))));
      }
    });
    return units;
  }

  /** What the names of source {@code number}'s kernels end in. */
  static String suffix(int number) {
    return "_" + number;
  }

  /** All that the compiler is given. */
  String text() {
    StringBuilder unit = new StringBuilder();
    for (int i = 0; i < sources.size(); i++) {
      String text = sources.get(i).text(KernelSource.Language.CUDA);
      Map<String, String> macros = new TreeMap<>();
      for (String kernel : names(KERNEL, text)) {
        macros.put(kernel, kernel + suffix(i));
      }
      if (!macros.containsKey(sources.get(i).entry())) {
        throw new IllegalArgumentException(sources.get(i) + " has only the kernels " + macros);
      }
      unit.append("namespace source_").append(i).append(" {\n");
      macros.forEach((name, to) -> unit.append("#define " + name + " " + to + "\n"));
      unit.append(text).append('\n');
      names(MACRO, text).forEach(name -> macros.put(name, ""));
      macros.keySet().forEach(name -> unit.append("#undef " + name + "\n"));
      unit.append("}\n");
    }
    return unit.toString();
  }

  private static TreeSet<String> names(Pattern pattern, String text) {
    TreeSet<String> names = new TreeSet<>();
    Matcher matcher = pattern.matcher(text);
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    return names;
  }
}
