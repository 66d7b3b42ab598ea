package dev.heddle.conformance;

import dev.heddle.op.Attention;
import dev.heddle.op.Attention.Causal;
import dev.heddle.op.Attention.Layout;
import dev.heddle.op.Attention.Map;
import dev.heddle.tensor.DType;
import java.util.Arrays;
import java.util.stream.Stream;

/** {@link Attention} of ragged batches: sequences of any length, one after another. */
final class RaggedAttentionCases {
  private RaggedAttentionCases() {}

  static Stream<Case> all() {
    return Stream.of(lengths(), options(), maps(), types(), paged())
        .flatMap(specs -> specs)
        .map(AttentionSpec::build);
  }

  private static AttentionSpec of(int... lengths) {
    return new AttentionSpec(Layout.RAGGED).lengths(lengths);
  }

  private static Stream<AttentionSpec> lengths() {
    return Stream.of(
        of(1),
        of(17),
        of(64),
        of(129),
        of(257),
        of(1, 1, 1),
        of(5, 1, 17, 64, 3),
        of(129, 2, 65).heads(4, 4),
        of(0, 3, 0, 33, 0),
        of(),
        of(0),
        of(7, 31).heads(12, 12).dim(32, 32),
        of(7, 31).heads(6, 2).dim(64, 64),
        of(7, 31).heads(8, 1).dim(33, 33),
        of(7, 31).dim(16, 24),
        of(3, 5).keyLengths(17, 33),
        of(3, 5, 2).keyLengths(17, 0, 33),
        of(0, 5).keyLengths(17, 3));
  }

  private static Stream<AttentionSpec> options() {
    return Stream.of(
        of(17, 5, 65).causal(Causal.TOP_LEFT),
        of(17, 5, 65).causal(Causal.BOTTOM_RIGHT),
        of(3, 1, 9).keyLengths(17, 33, 5).causal(Causal.BOTTOM_RIGHT),
        of(3, 1, 9).keyLengths(17, 33, 5).causal(Causal.TOP_LEFT),
        of(37, 5).window(4),
        of(37, 5).window(16).causal(Causal.TOP_LEFT),
        of(37, 5).softCap(2),
        of(17, 5).alibi(),
        of(17, 5).relative(3),
        of(3, 9).keyLengths(17, 9).relative(4).causal(Causal.BOTTOM_RIGHT),
        of(17, 5).limits(DType.I32),
        of(17, 5).spread(30),
        of(3, 9).keyLengths(17, 33).alibi().causal(Causal.BOTTOM_RIGHT).heads(8, 2));
  }

  private static Stream<AttentionSpec> maps() {
    return Arrays.stream(Map.values())
        .filter(map -> map != Map.NONE)
        .flatMap(map ->
            Stream.of(
                of(17).map(map),
                of(5, 1, 17).map(map).heads(4, 2),
                of(5, 1, 17).map(map).spareKeys(3),
                of(5, 17).map(map).causal(Causal.TOP_LEFT).softCap(2),
                of(3, 5).keyLengths(17, 9).map(map)));
  }

  private static Stream<AttentionSpec> types() {
    return Stream.of(DType.F64, DType.F16, DType.BF16)
        .flatMap(dtype ->
            Stream.of(
                of(5, 1, 17).dtype(dtype),
                of(65, 129).dtype(dtype).heads(4, 2).causal(Causal.TOP_LEFT),
                of(5, 1, 17).dtype(dtype).map(Map.WEIGHTS)));
  }

  /** As a cache holds them: fewer queries than keys, the last query beside the last key. */
  private static Stream<AttentionSpec> paged() {
    return Stream.of(
        decode(1).keyLengths(1).paged(16, DType.F32),
        decode(1, 1, 1).keyLengths(17, 64, 129).paged(16, DType.F32),
        decode(1, 0, 1, 2).keyLengths(700, 5, 256, 513).paged(64, DType.F16).heads(16, 2),
        decode(1, 1).keyLengths(530, 300).paged(32, DType.F32).window(270).dim(40, 24),
        decode(5, 1, 17).keyLengths(5, 300, 40).paged(32, DType.F32).heads(8, 2),
        decode(3, 0, 9).keyLengths(17, 33, 9).paged(64, DType.F32),
        decode(130).keyLengths(130).paged(16, DType.F32).dim(32, 24),
        decode(1, 7).keyLengths(200, 50).paged(16, DType.F32).window(20),
        decode(1, 7).keyLengths(200, 50).paged(64, DType.F32).window(70),
        decode(1, 7).keyLengths(70, 50).paged(16, DType.F32).alibi().softCap(5),
        decode(1, 7).keyLengths(70, 50).paged(16, DType.F32).relative(20),
        decode(2, 7).keyLengths(70, 50).paged(16, DType.F32).map(Map.WEIGHTS),
        decode(5, 1).keyLengths(9, 300).paged(64, DType.F16),
        decode(5, 1).keyLengths(9, 300).paged(64, DType.BF16).heads(4, 1),
        decode(1, 1).keyLengths(700, 40).paged(64, DType.Q8_0).dim(64, 32).heads(9, 3),
        decode(5, 1).keyLengths(9, 300).paged(16, DType.Q8_0).dim(32, 96).window(130),
        decode(5, 1).keyLengths(9, 300).paged(64, DType.Q8_0).dim(32, 32).dtype(DType.BF16),
        decode(2, 7).keyLengths(70, 50).paged(16, DType.Q8_0).dim(32, 32).map(Map.WEIGHTS),
        of(5, 1).keyLengths(9, 30).paged(16, DType.F32),
        decode(5, 1).keyLengths(9, 300).paged(64, DType.F16).dtype(DType.F16));
  }

  private static AttentionSpec decode(int... lengths) {
    return of(lengths).causal(Causal.BOTTOM_RIGHT);
  }
}
