package dev.heddle.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Which of a model's files are taken where none was named: what is needed to open it. */
final class ModelFiles {
  /** Configuration, tokenizer and chat template; those of sentence-transformers' modules too. */
  private static final Pattern SETTINGS =
      Pattern.compile("[^/]+\\.json|[^/]+\\.jinja|(vocab|merges)\\.txt|[^/]+\\.(model|spm)");

  private static final Pattern MODULE =
      Pattern.compile("\\d+_\\w+/(config\\.json|.+\\.safetensors)");
  private static final Pattern SHARD = Pattern.compile("model-\\d+-of-\\d+\\.safetensors");
  private static final Pattern ONNX = Pattern.compile("(onnx/)?model\\.onnx(_data)?");
  private static final Pattern GGUF = Pattern.compile(".+\\.gguf");
  private static final Pattern GGUF_PART = Pattern.compile("(.+)-\\d{5}-of-\\d{5}\\.gguf");
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  private ModelFiles() {}

  /**
   * Of all files of a model: its settings, and the first of these that it has: {@code
   * model.safetensors}, the shards of its index, one GGUF model, {@code model.onnx}. Settings come
   * first, so that what is small and may be refused is asked for before what is large.
   *
   * @throws HubException if there are no weights that can be read, or several GGUF models
   */
  static List<String> choose(HubReference reference, List<String> files) {
    List<String> weights = weights(reference, files);
    List<String> chosen =
        new ArrayList<>(
            matching(files, SETTINGS).stream()
                .filter(file -> !file.equals(INDEX) || weights.contains(INDEX))
                .filter(file -> !weights.contains(file))
                .toList());
    chosen.addAll(matching(files, MODULE));
    chosen.addAll(weights);
    return chosen;
  }

  private static List<String> weights(HubReference reference, List<String> files) {
    if (files.contains(SINGLE)) {
      return List.of(SINGLE);
    }
    if (files.contains(INDEX)) {
      List<String> sharded = new ArrayList<>(List.of(INDEX));
      sharded.addAll(matching(files, SHARD));
      return sharded;
    }
    List<String> gguf = matching(files, GGUF);
    long models =
        gguf.stream().map(file -> GGUF_PART.matcher(file).replaceFirst("$1")).distinct().count();
    if (models == 1) {
      return gguf;
    }
    List<String> onnx = matching(files, ONNX);
    if (models == 0 && !onnx.isEmpty()) {
      boolean above = onnx.stream().anyMatch(file -> !file.contains("/"));
      return onnx.stream().filter(file -> above != file.contains("/")).toList();
    }
    throw new HubException(
        HubException.Reason.NOT_FOUND,
        models == 0
            ? "%s has no weights in safetensors, GGUF or ONNX; it has: %s"
                .formatted(reference, listed(files))
            : "%s has %d GGUF models; name one as %s:FILE: %s"
                .formatted(reference, models, reference, listed(gguf)));
  }

  private static List<String> matching(List<String> files, Pattern pattern) {
    return files.stream().filter(file -> pattern.matcher(file).matches()).sorted().toList();
  }

  private static String listed(List<String> files) {
    int most = 20;
    String names = files.stream().limit(most).collect(Collectors.joining(", "));
    return files.size() <= most ? names : names + ", and %d more".formatted(files.size() - most);
  }
}
