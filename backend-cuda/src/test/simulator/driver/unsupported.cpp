// The functions of the driver API that are not simulated, so that a library that binds them loads,
// and a call says which one it was. Where another file defines one, that definition is taken.
#include "report.h"
#include "results.h"

#define HEDDLE_UNSUPPORTED(name)                                                   \
  extern "C" __attribute__((weak)) int name() {                                   \
    heddle_sim::Counters::get().add("unsupported");                               \
    heddle_sim::Report::get().add(#name " is not simulated");                     \
    return heddle_sim::NOT_SUPPORTED;                                             \
  }
#include "unsupported.inc"
