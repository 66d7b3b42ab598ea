package dev.heddle.kernels;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A kernel's source: a file of the portable dialect, or, ending in {@code .cu}, one for CUDA alone,
 * in {@code .sm_90a.cu} for that architecture alone, and then instead of the {@code .cu} of the
 * same name; the function to call, and what is defined before it. A file names what else of the
 * prelude it needs: {@code #include "rows.h"}.
 *
 * @param file {@code matmul.cl}
 * @param entry the kernel function
 * @param defines {@code NAME} or {@code NAME value} each; they choose among a file's variants
 * @param tileBytes local memory that a group is given besides what the source declares; see {@link
 *     DeviceLimits#tileBytes()}
 */
public record KernelSource(String file, String entry, List<String> defines, int tileBytes) {
  /** A line that stands for a file of the prelude, for compilers that have no files. */
  private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"(.+)\"\\R");

  private static final String HOPPER = ".sm_90a.cu";

  /** What maps the dialect to a language. */
  public enum Language {
    OPENCL("opencl.h"),
    CUDA("cuda.h");

    private final String prelude;

    Language(String prelude) {
      this.prelude = prelude;
    }
  }

  public KernelSource {
    defines = List.copyOf(defines);
  }

  /** A source that declares all local memory it needs. */
  public KernelSource(String file, String entry, List<String> defines) {
    this(file, entry, defines, 0);
  }

  /** This one with one more define, at the end. */
  public KernelSource with(String define) {
    List<String> all = new ArrayList<>(defines);
    all.add(define);
    return new KernelSource(file, entry, all, tileBytes);
  }

  /** A variant of a file. */
  public static KernelSource of(String file, String entry, String... defines) {
    return new KernelSource(file, entry, List.of(defines));
  }

  /** Whether devices of compute capability 9.0 run it: not if another file stands for it there. */
  public boolean isForHopper() {
    return !isForOthers()
        || !file.endsWith(".cu")
        || KernelSource.class.getResource(file.replaceAll("\\.cu$", HOPPER)) == null;
  }

  /** Whether other devices run it. */
  public boolean isForOthers() {
    return !file.endsWith(HOPPER);
  }

  /** All that a compiler of {@code language} is given. */
  public String text(Language language) {
    StringBuilder text = new StringBuilder();
    for (String define : defines) {
      text.append("#define ").append(define).append('\n');
    }
    return text.append(resource("prelude/" + language.prelude))
        .append(resource("prelude/types.h"))
        .append(INCLUDE.matcher(resource(file)).replaceAll(KernelSource::included))
        .toString();
  }

  private static String included(MatchResult include) {
    return Matcher.quoteReplacement(resource("prelude/" + include.group(1)));
  }

  private static String resource(String name) {
    try (InputStream stream = KernelSource.class.getResourceAsStream(name)) {
      if (stream == null) {
        throw new IllegalArgumentException("there is no kernel file " + name);
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("kernel file " + name, e);
    }
  }

  /** {@code matmul.cl matmul [A f16, B f32]}. */
  @Override
  public String toString() {
    return file + " " + entry + " " + defines;
  }
}
