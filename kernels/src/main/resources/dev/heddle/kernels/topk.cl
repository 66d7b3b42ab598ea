// The k greatest elements along an axis of n, inner apart, or the least if SMALLEST; of equal ones
// the first. Defined before: X, what order.h wants; CHUNK, a power of two, and ITEMS of a group.
#include "order.h"

// Where element 0 of a row lies that has n elements.
DEVICE i64 row_begin(i64 row, i64 n, i64 inner) { return row / inner * n * inner + row % inner; }

// Whether element a is behind element b.
DEVICE i32 is_behind(order a, i32 index_a, order b, i32 index_b) {
  return a < b || (a == b && index_a > index_b);
}

#define PUT(row, place, index)                                               \
  {                                                                          \
    const i64 to = row_begin(row, k, inner) + (place) * inner;               \
    OPERAND(STORAGE(X), y)[to] =                                             \
        OPERAND(const STORAGE(X), x)[row_begin(row, n, inner) + (index) * inner]; \
    if (PRESENT(indices)) {                                                  \
      OPERAND(i64, indices)[to] = index;                                     \
    }                                                                        \
  }

// On a CPU: a work-item has a row, and a heap of the best so far, the one behind all at its root.
DEVICE void sink(GLOBAL order *orders, GLOBAL i32 *places, i64 size, i64 at, order o, i32 index) {
  for (;;) {
    i64 child = 2 * at + 1;
    if (child + 1 < size
        && is_behind(orders[child + 1], places[child + 1], orders[child], places[child])) {
      child++;
    }
    if (child >= size || !is_behind(orders[child], places[child], o, index)) {
      break;
    }
    orders[at] = orders[child];
    places[at] = places[child];
    at = child;
  }
  orders[at] = o;
  places[at] = index;
}

KERNEL topk_heap(
    TENSOR(y), TENSOR(indices), TENSOR(x), TENSOR(heap_orders), TENSOR(heap_places), i64 rows,
    i64 n, i64 k, i64 inner) {
  for (i64 row = GLOBAL_ID(0); row < rows; row += GLOBAL_SIZE(0)) {
    GLOBAL const STORAGE(X) *in = OPERAND(const STORAGE(X), x) + row_begin(row, n, inner);
    GLOBAL order *orders = OPERAND(order, heap_orders) + row * k;
    GLOBAL i32 *places = OPERAND(i32, heap_places) + row * k;
    for (i64 i = 0; i < k; i++) {
      orders[i] = order_of(LOAD(X, in, i * inner));
      places[i] = (i32)i;
    }
    for (i64 i = k / 2 - 1; i >= 0; i--) {
      sink(orders, places, k, i, orders[i], places[i]);
    }
    for (i64 i = k; i < n; i++) {
      const order own = order_of(LOAD(X, in, i * inner));
      // Of equal ones those before stay.
      if (own > orders[0]) {
        sink(orders, places, k, 0, own, (i32)i);
      }
    }
    for (i64 size = k; size > 0; size--) {
      const i32 index = places[0];
      sink(orders, places, size - 1, 0, orders[size - 1], places[size - 1]);
      PUT(row, size - 1, (i64)index)
    }
  }
}

#if ITEMS > 1
// On a GPU, first: a group sorts a chunk (Batcher's bitonic network) and keeps its k best, as lists
// of orders and indices, [rows, chunks, width].
KERNEL topk_sort(
    TENSOR(list_orders), TENSOR(list_places), TENSOR(x), i64 rows, i64 n, i64 inner, i64 chunks,
    i64 width) {
  SHARED order orders[CHUNK];
  SHARED i32 places[CHUNK];
  const i32 item = LOCAL_ID(0);
  for (i64 list = GROUP_ID(0); list < rows * chunks; list += GROUPS(0)) {
    const i64 first = list % chunks * CHUNK;
    // Of a short row only as much is sorted as is there.
    i32 size = 2;
    while (size < CHUNK && size < n - first) { size *= 2; }
    GLOBAL const STORAGE(X) *in =
        OPERAND(const STORAGE(X), x) + row_begin(list / chunks, n, inner);
    BARRIER();
    for (i32 i = item; i < size; i += ITEMS) {
      const i32 there = first + i < n;
      orders[i] = there ? order_of(LOAD(X, in, (first + i) * inner)) : ORDER_LEAST;
      // What is not there is behind all that is.
      places[i] = there ? (i32)(first + i) : 0x7fffffff;
    }
    for (i32 length = 2; length <= size; length *= 2) {
      for (i32 step = length / 2; step > 0; step /= 2) {
        BARRIER();
        for (i32 pair = item; pair < size / 2; pair += ITEMS) {
          const i32 a = pair / step * 2 * step + pair % step;
          const i32 b = a + step;
          const order order_a = orders[a];
          const order order_b = orders[b];
          const i32 place_a = places[a];
          const i32 place_b = places[b];
          // Best first, but in every other run of the length last.
          if (is_behind(order_a, place_a, order_b, place_b) == ((a & length) == 0)) {
            orders[a] = order_b;
            orders[b] = order_a;
            places[a] = place_b;
            places[b] = place_a;
          }
        }
      }
    }
    BARRIER();
    for (i32 i = item; i < width && i < size; i += ITEMS) {
      OPERAND(order, list_orders)[list * width + i] = orders[i];
      OPERAND(i32, list_places)[list * width + i] = places[i];
    }
  }
}

DEVICE i64 list_length(i64 list, i64 span, i64 n, i64 width) {
  const i64 left = n - list * span;
  const i64 covered = left < 0 ? 0 : left < span ? left : span;
  return covered < width ? covered : width;
}

// Again and again: lists of the best of span elements each become half as many. An entry's place
// is its own among its list's plus the number of those of its neighbour that come before it.
KERNEL topk_merge(
    TENSOR(to_orders), TENSOR(to_places), TENSOR(from_orders), TENSOR(from_places), i64 rows, i64 n,
    i64 span, i64 lists, i64 width, i64 to_lists, i64 to_width) {
  GLOBAL const order *orders = OPERAND(const order, from_orders);
  GLOBAL const i32 *places = OPERAND(const i32, from_places);
  for (i64 i = GLOBAL_ID(0); i < rows * lists * width; i += GLOBAL_SIZE(0)) {
    const i64 at = i % width;
    const i64 list = i / width % lists;
    const i64 row = i / width / lists;
    if (at >= list_length(list, span, n, width)) {
      continue;
    }
    const i64 other = list ^ 1;
    const i64 others = other < lists ? list_length(other, span, n, width) : 0;
    const order own = orders[i];
    // Of equal ones those of the list before come first.
    const i32 loses_ties = (i32)(list & 1);
    GLOBAL const order *neighbour = orders + (row * lists + other) * width;
    i64 low = 0;
    i64 high = others;
    while (low < high) {
      const i64 middle = (low + high) / 2;
      const order theirs = neighbour[middle];
      if (theirs > own || (theirs == own && loses_ties)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const i64 place = at + low;
    if (place < to_width) {
      const i64 to = (row * to_lists + list / 2) * to_width + place;
      OPERAND(order, to_orders)[to] = own;
      OPERAND(i32, to_places)[to] = places[i];
    }
  }
}

// At last: the elements, from a list for each row.
KERNEL topk_take(
    TENSOR(y), TENSOR(indices), TENSOR(x), TENSOR(list_places), i64 rows, i64 n, i64 k, i64 inner,
    i64 width) {
  for (i64 i = GLOBAL_ID(0); i < rows * k; i += GLOBAL_SIZE(0)) {
    const i64 row = i / k;
    const i64 index = OPERAND(const i32, list_places)[row * width + i % k];
    PUT(row, i % k, index)
  }
}
#endif
