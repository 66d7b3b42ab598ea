// What the environment, or a test through control.cpp, asks of the simulated device.
#pragma once
#include <string>

namespace heddle_sim {

struct Settings {
  int capability;          // HEDDLE_SIM_CAPABILITY: 90 for 9.0, the default.
  int multiprocessors;     // HEDDLE_SIM_SMS: 132.
  long long memory_bytes;  // HEDDLE_SIM_MEMORY: bytes of device memory, 16 GiB.
  int driver_version;      // HEDDLE_SIM_DRIVER: 12060.
  int devices;             // HEDDLE_SIM_DEVICES: 1; with 0 cuInit says that there is none.
  int workers;             // HEDDLE_SIM_WORKERS: threads that run blocks; all processors, 4 at most.
  bool lazy;               // HEDDLE_SIM_LAZY: 1 lets streams do nothing until someone waits.
  bool any_thread;         // HEDDLE_SIM_ANY_THREAD: 1 lets any thread use what another made.
  int algorithms;          // HEDDLE_SIM_ALGORITHMS: 0, or -1 without an error: cuBLASLt has none.
  std::string log;         // HEDDLE_SIM_LOG: the file that faults are appended to; else stderr.

  // Failures to come, counted down at each call; 0 for none.
  long long fail_allocation;  // HEDDLE_SIM_FAIL_ALLOCATION: the n-th from now.
  long long fail_launch;      // HEDDLE_SIM_FAIL_LAUNCH
  long long refuse_launch;    // HEDDLE_SIM_REFUSE_LAUNCH: at the call; the device works on.
  long long lose_device;      // HEDDLE_SIM_LOSE_DEVICE: calls until the device is gone.
  long long fail_copy;        // HEDDLE_SIM_FAIL_COPY
  long long refuse_product;   // HEDDLE_SIM_REFUSE_PRODUCT: at the call, cuBLAS's or cuBLASLt's.

  static Settings &get();
  // By the names above in lower case without HEDDLE_SIM_; false if there is none of that name.
  bool set(const std::string &name, long long value);
};

}  // namespace heddle_sim
