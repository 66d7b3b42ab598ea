/**
 * Generation of text: which token comes next, when it ends, and what of it can be shown already.
 * Nothing here knows a network: logits in, token ids out.
 */
package dev.heddle.generate;
