// What the kernels of products share. Every element is summed over blocks of K_BLOCK terms from
// k = 0 on, each block one chain of multiply-adds from 0, the blocks' sums added in order: neither
// tiles nor what stands beside a row changes a bit.

// Where there may be several products: the axes that count them, and how far apart each operand's
// matrices are, a's and b's counted in matrices, the bias in elements.
//
// With EXPERTS product e is expert e's: its rows of y stand in order, from begins[e] until before
// begins[e + 1], and `share` neighbours of y have one row of a.
#ifdef EXPERTS
#define BATCH , TENSOR(order), TENSOR(begins), i64 share
#define BATCH_AT(product)                               \
  GLOBAL const i32 *order = OPERAND(const i32, order);  \
  const i64 first_row = OPERAND(const i32, begins)[product];  \
  const i64 end_row = OPERAND(const i32, begins)[(product) + 1]
#define FIRST_ROW first_row
#define END_ROW end_row
#define ORDER , order, share
#define ORDER_PARAMETERS , GLOBAL const i32 *order, i64 share
#define A_ROW(row) (order[row] / share)
#define Y_ROW(row) order[row]
#define A_AT 0
#define B_AT product
#define Y_AT 0
#define BIAS_AT 0
#else
#define FIRST_ROW 0
#define END_ROW m
#define ORDER
#define ORDER_PARAMETERS
#define A_ROW(row) (row)
#define Y_ROW(row) (row)
#define Y_AT product
#ifdef BATCHED
#define BATCH , AXES(batch), AXES(a_batch), AXES(b_batch), AXES(bias_batch)
#define BATCH_AT(product) COORDINATES(at, product, batch)
#define A_AT AT(at, a_batch)
#define B_AT AT(at, b_batch)
#define BIAS_AT AT(at, bias_batch)
#else
#define BATCH
#define BATCH_AT(product) (void)(product)
#define A_AT 0
#define B_AT 0
#define BIAS_AT 0
#endif
#endif
