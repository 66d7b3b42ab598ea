// A token for each row of logits: the op Sample. A group has a row. Defined before: ITEMS of a
// group.
//
// Probabilities are whole units of 2^-40 of the largest, so that the order of summing is nothing;
// nothing is sorted: where a sum is reached is searched for in the bits of the logits, two at a time.
#include "order.h"

#define ONE_MASS 1099511627776.0f
#define SEGMENTS 256
#define ORDER_NEVER (-0x7f800001)
#define ORDER_INFINITY 0x7f800000

// An item's share of a row.
#ifdef CPU_DEVICE
#define EACH_OWN(i, n) for (i64 i = 0; i < (n); i++)
#else
#define EACH_OWN(i, n) for (i64 i = LOCAL_ID(0); i < (n); i += ITEMS)
#endif

// Three sums over the items of a group, for each of them.
DEVICE void add_up(LOCAL i64 *shared, PRIVATE i64 *own) {
#if ITEMS > 1
  const i32 item = LOCAL_ID(0);
  BARRIER();
  for (i32 j = 0; j < 3; j++) {
    shared[j * ITEMS + item] = own[j];
  }
  BARRIER();
  for (i32 step = ITEMS / 2; step > 0; step /= 2) {
    if (item < step) {
      for (i32 j = 0; j < 3; j++) {
        shared[j * ITEMS + item] += shared[j * ITEMS + item + step];
      }
    }
    BARRIER();
  }
  for (i32 j = 0; j < 3; j++) {
    own[j] = shared[j * ITEMS];
  }
#endif
}

// The largest of the items' numbers.
DEVICE i64 largest_of(LOCAL i64 *shared, i64 own) {
#if ITEMS > 1
  const i32 item = LOCAL_ID(0);
  BARRIER();
  shared[item] = own;
  BARRIER();
  for (i32 step = ITEMS / 2; step > 0; step /= 2) {
    if (item < step && shared[item + step] > shared[item]) {
      shared[item] = shared[item + step];
    }
    BARRIER();
  }
  return shared[0];
#else
  return own;
#endif
}

// What e^(off / temperature) counts.
DEVICE i64 mass_of(f32 off, f32 temperature) { return (i64)(EXP(off / temperature) * ONE_MASS); }

// floor(part * whole): the part as a fraction of 32 bits, a product of 96.
DEVICE i64 part_of(i64 whole, f32 part) {
  const u64 fraction =
      !(part > 0) ? 0 : part >= 1 ? 0xffffffffu : (u64)(part * 4294967296.0f);
  const u64 high = ((u64)whole >> 32) * fraction;
  return (i64)(high + (((u64)whole & 0xffffffffu) * fraction >> 32));
}

// The greatest order at which the logits from there on up, and from least on, reach wanted: in
// number, or if by_mass in mass. There must be as many.
DEVICE order reached(
    LOCAL i64 *shared, GLOBAL const f32 *in, i64 n, i64 wanted, order least, i32 by_mass, f32 top,
    f32 temperature) {
  u32 found = 0;
  for (i32 shift = 30; shift >= 0; shift -= 2) {
    const order first = (order)((found + (1u << shift)) ^ 0x80000000u);
    const order second = (order)((found + (2u << shift)) ^ 0x80000000u);
    const order third = (order)((found + (3u << shift)) ^ 0x80000000u);
    i64 sum_first = 0;
    i64 sum_second = 0;
    i64 sum_third = 0;
    if (by_mass) {
      EACH_OWN(i, n) {
        const f32 x = in[i];
        const order o = order_of(x);
        const i64 weight = o >= least ? mass_of(x - top, temperature) : 0;
        sum_first += o >= first ? weight : 0;
        sum_second += o >= second ? weight : 0;
        sum_third += o >= third ? weight : 0;
      }
    } else {
      EACH_OWN(i, n) {
        const order o = order_of(in[i]);
        sum_first += o >= first;
        sum_second += o >= second;
        sum_third += o >= third;
      }
    }
    i64 sums[3] = {sum_first, sum_second, sum_third};
    add_up(shared, sums);
    const u32 digit = sums[2] >= wanted ? 3u : sums[1] >= wanted ? 2u : sums[0] >= wanted ? 1u : 0u;
    found += digit << shift;
  }
  return (order)(found ^ 0x80000000u);
}

KERNEL sample(
    TENSOR(ids), TENSOR(chances), TENSOR(logits), TENSOR(temperatures), TENSOR(top_ks),
    TENSOR(top_ps), TENSOR(uniforms), i64 rows, i64 n) {
  SHARED i64 shared[3 * ITEMS];
  SHARED i64 masses[SEGMENTS];
  SHARED i64 ties[SEGMENTS];
  SHARED i64 next[4];
  for (i64 row = GROUP_ID(0); row < rows; row += GROUPS(0)) {
    GLOBAL const f32 *in = OPERAND(const f32, logits) + row * n;
    const f32 temperature = OPERAND(const f32, temperatures)[row];
    const i64 k = OPERAND(const i32, top_ks)[row];
    const f32 p = OPERAND(const f32, top_ps)[row];
    order best = ORDER_LEAST;
    EACH_OWN(i, n) {
      const order o = order_of(in[i]);
      best = o > best ? o : best;
    }
    best = (order)largest_of(shared, best);
    i64 id = -1;
    if (best > ORDER_NEVER && best < ORDER_INFINITY) {
      const f32 top = BITS_F32((u32)(best < 0 ? best ^ 0x7fffffff : best));
      if (!(temperature > 0)) {
        i64 first = -n;
        EACH_OWN(i, n) { first = order_of(in[i]) == best && -i > first ? -i : first; }
        id = -largest_of(shared, first);
      } else {
        // What may be drawn: logits above the limit, and of those equal to it the first few.
        order limit = ORDER_NEVER + 1;
        if (k >= 1 && k < n) {
          const order kth = reached(shared, in, n, k, ORDER_LEAST, 0, top, temperature);
          limit = kth > limit ? kth : limit;
        }
        i64 sums[3] = {0, 0, 0};
        EACH_OWN(i, n) {
          const f32 x = in[i];
          sums[0] += order_of(x) >= limit ? mass_of(x - top, temperature) : 0;
        }
        add_up(shared, sums);
        i64 left = sums[0];
        i64 equals = n;
        if (p < 1) {
          const i64 part = part_of(left, p);
          const i64 wanted = part < 1 ? 1 : part;
          limit = reached(shared, in, n, wanted, limit, 1, top, temperature);
          const f32 equal = BITS_F32((u32)(limit < 0 ? limit ^ 0x7fffffff : limit));
          const i64 each = mass_of(equal - top, temperature);
          sums[0] = 0;
          EACH_OWN(i, n) {
            const f32 x = in[i];
            sums[0] += order_of(x) > limit ? mass_of(x - top, temperature) : 0;
          }
          add_up(shared, sums);
          equals = each > 0 ? (wanted - sums[0] + each - 1) / each : 0;
          left = sums[0] + equals * each;
        }
        // The first at which the sum, by id, exceeds what was drawn: of segments, then within one.
        const i64 drawn = part_of(left, OPERAND(const f32, uniforms)[row]);
        const f32 equal = BITS_F32((u32)(limit < 0 ? limit ^ 0x7fffffff : limit));
        const i64 each = mass_of(equal - top, temperature);
        i64 begin = 0;
        i64 end = n;
        i64 sum = 0;
        while (end - begin > 1) {
          const i64 length = (end - begin + SEGMENTS - 1) / SEGMENTS;
          BARRIER();
          for (i32 s = LOCAL_ID(0); s < SEGMENTS; s += ITEMS) {
            const i64 from = begin + s * length;
            const i64 to = from + length < end ? from + length : end;
            i64 mass = 0;
            i64 tied = 0;
            for (i64 i = from; i < to; i++) {
              const f32 x = in[i];
              const order o = order_of(x);
              mass += o > limit ? mass_of(x - top, temperature) : 0;
              tied += o == limit;
            }
            masses[s] = mass;
            ties[s] = tied;
          }
          BARRIER();
          if (LOCAL_ID(0) == 0) {
            i64 before = sum;
            i64 unused = equals;
            i32 found = 0;
            for (i32 s = 0; s < SEGMENTS && !found; s++) {
              const i64 some = ties[s] < unused ? ties[s] : unused;
              const i64 own = masses[s] + some * each;
              if (own > 0) {
                // The last that has any, should none exceed it.
                next[0] = s;
                next[1] = before;
                next[2] = unused;
                found = before + own > drawn;
              }
              before += own;
              unused -= some;
            }
          }
          BARRIER();
          const i64 from = begin + next[0] * length;
          end = from + length < end ? from + length : end;
          begin = from;
          sum = next[1];
          equals = next[2];
        }
        id = begin;
      }
    }
    if (PRESENT(chances)) {
      f32 chance = F32_NAN;
      if (id >= 0) {
        const f32 top = BITS_F32((u32)(best < 0 ? best ^ 0x7fffffff : best));
        i64 sums[3] = {0, 0, 0};
        EACH_OWN(i, n) { sums[0] += mass_of(in[i] - top, 1); }
        add_up(shared, sums);
        chance = in[id] - top - LOG((f32)sums[0] / ONE_MASS);
      }
      if (LOCAL_ID(0) == 0) {
        OPERAND(f32, chances)[row] = chance;
      }
    }
    if (LOCAL_ID(0) == 0) {
      OPERAND(i32, ids)[row] = (i32)id;
    }
  }
}
