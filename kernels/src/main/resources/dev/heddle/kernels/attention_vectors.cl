// Attention on a CPU: one work-item does a tile of queries of one head by vectors of VEC_LANES floats,
// without a barrier. X is not f64.
#define TILE (2 * VEC_LANES)
#define HEAD GROUP_ID(1)
#include "starts.h"
#include "blocks.h"
#include "attention.h"

// Scores lie transposed, [keys, TILE]: a key's row holds the tile's queries side by side, in two
// vectors. So the softmax runs down the rows, each query in its lane, and both products have one
// form, whose left factor is broadcast element by element.

// Keys whose scores are held at a time, and elements of a head.
#define BLOCK 128
#define CHUNK 128

// Rows of a product at a time: what registers hold as two vectors each.
#if VEC_LANES >= 16
#define GRIP 8
#else
#define GRIP 4
#endif

// out[r] = sum over i < n of a[r * row + i * step] * b[i] for r < rows, chains from i = 0 up that
// begin with out itself if more. Up to GRIP - 1 rows of out behind the last are overwritten.
DEVICE void product(
    PRIVATE const f32 *a, i32 row, i32 step, i32 rows, PRIVATE const vec *b, i32 n, i32 more,
    PRIVATE vec *out) {
  for (i32 r = 0; r < rows; r += GRIP) {
    PRIVATE const f32 *left[GRIP];
    vec x[GRIP];
    vec z[GRIP];
    UNROLL
    for (i32 g = 0; g < GRIP; g++) {
      left[g] = a + MIN(r + g, rows - 1) * row;
      x[g] = more ? out[2 * (r + g)] : VEC(0.0f);
      z[g] = more ? out[2 * (r + g) + 1] : VEC(0.0f);
    }
    for (i32 i = 0; i < n; i++) {
      const vec b0 = b[2 * i];
      const vec b1 = b[2 * i + 1];
      UNROLL
      for (i32 g = 0; g < GRIP; g++) {
        const vec f = VEC(left[g][i * step]);
        x[g] = VEC_FMA(f, b0, x[g]);
        z[g] = VEC_FMA(f, b1, z[g]);
      }
    }
    UNROLL
    for (i32 g = 0; g < GRIP; g++) {
      out[2 * (r + g)] = x[g];
      out[2 * (r + g) + 1] = z[g];
    }
  }
}

// The same with an f32 factor, [n, TILE], of which a 0 takes nothing, not even an infinity or NaN.
DEVICE void product_visible(
    PRIVATE const f32 *a, i32 row, i32 step, i32 rows, PRIVATE const f32 *b, i32 n,
    PRIVATE f32 *out) {
  for (i32 r = 0; r < rows; r++) {
    for (i32 lane = 0; lane < TILE; lane++) {
      f32 sum = 0.0f;
      for (i32 i = 0; i < n; i++) {
        const f32 weight = b[i * TILE + lane];
        if (weight != 0.0f) {
          sum = FMA(weight, a[r * row + i * step], sum);
        }
      }
      out[r * TILE + lane] = sum;
    }
  }
}

// e^x within 1 ulp for x up to 0, and 0 below -87.3: exactly 1 at 0 and 0 at -infinity.
// e^x = 2^n e^r; adding 1.5 * 2^23 + 127 rounds n and leaves its biased exponent in the lowest bits.
DEVICE vec exp_of_non_positive(vec x) {
  const vec shifted = VEC_FMA(x, VEC(1.442695f), VEC(12583039.0f));
  const vec n = shifted - VEC(12583039.0f);
  const vec r = VEC_FMA(n, VEC(-1.4286068e-6f), VEC_FMA(n, VEC(-0.693145751953125f), x));
  vec p = VEC_FMA(r, VEC(0.0013819785f), VEC(0.008368687f));
  p = VEC_FMA(p, r, VEC(0.041668277f));
  p = VEC_FMA(p, r, VEC(0.16666521f));
  p = VEC_FMA(p, r, VEC(0.49999994f));
  p = VEC_FMA(p, r, VEC(1.0f));
  p = VEC_FMA(p, r, VEC(1.0f));
  p = p * BITS_VEC(VEC_BITS(shifted) << 23);
  return VEC_CHOOSE(x < VEC(-87.3f), VEC(0.0f), p);
}

// tanh x: (1 - z) / (1 + z) with z = e^-2|x|, near 0 the first terms of its series.
DEVICE vec tanh_of(vec x) {
  const vec zero = VEC(0.0f);
  const vec size = VEC_CHOOSE(x < zero, zero - x, x);
  const vec z = exp_of_non_positive(size * VEC(-2.0f));
  const vec far = (VEC(1.0f) - z) / (VEC(1.0f) + z);
  const vec square = x * x;
  const vec series = VEC_FMA(VEC_FMA(square, VEC(0.13333333f), VEC(-0.33333333f)), square, VEC(1.0f));
  const vec signed_far = VEC_CHOOSE(x < zero, zero - far, far);
  return VEC_CHOOSE(size < VEC(0.1f), series * x, signed_far);
}

KERNEL GROUP_SIZE(1, 1, 1) attention(ARGUMENTS) {
  BEGIN_MAP;
  vec left[BLOCK * CHUNK / VEC_LANES];  // Keys or values of a block, [keys, elements of a head].
  vec packed[2 * CHUNK];            // Queries, scaled, [elements of a head, TILE].
  vec scores[2 * BLOCK];            // Then weights.
  vec sums[2 * CHUNK];              // [elements of a value, TILE], of all blocks so far,
  vec more[2 * CHUNK];              // and of this one.
  vec greatest[2];                  // Of each query: the greatest score so far,
  vec shift[2];                     // what to subtract from scores,
  vec total[2];                     // the sum of weights,
  vec factor[2];                    // and of what was summed before; at the end of all.
  vec lane[2];
  PRIVATE f32 *element = (PRIVATE f32 *)left;
  PRIVATE f32 *query = (PRIVATE f32 *)packed;
  PRIVATE f32 *score = (PRIVATE f32 *)scores;
  const i32 first_value = (i32)GROUP_ID(2) * CHUNK;
  const i32 values = MIN(CHUNK, value_dim - first_value);
  i32 ready = 0;  // Whether packed holds the queries.
  for (i32 i = 0; i < TILE; i++) {
    ((PRIVATE f32 *)lane)[i] = (f32)i;
  }
  for (i32 h = 0; h < 2; h++) {
    greatest[h] = VEC(HIDDEN);
    shift[h] = VEC(0.0f);
    total[h] = VEC(0.0f);
    factor[h] = VEC(0.0f);
  }
  for (i32 i = 0; i < 2 * values; i++) {
    sums[i] = VEC(0.0f);
  }

  // Results first; then, if there is a map, all keys once more.
  for (i32 pass = 0; pass < passes; pass++) {
    const i32 from = pass == 0 ? first_key(t.position, window) / BLOCK * BLOCK : 0;
    const i32 to = pass == 0 ? end_key(t.shown, last_position, causal, window) : t.keys;
    for (i32 j = from; j < to; j += BLOCK) {
      const i32 n = MIN(BLOCK, to - j);

      for (i32 d = 0; d < head_dim; d += CHUNK) {
        const i32 width = MIN(CHUNK, head_dim - d);
        if (head_dim > CHUNK || !ready) {
          ready = 1;
          for (i32 i = 0; i < TILE; i++) {
            const i64 at = VECTOR_AT(q, t, query, head, t.row + MIN(i, t.count - 1)) + d;
            for (i32 e = 0; e < width; e++) {
              query[e * TILE + i] = scale * LOAD(X, q, at + e);
            }
          }
        }
        for (i32 i = 0; i < n; i++) {
          const i64 row = key_row(t, j + i);
          const i64 at = KEY_AT(k, t, kv_head, row) + d;
          for (i32 e = 0; e < width; e++) {
            element[i * width + e] = row < 0 ? 0.0f : LOAD(KV, k, at + e);
          }
        }
        product(element, width, 1, n, packed, width, d > 0, scores);
      }

      const i32 stage = pass == 0 ? MAP_WEIGHTS : map_kind;
      if (stage >= MAP_CAPPED && cap != 0.0f) {
        for (i32 i = 0; i < 2 * n; i++) {
          scores[i] = VEC(cap) * tanh_of(scores[i] * VEC(1.0f / cap));
        }
      }
      if (stage >= MAP_MASKED) {
        if (PRESENT(slopes)) {
          const vec slope = VEC(LOAD(SLOPE, slopes, head));
          for (i32 i = 0; i < n; i++) {
            const vec distance = VEC((f32)(j + i - t.position));
            scores[2 * i] = VEC_FMA(distance - lane[0], slope, scores[2 * i]);
            scores[2 * i + 1] = VEC_FMA(distance - lane[1], slope, scores[2 * i + 1]);
          }
        }
        if (PRESENT(biases)) {
          for (i32 i = 0; i < n; i++) {
            const i32 distance = j + i - t.position;
            for (i32 l = 0; l < TILE; l++) {
              const i32 at = CLAMP(distance - l, -reach, reach);
              score[i * TILE + l] += LOAD(BIAS, biases, bias_at + at);
            }
          }
        }
        if (PRESENT(mask)) {
          for (i32 i = 0; i < n; i++) {
            const i64 at = mask_at + (j + i) * mask_key;
            if (mask_query == 0) {
              const f32 m = load_mask(mask, at);
              for (i32 h = 2 * i; h < 2 * i + 2; h++) {
                scores[h] = m == HIDDEN ? VEC(HIDDEN) : scores[h] + VEC(m);
              }
            } else {
              for (i32 l = 0; l < t.count; l++) {
                const f32 m = load_mask(mask, at + l * mask_query);
                score[i * TILE + l] = m == HIDDEN ? HIDDEN : score[i * TILE + l] + m;
              }
            }
          }
        }
        // Key j + i is seen from the lanes low + i to high + i.
        const i32 distance = j - t.position;
        i32 low = causal != CAUSAL_NONE ? distance : -TILE - BLOCK;
        i32 high = TILE + BLOCK;
        if (window > 0) {
          low = MAX(low, distance - window + 1);
          high = MIN(high, distance + window - 1);
        }
        if (low + n - 1 > 0 || high < t.count - 1) {
          low = MAX(low, -TILE - BLOCK);
          high = MAX(high, -TILE - BLOCK);
          for (i32 i = 0; i < n; i++) {
            for (i32 h = 0; h < 2; h++) {
              vec s = scores[2 * i + h];
              s = VEC_CHOOSE(lane[h] < VEC((f32)(low + i)), VEC(HIDDEN), s);
              s = VEC_CHOOSE(VEC((f32)(high + i)) < lane[h], VEC(HIDDEN), s);
              scores[2 * i + h] = s;
            }
          }
        }
        for (i32 i = MAX(0, t.shown - j); i < n; i++) {
          scores[2 * i] = VEC(HIDDEN);
          scores[2 * i + 1] = VEC(HIDDEN);
        }
      }

      if (pass == 0) {
        for (i32 h = 0; h < 2; h++) {
          // Two chains, for a comparison and a choice take longer than a load.
          vec now = greatest[h];
          vec other = now;
          for (i32 i = 0; i < n; i += 2) {
            const vec a = scores[2 * i + h];
            const vec b = scores[2 * MIN(i + 1, n - 1) + h];
            now = VEC_CHOOSE(now < a, a, now);
            other = VEC_CHOOSE(other < b, b, other);
          }
          now = VEC_CHOOSE(now < other, other, now);
          const vec safe = VEC_CHOOSE(now < VEC(-3.402823466e38f), VEC(0.0f), now);
          factor[h] = exp_of_non_positive((greatest[h] - safe));
          greatest[h] = now;
          shift[h] = safe;
          vec sum = VEC(0.0f);
          for (i32 i = 0; i < n; i++) {
            const vec e = exp_of_non_positive((scores[2 * i + h] - safe));
            scores[2 * i + h] = e;
            sum = sum + e;
          }
          total[h] = VEC_FMA(total[h], factor[h], sum);
        }
        for (i32 i = 0; i < n; i++) {
          const i64 row = key_row(t, j + i);
          const i64 at = KEY_AT(v, t, kv_head, row) + first_value;
          for (i32 e = 0; e < values; e++) {
            element[i * values + e] = row < 0 ? 0.0f : LOAD(KV, v, at + e);
          }
        }
        product(element, 1, values, values, scores, n, 0, more);
        // 0 for numbers, NaN if a hidden value was infinite or NaN.
        vec odd = VEC(0.0f);
        for (i32 i = 0; i < 2 * values; i++) {
          odd = odd + (more[i] - more[i]);
        }
        f32 any = 0.0f;
        for (i32 i = 0; i < VEC_LANES; i++) {
          any += ((PRIVATE f32 *)&odd)[i];
        }
        if (any != 0.0f) {
          product_visible(element, 1, values, values, score, n, (PRIVATE f32 *)more);
        }
        for (i32 i = 0; i < values; i++) {
          sums[2 * i] = VEC_FMA(sums[2 * i], factor[0], more[2 * i]);
          sums[2 * i + 1] = VEC_FMA(sums[2 * i + 1], factor[1], more[2 * i + 1]);
        }
      } else if (GROUP_ID(2) == 0) {
        if (stage == MAP_WEIGHTS) {
          for (i32 i = 0; i < 2 * n; i++) {
            scores[i] = exp_of_non_positive((scores[i] - shift[i % 2])) * factor[i % 2];
          }
        }
        for (i32 l = 0; l < t.count; l++) {
          const i64 at = VECTOR_AT(map, t, query, head, t.row + l) + j;
          for (i32 i = 0; i < n; i++) {
            STORE(X, map, at + i, score[i * TILE + l]);
          }
        }
      }
    }
    if (pass == 0) {
      for (i32 i = 0; i < TILE; i++) {
        const f32 all = ((PRIVATE f32 *)total)[i];
        ((PRIVATE f32 *)factor)[i] = all == 0.0f ? 0.0f : 1.0f / all;
      }
      // Adding 0 makes every zero positive.
      for (i32 i = 0; i < 2 * values; i++) {
        sums[i] = VEC_FMA(sums[i], factor[i % 2], VEC(0.0f));
      }
      for (i32 l = 0; l < t.count; l++) {
        const i64 at = VECTOR_AT(y, t, query, head, t.row + l) + first_value;
        for (i32 i = 0; i < values; i++) {
          STORE(X, y, at + i, ((PRIVATE f32 *)sums)[i * TILE + l]);
        }
      }
    } else if (GROUP_ID(2) == 0) {
      for (i32 l = 0; l < t.count; l++) {
        const i64 at = VECTOR_AT(map, t, query, head, t.row + l);
        for (i64 i = t.keys; i < map_width; i++) {
          STORE(X, map, at + i, 0.0f);
        }
      }
    }
  }
}
