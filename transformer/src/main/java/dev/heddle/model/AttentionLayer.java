package dev.heddle.model;

/**
 * A layer's attention.
 *
 * @param kind who attends to whom
 * @param index the layer among those of its kind, counted from 0
 * @param heads how many heads it has
 */
public record AttentionLayer(AttentionKind kind, int index, int heads) {}
