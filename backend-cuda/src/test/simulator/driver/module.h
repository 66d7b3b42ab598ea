// Modules: shared libraries that the simulated NVRTC made.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../device/abi.h"
#include "shared_memory.h"

namespace heddle_sim {

class LoadedModule;

struct Function {
  const Kernel *kernel;
  LoadedModule *module;
  unsigned static_bytes;  // Shared memory of its variables, as a GPU counts it.
  unsigned dynamic_from;  // Where what the launch adds begins.
  unsigned most_dynamic;  // What the launch may add.
  std::vector<SharedMemory::Extent> extents;
};

class LoadedModule {
 public:
  // Throws a Failure where an image is none of the simulator's or for another device.
  explicit LoadedModule(const void *image);
  ~LoadedModule();
  LoadedModule(const LoadedModule &) = delete;

  Function *find(const std::string &name);
  bool has(const Function *function) const;
  // Whether an address is a constant of the module.
  bool holds(uintptr_t address, size_t bytes) const;
  // The line of the kernel's text that an address of its code came from; empty if not known.
  std::string line(uintptr_t code) const;

  const std::thread::id owner = std::this_thread::get_id();

 private:
  void lay_out(const Module &table);

  std::string bytes_;
  void *library_ = nullptr;
  uintptr_t begin_ = 0, end_ = 0;
  std::map<std::string, std::unique_ptr<Function>> functions_;
};

}  // namespace heddle_sim
