// Functions by name, as cuGetProcAddress gives them.
#include <dlfcn.h>

#include "state.h"

using namespace heddle_sim;

extern "C" {

int cuGetProcAddress_v2(const char *symbol, void **address, int version, unsigned long long,
                        int *status) {
  return api("cuGetProcAddress", Needs::NOTHING, [&](Driver &) {
    require(symbol != nullptr && address != nullptr);
    static void *const own = [] {
      Dl_info info;
      return dladdr((void *)&cuGetProcAddress_v2, &info) != 0
                 ? dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD) : nullptr;
    }();
    std::string name = symbol;
    // What changed its parameters with CUDA 12 and kept its name in the headers.
    if (name == "cuGraphInstantiate" && version >= 12000) name = "cuGraphInstantiateWithFlags";
    *address = nullptr;
    for (const char *suffix : {"_v3", "_v2", ""}) {
      if (*address == nullptr) *address = dlsym(own, (name + suffix).c_str());
    }
    // CU_GET_PROC_ADDRESS_SUCCESS, SYMBOL_NOT_FOUND.
    if (status != nullptr) *status = *address != nullptr ? 0 : 1;
    require(*address != nullptr, NOT_FOUND);
  });
}

int cuGetProcAddress(const char *symbol, void **address, int version, unsigned long long flags) {
  return cuGetProcAddress_v2(symbol, address, version, flags, nullptr);
}

}  // extern "C"
