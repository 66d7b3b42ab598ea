package dev.heddle.bench;

import dev.heddle.backend.BackendOptions.Activations;

/**
 * How a runtime of language models is to run.
 *
 * @param machine threads, and Heddle's backend
 * @param activations what Heddle multiplies quantised weights with; other systems have no choice
 * @param sequences texts at a time
 * @param tokens of each text, the prompt's included
 */
public record TextSettings(Settings machine, Activations activations, int sequences, int tokens) {}
