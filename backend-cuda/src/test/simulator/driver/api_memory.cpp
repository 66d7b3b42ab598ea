// Device memory, pinned memory and pools.
#include <cstdlib>

#include "state.h"

using namespace heddle_sim;

namespace {

uintptr_t allocate_plain(Driver &driver, size_t bytes) {
  require(bytes > 0);
  driver.make_room(bytes);
  const uintptr_t address = Memory::get().allocate(Place::DEVICE, bytes, nullptr).address;
  driver.plain_bytes += bytes;
  return address;
}

uintptr_t allocate_from(Driver &driver, Pool &pool, size_t bytes) {
  require(bytes > 0);
  const unsigned long long more = pool.used + bytes > pool.reserved ? pool.used + bytes - pool.reserved : 0;
  driver.make_room(more);
  require(pool.most == 0 || pool.used + bytes <= pool.most, OUT_OF_MEMORY);
  const uintptr_t address = Memory::get().allocate(Place::DEVICE, bytes, &pool).address;
  pool.take(bytes);
  return address;
}

// The allocation that begins at an address.
Allocation &beginning(uintptr_t address, Place place, const char *name) {
  Allocation *found = Memory::get().find(address);
  if (found == nullptr || found->address != address || found->place != place) {
    Report::get().add(format("%s of 0x%zx, %s", name, (size_t)address,
                             Memory::get().describe(address).c_str()));
    throw Failure{INVALID_VALUE};
  }
  require_owner(found->owner, "piece of memory");
  return *found;
}

void free_device(Driver &driver, uintptr_t address, const char *name) {
  const Allocation &found = beginning(address, Place::DEVICE, name);
  if (found.pool != nullptr) found.pool->used -= found.bytes;
  else driver.plain_bytes -= found.bytes;
  Memory::get().free(address);
}

// In a capture an allocation would be a node that gives its address at once: not simulated.
void require_no_capture(Driver &driver, void *stream, const char *name) {
  if (driver.stream(stream).capture) driver.forbid_in_capture(name);
}

Pool &pool_of(Driver &driver, void *handle) {
  return handle == &driver.default_pool ? driver.default_pool
                                        : lookup(driver.pools, handle, "memory pool");
}

// CUmemPoolProps, as far as it is read.
struct PoolProperties {
  int type, handles;
  int location_type, location_id;
  void *security;
  size_t most;
};

}  // namespace

extern "C" {

int cuMemGetInfo_v2(size_t *left, size_t *total) {
  return api("cuMemGetInfo", Needs::CONTEXT, [&](Driver &driver) {
    require(left != nullptr && total != nullptr);
    *total = (size_t)Settings::get().memory_bytes;
    *left = *total - driver.held();
  });
}

int cuMemAlloc_v2(uintptr_t *address, size_t bytes) {
  return api("cuMemAlloc", Needs::CONTEXT, [&](Driver &driver) {
    require(address != nullptr);
    driver.forbid_in_capture("cuMemAlloc");
    *address = allocate_plain(driver, bytes);
  });
}

int cuMemFree_v2(uintptr_t address) {
  return api("cuMemFree", Needs::CONTEXT, [&](Driver &driver) {
    driver.forbid_in_capture("cuMemFree");
    driver.finish_all();
    if (address != 0) free_device(driver, address, "cuMemFree");
  });
}

int cuMemGetAddressRange_v2(uintptr_t *begin, size_t *bytes, uintptr_t address) {
  return api("cuMemGetAddressRange", Needs::CONTEXT, [&](Driver &) {
    const Allocation *found = Memory::get().find(address);
    require(found != nullptr, NOT_FOUND);
    if (begin != nullptr) *begin = found->address;
    if (bytes != nullptr) *bytes = found->bytes;
  });
}

int cuMemAllocAsync(uintptr_t *address, size_t bytes, void *stream) {
  return api("cuMemAllocAsync", Needs::CONTEXT, [&](Driver &driver) {
    require(address != nullptr);
    require_no_capture(driver, stream, "cuMemAllocAsync");
    *address = allocate_from(driver, driver.default_pool, bytes);
  });
}

int cuMemAllocFromPoolAsync(uintptr_t *address, size_t bytes, void *pool, void *stream) {
  return api("cuMemAllocFromPoolAsync", Needs::CONTEXT, [&](Driver &driver) {
    require(address != nullptr);
    require_no_capture(driver, stream, "cuMemAllocFromPoolAsync");
    *address = allocate_from(driver, pool_of(driver, pool), bytes);
  });
}

int cuMemFreeAsync(uintptr_t address, void *stream) {
  return api("cuMemFreeAsync", Needs::CONTEXT, [&](Driver &driver) {
    require_no_capture(driver, stream, "cuMemFreeAsync");
    if (address == 0) return;
    beginning(address, Place::DEVICE, "cuMemFreeAsync");
    driver.enqueue(driver.stream(stream), Command{Command::FREE, [address] {
                     free_device(Driver::get(), address, "cuMemFreeAsync");
                   }, nullptr});
  });
}

int cuDeviceGetDefaultMemPool(void **pool, int device) {
  return api("cuDeviceGetDefaultMemPool", Needs::DRIVER, [&](Driver &driver) {
    require(pool != nullptr);
    require(device == 0, INVALID_DEVICE);
    *pool = &driver.default_pool;
  });
}
int cuDeviceGetMemPool(void **pool, int device) { return cuDeviceGetDefaultMemPool(pool, device); }

int cuMemPoolCreate(void **pool, const PoolProperties *properties) {
  return api("cuMemPoolCreate", Needs::CONTEXT, [&](Driver &driver) {
    // Pinned memory, which is to say device memory that stays, of device 0.
    require(pool != nullptr && properties != nullptr && properties->type == 1 &&
            properties->location_type == 1 && properties->location_id == 0);
    auto made = std::make_unique<Pool>();
    made->most = properties->most;
    *pool = keep(driver.pools, std::move(made), "live_pools");
  });
}

int cuMemPoolDestroy(void *pool) {
  return api("cuMemPoolDestroy", Needs::CONTEXT, [&](Driver &driver) {
    const Pool &made = lookup(driver.pools, pool, "memory pool");
    driver.finish_all();
    if (made.used > 0) {
      // A GPU would keep it until all is freed; who does so has lost track.
      Report::get().add(format("cuMemPoolDestroy with %llu bytes allocated from it", made.used));
      throw Failure{INVALID_VALUE};
    }
    destroy(driver.pools, pool, "memory pool", "live_pools");
  });
}

int cuMemPoolTrimTo(void *pool, size_t keep) {
  return api("cuMemPoolTrimTo", Needs::CONTEXT,
             [&](Driver &driver) { pool_of(driver, pool).trim(keep); });
}

int cuMemPoolSetAttribute(void *pool, int attribute, void *value) {
  return api("cuMemPoolSetAttribute", Needs::CONTEXT, [&](Driver &driver) {
    require(value != nullptr);
    Pool &made = pool_of(driver, pool);
    switch (attribute) {
      case 1: case 2: case 3: made.reuse[attribute - 1] = *(int *)value; break;
      case 4: made.threshold = *(unsigned long long *)value; break;
      case 6: made.reserved_high = made.reserved; break;
      case 8: made.used_high = made.used; break;
      default: throw Failure{INVALID_VALUE};
    }
  });
}

int cuMemPoolGetAttribute(void *pool, int attribute, void *value) {
  return api("cuMemPoolGetAttribute", Needs::CONTEXT, [&](Driver &driver) {
    require(value != nullptr);
    const Pool &made = pool_of(driver, pool);
    switch (attribute) {
      case 1: case 2: case 3: *(int *)value = made.reuse[attribute - 1]; break;
      case 4: *(unsigned long long *)value = made.threshold; break;
      case 5: *(unsigned long long *)value = made.reserved; break;
      case 6: *(unsigned long long *)value = made.reserved_high; break;
      case 7: *(unsigned long long *)value = made.used; break;
      case 8: *(unsigned long long *)value = made.used_high; break;
      default: throw Failure{INVALID_VALUE};
    }
  });
}

int cuMemHostAlloc(void **address, size_t bytes, unsigned flags) {
  return api("cuMemHostAlloc", Needs::CONTEXT, [&](Driver &driver) {
    require(address != nullptr && bytes > 0 && flags <= 7);
    driver.forbid_in_capture("cuMemHostAlloc");
    if (is_due(Settings::get().fail_allocation)) throw Failure{OUT_OF_MEMORY};
    *address = (void *)Memory::get().allocate(Place::PINNED, bytes, nullptr).address;
  });
}
int cuMemAllocHost_v2(void **address, size_t bytes) { return cuMemHostAlloc(address, bytes, 0); }

int cuMemFreeHost(void *address) {
  return api("cuMemFreeHost", Needs::CONTEXT, [&](Driver &driver) {
    driver.forbid_in_capture("cuMemFreeHost");
    driver.finish_all();
    beginning((uintptr_t)address, Place::PINNED, "cuMemFreeHost");
    Memory::get().free((uintptr_t)address);
  });
}

int cuMemHostRegister_v2(void *address, size_t bytes, unsigned) {
  return api("cuMemHostRegister", Needs::CONTEXT, [&](Driver &) {
    require(address != nullptr && bytes > 0);
    Memory::get().add_registered((uintptr_t)address, bytes);
  });
}

int cuMemHostUnregister(void *address) {
  return api("cuMemHostUnregister", Needs::CONTEXT, [&](Driver &driver) {
    driver.finish_all();
    require(Memory::get().remove_registered((uintptr_t)address), HOST_MEMORY_NOT_REGISTERED);
  });
}

int cuMemHostGetDevicePointer_v2(uintptr_t *device, void *host, unsigned flags) {
  return api("cuMemHostGetDevicePointer", Needs::CONTEXT, [&](Driver &) {
    require(device != nullptr && flags == 0);
    require(Memory::get().is_pinned((uintptr_t)host, 1));
    *device = (uintptr_t)host;
  });
}

int cuPointerGetAttribute(void *value, int attribute, uintptr_t address) {
  return api("cuPointerGetAttribute", Needs::CONTEXT, [&](Driver &) {
    require(value != nullptr);
    const Allocation *found = Memory::get().find(address);
    const bool pinned = Memory::get().is_pinned(address, 1);
    require(found != nullptr || pinned);
    switch (attribute) {
      case 1: *(void **)value = primary_context(); break;                    // CONTEXT
      case 2: *(int *)value = pinned ? 1 : 2; break;                         // MEMORY_TYPE
      case 3: *(uintptr_t *)value = address; break;                          // DEVICE_POINTER
      case 4: require(pinned); *(uintptr_t *)value = address; break;         // HOST_POINTER
      case 7: *(unsigned long long *)value = found ? found->number : 0; break;  // BUFFER_ID
      case 8: *(int *)value = 0; break;                                      // IS_MANAGED
      case 9: *(int *)value = 0; break;                                      // DEVICE_ORDINAL
      case 11: require(found != nullptr); *(uintptr_t *)value = found->address; break;  // RANGE_START_ADDR
      case 12: require(found != nullptr); *(size_t *)value = found->bytes; break;       // RANGE_SIZE
      default: throw Failure{NOT_SUPPORTED};
    }
  });
}

}  // extern "C"
