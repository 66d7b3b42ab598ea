package dev.heddle.bench.result;

import java.util.Map;

/**
 * What was computed.
 *
 * @param group its table: {@code matmul}, {@code softmax}, {@code layernorm}, {@code attention},
 *     {@code embedding}, {@code prefill}, {@code decode} or {@code many}
 * @param shape what tells it from others of its group, in words: {@code [32, 384] by [384, 1536]}
 * @param parameters the same as numbers and words, by name; {@code batch} and {@code tokens} where
 *     there are such
 * @param flops floating-point operations of one run, a multiply-add being two; 0 where unknown
 * @param bytes that one run must move at least; 0 where unknown
 */
public record Work(
    String group, String shape, Map<String, Object> parameters, double flops, double bytes) {}
