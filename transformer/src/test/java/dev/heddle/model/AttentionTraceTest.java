package dev.heddle.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.backend.Backend;
import dev.heddle.backend.InvalidInputException;
import dev.heddle.graph.Graph;
import dev.heddle.op.Attention;
import dev.heddle.reference.ReferenceBackend;
import dev.heddle.weights.Safetensors;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionTraceTest {
  private static final Path MODELS = Path.of("src/test/data/hf");

  @ParameterizedTest
  @ValueSource(strings = {"electra-token-classification", "gpt2", "mbart"})
  void everyHeadOfEveryKindIsAsTheReferenceHasIt(String name) {
    try (Model model = Models.open(MODELS.resolve(name));
        Backend backend = new ReferenceBackend();
        AttentionTrace trace = AttentionTrace.of(model, backend, AttentionSelection.ALL);
        Safetensors expected =
            Safetensors.open(MODELS.resolve(name).resolve("expected.safetensors"))) {
      boolean both = expected.has("long.decoder_input_ids");
      List<AttentionWeights> maps =
          trace.run(
              ids(expected, "long.input_ids"),
              null,
              both ? ids(expected, "long.decoder_input_ids") : null);
      long heads = AttentionTrace.layers(model).stream().mapToInt(AttentionLayer::heads).sum();
      assertEquals(heads, maps.size());
      for (AttentionWeights map : maps) {
        String of = both ? map.kind().spelling() + "." : "";
        float[] all = expected.tensor("long.%sattention.%d".formatted(of, map.layer())).toFloats();
        int size = map.queries() * map.keys();
        float[] own = Arrays.copyOfRange(all, map.head() * size, (map.head() + 1) * size);
        assertArrayEquals(own, map.values(), 1e-5f, map.kind() + " " + map.layer());
      }
    }
  }

  @Test
  void selectedHeadsAreTheSameAndNothingElseIsComputed() {
    try (Model model = Models.open(MODELS.resolve("mbart"));
        Backend backend = new ReferenceBackend()) {
      AttentionSelection wanted =
          new AttentionSelection(Set.of(AttentionKind.ENCODER), Set.of(1), Set.of(0, 3));
      int[] ids = {7, 9, 11, 2};
      try (AttentionTrace all = AttentionTrace.of(model, backend, AttentionSelection.ALL);
          AttentionTrace few = AttentionTrace.of(model, backend, wanted)) {
        List<AttentionWeights> expected =
            all.run(ids, null, null).stream()
                .filter(map -> map.kind() == AttentionKind.ENCODER && map.layer() == 1)
                .filter(map -> map.head() == 0 || map.head() == 3)
                .toList();
        List<AttentionWeights> actual = few.run(ids, null, null);
        assertEquals(2, actual.size());
        for (int i = 0; i < 2; i++) {
          assertEquals(expected.get(i).head(), actual.get(i).head());
          assertArrayEquals(expected.get(i).values(), actual.get(i).values());
        }
      }
      AttentionSites sites = AttentionSites.of(model);
      List<AttentionLayer> layers = wanted.of("", List.copyOf(sites.nodes().keySet()));
      Graph graph = sites.showing(layers, wanted);
      List<Attention.Map> maps =
          graph.nodes().stream()
              .filter(node -> node.op() instanceof Attention)
              .map(node -> ((Attention) node.op()).map())
              .toList();
      // The layer before it without its map, and neither the layer behind nor the decoder.
      assertEquals(List.of(Attention.Map.NONE, Attention.Map.WEIGHTS), maps);
    }
  }

  @Test
  void aLayerOrHeadThatIsNotThereIsNamed() {
    try (Model model = Models.open(MODELS.resolve("mbart"));
        Backend backend = new ReferenceBackend()) {
      refuses(model, backend, Set.of(), Set.of(3), Set.of(), "layer 3", "layers 0 to 2");
      refuses(
          model,
          backend,
          Set.of(AttentionKind.CROSS),
          Set.of(2),
          Set.of(),
          "layer 2",
          "layers 0 to 1");
      refuses(
          model,
          backend,
          Set.of(AttentionKind.ENCODER),
          Set.of(),
          Set.of(0, 4),
          "head 4",
          "heads 0 to 3");
    }
    try (Model model = Models.open(MODELS.resolve("gpt2"));
        Backend backend = new ReferenceBackend();
        AttentionTrace trace = AttentionTrace.of(model, backend, AttentionSelection.ALL)) {
      refuses(model, backend, Set.of(AttentionKind.CROSS), Set.of(), Set.of(), "no cross");
      assertThrows(
          InvalidInputException.class, () -> trace.run(new int[] {1}, null, new int[] {1}));
      assertThrows(InvalidInputException.class, () -> trace.run(new int[0], null, null));
    }
  }

  private static void refuses(
      Model model,
      Backend backend,
      Set<AttentionKind> kinds,
      Set<Integer> layers,
      Set<Integer> heads,
      String... parts) {
    AttentionSelection selection = new AttentionSelection(kinds, layers, heads);
    String message =
        assertThrows(
                InvalidInputException.class, () -> AttentionTrace.of(model, backend, selection))
            .getMessage();
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  private static int[] ids(Safetensors file, String name) {
    float[] values = file.tensor(name).toFloats();
    int[] ids = new int[values.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) values[i];
    }
    return ids;
  }
}
