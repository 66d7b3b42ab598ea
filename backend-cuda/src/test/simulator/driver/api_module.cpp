// Modules, functions and launches.
#include <algorithm>
#include <cstring>

#include "state.h"

using namespace heddle_sim;

namespace {

Function &function_of(Driver &driver, const void *handle) {
  for (const auto &[key, module] : driver.modules) {
    if (module->has((const Function *)handle)) {
      require_owner(module->owner, "kernel");
      return *(Function *)handle;
    }
  }
  Report::get().add(format("%p is no kernel, or one whose module was unloaded", handle));
  throw Failure{INVALID_HANDLE};
}

void *load(Driver &driver, const void *image) {
  require(image != nullptr);
  driver.forbid_in_capture("cuModuleLoadData");
  return keep(driver.modules, std::make_unique<LoadedModule>(image), "live_modules");
}

void check_extents(const Function &function, const Extent &grid, const Extent &block,
                   unsigned dynamic_bytes) {
  const auto refuse = [&](const std::string &what, Result result = INVALID_VALUE) {
    Report::get().add(format("launch of %s: ", function.kernel->name) + what);
    throw Failure{result};
  };
  const unsigned long threads = (unsigned long)block.x * block.y * block.z;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || threads == 0) refuse("an extent is 0");
  if (grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535) refuse("the grid is too large");
  if (block.x > 1024 || block.y > 1024 || block.z > 64 || threads > 1024) {
    refuse(format("%lu threads, (%u,%u,%u), are no block", threads, block.x, block.y, block.z));
  }
  const unsigned cluster = function.kernel->cluster;
  if (cluster == 0 || cluster > 8) refuse(format("clusters of %u blocks", cluster), INVALID_CLUSTER_SIZE);
  if (grid.x % cluster != 0) {
    refuse(format("%u blocks are no clusters of %u", grid.x, cluster), INVALID_CLUSTER_SIZE);
  }
  const unsigned bound = function.kernel->most_threads;
  if (bound > 0 && threads > bound) {
    refuse(format("%lu threads, where its launch bound is %u", threads, bound));
  }
  if (function.static_bytes > 48 << 10) {
    refuse(format("%u bytes of __shared__ variables; 49152 are there", function.static_bytes),
           LAUNCH_OUT_OF_RESOURCES);
  }
  if (dynamic_bytes > function.most_dynamic) {
    refuse(format("%u bytes of dynamic shared memory, where %u are allowed", dynamic_bytes,
                  function.most_dynamic));
  }
}

std::shared_ptr<Launch> prepare(const Function &function, const Extent &grid, const Extent &block,
                                unsigned dynamic_bytes, void *const *parameters) {
  check_extents(function, grid, block, dynamic_bytes);
  const Kernel &kernel = *function.kernel;
  require(kernel.parameters == 0 || parameters != nullptr);
  auto launch = std::make_shared<Launch>(Launch{&function, grid, block, dynamic_bytes, {}});
  for (unsigned i = 0; i < kernel.parameters; i++) {
    require(parameters[i] != nullptr);
    const size_t at = launch->arguments.size();
    launch->arguments.resize(at + (kernel.sizes[i] + 15) / 16 * 16);
    memcpy(launch->arguments.data() + at, parameters[i], kernel.sizes[i]);
  }
  return launch;
}

void launch(Driver &driver, const void *handle, const Extent &grid, const Extent &block,
            unsigned dynamic_bytes, void *stream, void *const *parameters, void *const *extra) {
  const Function &function = function_of(driver, handle);
  // Parameters in one buffer, whose layout the simulator does not know.
  if (extra != nullptr) throw Failure{NOT_SUPPORTED};
  Stream &target = driver.stream(stream);
  const std::shared_ptr<Launch> prepared =
      prepare(function, grid, block, dynamic_bytes, parameters);
  if (is_due(Settings::get().refuse_launch)) throw Failure{LAUNCH_OUT_OF_RESOURCES};
  if (!target.capture) Counters::get().add("launches");
  driver.enqueue(target, launch_command(prepared));
}

}  // namespace

namespace heddle_sim {

Command launch_command(std::shared_ptr<Launch> launch) {
  // What a kernel does wrong is found later, by whatever call comes next.
  return Command{Command::KERNEL, [launch] {
                   Driver &driver = Driver::get();
                   if (driver.sticky != SUCCESS) return;
                   Counters::get().add("kernels");
                   driver.sticky = is_due(Settings::get().fail_launch) ? LAUNCH_FAILED
                                                                        : run_launch(*launch);
                 }, launch};
}

}  // namespace heddle_sim

extern "C" {

int cuModuleLoadData(void **module, const void *image) {
  return api("cuModuleLoadData", Needs::CONTEXT, [&](Driver &driver) {
    require(module != nullptr);
    *module = load(driver, image);
  });
}
int cuModuleLoadDataEx(void **module, const void *image, unsigned, int *, void **) {
  return cuModuleLoadData(module, image);
}
int cuModuleLoadFatBinary(void **module, const void *image) {
  return cuModuleLoadData(module, image);
}

int cuModuleUnload(void *module) {
  return api("cuModuleUnload", Needs::CONTEXT, [&](Driver &driver) {
    driver.finish_all();
    destroy(driver.modules, module, "module", "live_modules");
  });
}

int cuModuleGetFunction(void **function, void *module, const char *name) {
  return api("cuModuleGetFunction", Needs::CONTEXT, [&](Driver &driver) {
    require(function != nullptr && name != nullptr);
    *function = lookup(driver.modules, module, "module").find(name);
    require(*function != nullptr, NOT_FOUND);
  });
}

int cuModuleGetLoadingMode(int *mode) {
  return api("cuModuleGetLoadingMode", Needs::DRIVER, [&](Driver &) {
    require(mode != nullptr);
    *mode = 1;  // CU_MODULE_EAGER_LOADING
  });
}

int cuFuncGetModule(void **module, void *handle) {
  return api("cuFuncGetModule", Needs::CONTEXT, [&](Driver &driver) {
    require(module != nullptr);
    *module = function_of(driver, handle).module;
  });
}

// Offsets as parameters of up to 8 bytes lie, one after another.
int cuFuncGetParamInfo(void *handle, size_t index, size_t *offset, size_t *size) {
  return api("cuFuncGetParamInfo", Needs::CONTEXT, [&](Driver &driver) {
    const Function &function = function_of(driver, handle);
    require(offset != nullptr && index < function.kernel->parameters);
    size_t at = 0;
    for (size_t i = 0; i <= index; i++) {
      const size_t bytes = function.kernel->sizes[i], step = std::min<size_t>(bytes, 8);
      at = (at + step - 1) / step * step;
      *offset = at;
      at += bytes;
    }
    if (size != nullptr) *size = function.kernel->sizes[index];
  });
}

int cuFuncGetAttribute(int *value, int attribute, void *handle) {
  return api("cuFuncGetAttribute", Needs::CONTEXT, [&](Driver &driver) {
    require(value != nullptr);
    const Function &function = function_of(driver, handle);
    const unsigned bound = function.kernel->most_threads;
    switch (attribute) {
      case 0: *value = bound == 0 ? 1024 : (int)bound; break;  // MAX_THREADS_PER_BLOCK
      case 1: *value = (int)function.static_bytes; break;      // SHARED_SIZE_BYTES
      case 2: *value = 0; break;                               // CONST_SIZE_BYTES
      case 3: *value = 0; break;                               // LOCAL_SIZE_BYTES
      case 4: *value = 32; break;                              // NUM_REGS: not known here
      case 5: case 6: *value = Settings::get().capability; break;  // PTX_, BINARY_VERSION
      case 7: *value = 0; break;                               // CACHE_MODE_CA
      case 8: *value = (int)function.most_dynamic; break;      // MAX_DYNAMIC_SHARED_SIZE_BYTES
      case 9: *value = -1; break;                              // PREFERRED_SHARED_MEMORY_CARVEOUT
      default: throw Failure{INVALID_VALUE};
    }
  });
}

int cuFuncSetAttribute(void *handle, int attribute, int value) {
  return api("cuFuncSetAttribute", Needs::CONTEXT, [&](Driver &driver) {
    Function &function = function_of(driver, handle);
    if (attribute == 8) {
      require(value >= 0 && value + function.static_bytes <= 227u << 10);
      function.most_dynamic = (unsigned)value;
    } else {
      require(attribute == 9 && value >= -1 && value <= 100);
    }
  });
}

int cuFuncSetCacheConfig(void *handle, int config) {
  return api("cuFuncSetCacheConfig", Needs::CONTEXT, [&](Driver &driver) {
    function_of(driver, handle);
    require(config >= 0 && config <= 3);
  });
}

int cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, void *handle, int threads,
                                                size_t dynamic_bytes) {
  return api("cuOccupancyMaxActiveBlocksPerMultiprocessor", Needs::CONTEXT, [&](Driver &driver) {
    const Function &function = function_of(driver, handle);
    require(blocks != nullptr && threads > 0);
    const unsigned bound = function.kernel->most_threads;
    if (threads > (bound == 0 ? 1024 : (int)bound) || dynamic_bytes > function.most_dynamic) {
      *blocks = 0;
      return;
    }
    // Registers aside, which g++ knows nothing of.
    const size_t shared = function.static_bytes + dynamic_bytes + 1024;
    *blocks = (int)std::min<size_t>({32, 2048 / ((size_t)(threads + 31) / 32 * 32), (228 << 10) / shared});
  });
}
int cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, void *handle, int threads,
                                                         size_t dynamic_bytes, unsigned) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, handle, threads, dynamic_bytes);
}

int cuLaunchKernel(void *handle, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                   unsigned block_x, unsigned block_y, unsigned block_z, unsigned dynamic_bytes,
                   void *stream, void **parameters, void **extra) {
  return api("cuLaunchKernel", Needs::CONTEXT, [&](Driver &driver) {
    launch(driver, handle, Extent{grid_x, grid_y, grid_z}, Extent{block_x, block_y, block_z},
           dynamic_bytes, stream, parameters, extra);
  });
}

// CUlaunchAttribute and CUlaunchConfig.
struct LaunchAttribute {
  int id;
  alignas(8) char value[64];
};
struct LaunchConfig {
  Extent grid, block;
  unsigned dynamic_bytes;
  void *stream;
  const LaunchAttribute *attributes;
  unsigned count;
};

int cuLaunchKernelEx(const LaunchConfig *config, void *handle, void **parameters, void **extra) {
  return api("cuLaunchKernelEx", Needs::CONTEXT, [&](Driver &driver) {
    require(config != nullptr && (config->count == 0 || config->attributes != nullptr));
    for (unsigned i = 0; i < config->count; i++) {
      switch (config->attributes[i].id) {
        // IGNORE, SYNCHRONIZATION_POLICY, PROGRAMMATIC_STREAM_SERIALIZATION, PRIORITY,
        // PREFERRED_SHARED_MEMORY_CARVEOUT: what they change is when, not what.
        case 0: case 3: case 6: case 8: case 14: break;
        default:
          Report::get().add(format("cuLaunchKernelEx: launch attribute %d is not simulated",
                                   config->attributes[i].id));
          throw Failure{NOT_SUPPORTED};
      }
    }
    launch(driver, handle, config->grid, config->block, config->dynamic_bytes, config->stream,
           parameters, extra);
  });
}

}  // extern "C"
