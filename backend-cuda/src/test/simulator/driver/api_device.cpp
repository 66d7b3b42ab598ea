// Initialisation, the device and what it says of itself.
#include <cstdio>
#include <cstring>

#include "state.h"

using namespace heddle_sim;

namespace {

// By the number of CUdevice_attribute. What an H100 says where nothing is set.
int attribute(int number) {
  const Settings &s = Settings::get();
  switch (number) {
    case 1: case 2: case 3: return 1024;    // MAX_THREADS_PER_BLOCK, MAX_BLOCK_DIM_X, _Y
    case 4: return 64;                      // MAX_BLOCK_DIM_Z
    case 5: return 2147483647;              // MAX_GRID_DIM_X
    case 6: case 7: return 65535;           // MAX_GRID_DIM_Y, _Z
    case 8: return 48 << 10;                // MAX_SHARED_MEMORY_PER_BLOCK
    case 9: return 64 << 10;                // TOTAL_CONSTANT_MEMORY
    case 10: return 32;                     // WARP_SIZE
    case 11: return 2147483647;             // MAX_PITCH
    case 12: return 65536;                  // MAX_REGISTERS_PER_BLOCK
    case 13: return 1980000;                // CLOCK_RATE, kHz
    case 14: return 512;                    // TEXTURE_ALIGNMENT
    case 15: return 1;                      // GPU_OVERLAP
    case 16: return s.multiprocessors;      // MULTIPROCESSOR_COUNT
    case 19: return 1;                      // CAN_MAP_HOST_MEMORY
    case 31: return 1;                      // CONCURRENT_KERNELS
    case 33: return 1;                      // PCI_BUS_ID
    case 36: return 2619000;                // MEMORY_CLOCK_RATE, kHz
    case 37: return 5120;                   // GLOBAL_MEMORY_BUS_WIDTH, bits
    case 38: return 50 << 20;               // L2_CACHE_SIZE
    case 39: return 2048;                   // MAX_THREADS_PER_MULTIPROCESSOR
    case 40: return 3;                      // ASYNC_ENGINE_COUNT
    case 41: return 1;                      // UNIFIED_ADDRESSING
    case 75: return s.capability / 10;      // COMPUTE_CAPABILITY_MAJOR
    case 76: return s.capability % 10;      // COMPUTE_CAPABILITY_MINOR
    case 78: return 1;                      // STREAM_PRIORITIES_SUPPORTED
    case 81: return 228 << 10;              // MAX_SHARED_MEMORY_PER_MULTIPROCESSOR
    case 82: return 65536;                  // MAX_REGISTERS_PER_MULTIPROCESSOR
    case 87: return 2;                      // SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO
    case 91: return 1;                      // CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM
    case 97: return 227 << 10;              // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    case 99: return 1;                      // HOST_REGISTER_SUPPORTED
    case 106: return 32;                    // MAX_BLOCKS_PER_MULTIPROCESSOR
    case 111: return 1024;                  // RESERVED_SHARED_MEMORY_PER_BLOCK
    case 115: return 1;                     // MEMORY_POOLS_SUPPORTED
    // All that the simulator has not: managed memory, textures, clusters, cooperative launches.
    default: return 0;
  }
}

}  // namespace

extern "C" {

int cuInit(unsigned flags) {
  return api("cuInit", Needs::NOTHING, [&](Driver &driver) {
    require(flags == 0);
    require(Settings::get().devices > 0, NO_DEVICE);
    driver.initialized = true;
  });
}

int cuDriverGetVersion(int *version) {
  return api("cuDriverGetVersion", Needs::NOTHING, [&](Driver &) {
    require(version != nullptr);
    *version = Settings::get().driver_version;
  });
}

int cuDeviceGetCount(int *count) {
  return api("cuDeviceGetCount", Needs::DRIVER, [&](Driver &) {
    require(count != nullptr);
    *count = Settings::get().devices;
  });
}

int cuDeviceGet(int *device, int ordinal) {
  return api("cuDeviceGet", Needs::DRIVER, [&](Driver &) {
    require(device != nullptr);
    require_device(ordinal);
    *device = ordinal;
  });
}

int cuDeviceGetName(char *name, int length, int device) {
  return api("cuDeviceGetName", Needs::DRIVER, [&](Driver &) {
    require(name != nullptr && length > 0);
    require_device(device);
    snprintf(name, (size_t)length, "Heddle CUDA simulator");
  });
}

int cuDeviceGetAttribute(int *value, int number, int device) {
  return api("cuDeviceGetAttribute", Needs::DRIVER, [&](Driver &) {
    require(value != nullptr && number > 0);
    require_device(device);
    *value = attribute(number);
  });
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) {
  return api("cuDeviceTotalMem", Needs::DRIVER, [&](Driver &) {
    require(bytes != nullptr);
    require_device(device);
    *bytes = (size_t)Settings::get().memory_bytes;
  });
}

int cuDeviceGetUuid(unsigned char *uuid, int device) {
  return api("cuDeviceGetUuid", Needs::DRIVER, [&](Driver &) {
    require(uuid != nullptr);
    require_device(device);
    memcpy(uuid, "heddle-simulator", 16);
    uuid[15] = (unsigned char)device;
  });
}
int cuDeviceGetUuid_v2(unsigned char *uuid, int device) { return cuDeviceGetUuid(uuid, device); }

int cuDeviceGetPCIBusId(char *id, int length, int device) {
  return api("cuDeviceGetPCIBusId", Needs::DRIVER, [&](Driver &) {
    require(id != nullptr && length > 0);
    require_device(device);
    snprintf(id, (size_t)length, "0000:%02x:00.0", device + 1);
  });
}

int cuDeviceComputeCapability(int *major, int *minor, int device) {
  return api("cuDeviceComputeCapability", Needs::DRIVER, [&](Driver &) {
    require(major != nullptr && minor != nullptr);
    require_device(device);
    *major = Settings::get().capability / 10;
    *minor = Settings::get().capability % 10;
  });
}

int cuGetErrorName(int result, const char **name) {
  if (name == nullptr) return INVALID_VALUE;
  switch (result) {
#define HEDDLE_RESULT(word, code, words) \
  case code: *name = code == 0 ? "CUDA_SUCCESS" : "CUDA_ERROR_" #word; return SUCCESS;
    HEDDLE_RESULTS(HEDDLE_RESULT)
#undef HEDDLE_RESULT
    default: *name = nullptr; return INVALID_VALUE;
  }
}

int cuGetErrorString(int result, const char **text) {
  if (text == nullptr) return INVALID_VALUE;
  switch (result) {
#define HEDDLE_RESULT(word, code, words) \
  case code: *text = words; return SUCCESS;
    HEDDLE_RESULTS(HEDDLE_RESULT)
#undef HEDDLE_RESULT
    default: *text = nullptr; return INVALID_VALUE;
  }
}

}  // extern "C"
