#include "memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "report.h"
#include "results.h"

namespace heddle_sim {

uintptr_t Memory::begin = 0;

Memory &Memory::get() {
  static Memory *memory = new Memory();
  return *memory;
}

Memory::Memory() {
  // Address space alone; pages come when they are touched. A place of its own, far from heap and
  // libraries, so that a stray pointer does not meet one by chance.
  void *const wanted = (void *)0x200000000000;
  void *found = mmap(wanted, 2 * ALL_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (found == MAP_FAILED) {
    Report::get().add("cannot reserve address space for the simulated memory");
    abort();
  }
  begin = (uintptr_t)found;
  regions_[0] = Region{begin, DEVICE_BYTES, 0, {}};
  regions_[1] = Region{begin + DEVICE_BYTES, PINNED_BYTES, 0, {}};
}

Allocation &Memory::allocate(Place place, size_t bytes, Pool *pool) {
  Region &region = regions_[(int)place];
  // A gap behind each, so that what runs over an end meets nobody else's.
  const size_t span = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + ALIGNMENT;
  if (span > region.bytes - region.used) throw Failure{OUT_OF_MEMORY};
  const uintptr_t address = region.begin + region.used;
  const size_t last = (region.used + bytes - 1) / CHUNK;
  if (region.held.size() <= last) region.held.resize(last + 1);
  for (size_t chunk = region.used / CHUNK; chunk <= last; chunk++) region.held[chunk]++;
  region.used += span;
  // What the host writes is not seen, so pinned memory counts as written.
  memset(shadow(address), place == Place::DEVICE ? ALLOCATED : WRITTEN, bytes);
  Allocation allocation{address, bytes, place, pool, ++count_, std::this_thread::get_id()};
  Counters::get().add(place == Place::DEVICE ? "live_device_bytes" : "live_pinned_bytes",
                      (long long)bytes);
  Counters::get().add(place == Place::DEVICE ? "live_allocations" : "live_pinned");
  Counters::get().add("allocations");
  return live_.emplace(address, allocation).first->second;
}

void Memory::free(uintptr_t address) {
  const auto found = live_.find(address);
  const Allocation allocation = found->second;
  live_.erase(found);
  memset(shadow(address), 0, allocation.bytes);
  release(regions_[(int)allocation.place], allocation);
  freed_.push_back(allocation);
  if (freed_.size() > 4096) freed_.pop_front();
  const bool device = allocation.place == Place::DEVICE;
  Counters::get().add(device ? "live_device_bytes" : "live_pinned_bytes",
                      -(long long)allocation.bytes);
  Counters::get().add(device ? "live_allocations" : "live_pinned", -1);
}

// Gives back the pages of chunks that nothing lives in and nothing will.
void Memory::release(Region &region, const Allocation &allocation) {
  const size_t first = (allocation.address - region.begin) / CHUNK;
  const size_t last = (allocation.address - region.begin + allocation.bytes - 1) / CHUNK;
  size_t empty = first;
  for (size_t chunk = first; chunk <= last + 1; chunk++) {
    const bool full =
        chunk > last || --region.held[chunk] > 0 || chunk >= region.used / CHUNK;
    if (!full) continue;
    if (empty < chunk) {
      char *const at = (char *)region.begin + empty * CHUNK;
      madvise(at, (chunk - empty) * CHUNK, MADV_DONTNEED);
      madvise(at + ALL_BYTES, (chunk - empty) * CHUNK, MADV_DONTNEED);
    }
    empty = chunk + 1;
  }
}

Allocation *Memory::find(uintptr_t address) {
  auto after = live_.upper_bound(address);
  if (after == live_.begin()) return nullptr;
  Allocation &before = std::prev(after)->second;
  return address - before.address < std::max<size_t>(before.bytes, 1) ? &before : nullptr;
}

std::string Memory::describe(uintptr_t address) {
  const auto words = [&](const Allocation &a, const char *state) {
    return format("%lld bytes into %s%s of %zu bytes, number %llu",
                  (long long)(address - a.address), state,
                  a.place == Place::DEVICE ? "an allocation" : "pinned memory", a.bytes, a.number);
  };
  if (const Allocation *inside = find(address)) return words(*inside, "");
  for (auto each = freed_.rbegin(); each != freed_.rend(); ++each) {
    if (address - each->address < each->bytes) return words(*each, "what was freed: ");
  }
  if (!is_ours(address)) return "no memory of the device";
  auto after = live_.upper_bound(address);
  if (after != live_.begin()) {
    const Allocation &before = std::prev(after)->second;
    if (address - before.address < before.bytes + (1 << 20)) {
      return format("%lld bytes behind the end of an allocation of %zu bytes, number %llu",
                    (long long)(address - before.address - before.bytes), before.bytes,
                    before.number);
    }
  }
  if (after != live_.end() && after->first - address <= 1 << 20) {
    return format("%lld bytes before an allocation of %zu bytes, number %llu",
                  (long long)(after->first - address), after->second.bytes, after->second.number);
  }
  return "no allocation";
}

void Memory::add_registered(uintptr_t address, size_t bytes) {
  for (const auto &[begin, size] : registered_) {
    if (address < begin + size && begin < address + bytes) {
      throw Failure{HOST_MEMORY_ALREADY_REGISTERED};
    }
  }
  registered_[address] = bytes;
  Counters::get().add("live_registered");
}

bool Memory::remove_registered(uintptr_t address) {
  if (registered_.erase(address) == 0) return false;
  Counters::get().add("live_registered", -1);
  return true;
}

bool Memory::is_pinned(uintptr_t address, size_t bytes) {
  if (is_ours(address)) {
    const Allocation *allocation = find(address);
    return allocation != nullptr && allocation->place == Place::PINNED &&
           allocation->holds(address, bytes);
  }
  auto after = registered_.upper_bound(address);
  if (after == registered_.begin()) return false;
  const auto &[begin, size] = *std::prev(after);
  return address - begin <= size && bytes <= size - (address - begin);
}

}  // namespace heddle_sim
