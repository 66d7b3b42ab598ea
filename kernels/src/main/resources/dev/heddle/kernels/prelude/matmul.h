// What the kernels of products share. Every element is summed over blocks of K_BLOCK terms from
// k = 0 on, each block one chain of multiply-adds from 0, the blocks' sums added in order: neither
// tiles nor what stands beside a row changes a bit.

// Where there may be several products: the axes that count them, and how far apart each operand's
// matrices are, a's and b's counted in matrices, the bias in elements.
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
