// What JCublas binds and the simulator has not: a call says which one it was.
#include "../blas/product.h"

#define HEDDLE_UNSUPPORTED(name)                                         \
  extern "C" __attribute__((weak)) int name() {                         \
    heddle_sim::Counters::get().add("unsupported");                     \
    heddle_sim::Report::get().add(#name " is not simulated");           \
    return heddle_sim::BLAS_NOT_SUPPORTED;                              \
  }
#include "unsupported.inc"
