// The primary context, and what is current on a thread.
#include "state.h"

using namespace heddle_sim;

namespace {

// All that was made in a context goes with it. After a fault nothing could be freed before, so that
// is no leak then.
void end_context(Driver &driver) {
  driver.finish_all();
  if (driver.sticky == SUCCESS && !driver.lost) driver.report_leaks();
  driver.clear();
  driver.sticky = SUCCESS;
}

}  // namespace

extern "C" {

int cuDevicePrimaryCtxRetain(void **context, int device) {
  return api("cuDevicePrimaryCtxRetain", Needs::DRIVER, [&](Driver &driver) {
    require(context != nullptr);
    require_device(device);
    driver.retained++;
    Counters::get().add("live_contexts");
    *context = primary_context();
  });
}

int cuDevicePrimaryCtxRelease_v2(int device) {
  return api("cuDevicePrimaryCtxRelease", Needs::DRIVER, [&](Driver &driver) {
    require_device(device);
    require(driver.retained > 0, INVALID_CONTEXT);
    Counters::get().add("live_contexts", -1);
    if (--driver.retained == 0) end_context(driver);
  });
}

int cuDevicePrimaryCtxReset_v2(int device) {
  return api("cuDevicePrimaryCtxReset", Needs::DRIVER, [&](Driver &driver) {
    require_device(device);
    end_context(driver);
  });
}

int cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active) {
  return api("cuDevicePrimaryCtxGetState", Needs::DRIVER, [&](Driver &driver) {
    require(flags != nullptr && active != nullptr);
    require_device(device);
    *flags = driver.context_flags;
    *active = driver.retained > 0;
  });
}

int cuDevicePrimaryCtxSetFlags_v2(int device, unsigned flags) {
  return api("cuDevicePrimaryCtxSetFlags", Needs::DRIVER, [&](Driver &driver) {
    require_device(device);
    driver.context_flags = flags;
  });
}

int cuCtxSetCurrent(void *context) {
  return api("cuCtxSetCurrent", Needs::DRIVER, [&](Driver &) {
    require(context == nullptr || context == primary_context(), INVALID_CONTEXT);
    std::vector<void *> &current = current_contexts();
    if (current.empty()) current.push_back(context);
    current.back() = context;
    if (context == nullptr) current.pop_back();
  });
}

int cuCtxGetCurrent(void **context) {
  return api("cuCtxGetCurrent", Needs::DRIVER, [&](Driver &) {
    require(context != nullptr);
    *context = current_contexts().empty() ? nullptr : current_contexts().back();
  });
}

int cuCtxPushCurrent_v2(void *context) {
  return api("cuCtxPushCurrent", Needs::DRIVER, [&](Driver &) {
    require(context == primary_context(), INVALID_CONTEXT);
    current_contexts().push_back(context);
  });
}

int cuCtxPopCurrent_v2(void **context) {
  return api("cuCtxPopCurrent", Needs::DRIVER, [&](Driver &) {
    require(!current_contexts().empty(), INVALID_CONTEXT);
    if (context != nullptr) *context = current_contexts().back();
    current_contexts().pop_back();
  });
}

int cuCtxGetDevice(int *device) {
  return api("cuCtxGetDevice", Needs::CONTEXT, [&](Driver &) {
    require(device != nullptr);
    *device = 0;
  });
}

int cuCtxGetApiVersion(void *context, unsigned *version) {
  return api("cuCtxGetApiVersion", Needs::DRIVER, [&](Driver &) {
    require(context == primary_context(), INVALID_CONTEXT);
    require(version != nullptr);
    *version = 3020;
  });
}

int cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  return api("cuCtxGetStreamPriorityRange", Needs::CONTEXT, [&](Driver &) {
    if (least != nullptr) *least = 0;
    if (greatest != nullptr) *greatest = -5;
  });
}

int cuCtxSynchronize() {
  return api("cuCtxSynchronize", Needs::CONTEXT, [&](Driver &driver) {
    driver.forbid_in_capture("cuCtxSynchronize");
    driver.finish_all();
    driver.require_sound();
    driver.default_pool.trim(driver.default_pool.threshold);
    for (auto &[handle, pool] : driver.pools) pool->trim(pool->threshold);
  });
}

}  // extern "C"
