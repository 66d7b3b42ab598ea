package dev.heddle.text;

import java.util.List;
import java.util.OptionalInt;

/**
 * Numbers of the tokens that a model gives a meaning.
 *
 * @param bos begins a text
 * @param eos ends a text
 * @param unknown stands for what no token is for
 * @param separator ends each text of a pair
 * @param padding fills
 * @param classifier begins a text that is classified
 * @param mask stands for a token to guess
 * @param ends those at which generation ends, {@code eos} among them
 */
public record SpecialTokens(
    OptionalInt bos,
    OptionalInt eos,
    OptionalInt unknown,
    OptionalInt separator,
    OptionalInt padding,
    OptionalInt classifier,
    OptionalInt mask,
    List<Integer> ends) {}
