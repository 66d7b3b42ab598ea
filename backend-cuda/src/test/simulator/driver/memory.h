// The device's memory and pinned memory of the host, with a shadow byte for each byte that says
// whether it is allocated and whether something was written to it.
//
// No address is given out twice (but for 256 GiB on), so that use after free is always seen.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace heddle_sim {

enum class Place { DEVICE, PINNED };

struct Pool;

struct Allocation {
  uintptr_t address;
  size_t bytes;
  Place place;
  Pool *pool;  // nullptr for memory of no pool.
  unsigned long long number;
  std::thread::id owner;

  bool holds(uintptr_t first, size_t count) const {
    return first >= address && first - address <= bytes && count <= bytes - (first - address);
  }
};

class Memory {
 public:
  static constexpr uint8_t ALLOCATED = 1, WRITTEN = 3;
  static constexpr size_t DEVICE_BYTES = 256ull << 30, PINNED_BYTES = 64ull << 30;
  static constexpr size_t ALL_BYTES = DEVICE_BYTES + PINNED_BYTES;
  static constexpr size_t ALIGNMENT = 512;

  static Memory &get();
  // Of all memory; its shadow lies ALL_BYTES behind.
  static uintptr_t begin;
  static uint8_t *shadow(uintptr_t address) { return (uint8_t *)(address + ALL_BYTES); }
  static bool is_ours(uintptr_t address) { return address - begin < ALL_BYTES; }

  Allocation &allocate(Place place, size_t bytes, Pool *pool);
  void free(uintptr_t address);

  // The living allocation that holds an address; nullptr if there is none.
  Allocation *find(uintptr_t address);
  // Where an address lies, in words: what it is in, or what it was in.
  std::string describe(uintptr_t address);

  void add_registered(uintptr_t address, size_t bytes);
  bool remove_registered(uintptr_t address);
  // Whether pinned or registered memory of the host holds these bytes.
  bool is_pinned(uintptr_t address, size_t bytes);

  const std::map<uintptr_t, Allocation> &live() const { return live_; }

 private:
  static constexpr size_t CHUNK = 64 << 10;
  struct Region {
    uintptr_t begin;
    size_t bytes, used;
    std::vector<uint32_t> held;  // How many allocations touch each chunk.
  };

  Memory();
  void release(Region &region, const Allocation &allocation);

  Region regions_[2];
  std::map<uintptr_t, Allocation> live_;
  std::deque<Allocation> freed_;  // The last ones, for reports.
  std::map<uintptr_t, size_t> registered_;
  unsigned long long count_ = 0;
};

}  // namespace heddle_sim
