#include "shared_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace heddle_sim {
namespace {

void *pages(size_t bytes) {
  void *found = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (found == MAP_FAILED) throw std::bad_alloc();
  return found;
}

}  // namespace

SharedMemory::SharedMemory()
    : data_((char *)pages(BYTES)),
      allowed_((uint8_t *)pages(BYTES)),
      cells_((Cell *)pages(BYTES * sizeof(Cell))) {}

SharedMemory::~SharedMemory() {
  munmap(data_, BYTES);
  munmap(allowed_, BYTES);
  munmap(cells_, BYTES * sizeof(Cell));
}

void SharedMemory::lay_out(const std::vector<Extent> &extents) {
  for (const Extent &each : extents_) memset(allowed_ + each.offset, 0, each.bytes);
  extents_ = extents;
  for (const Extent &each : extents_) memset(allowed_ + each.offset, 1, each.bytes);
}

void SharedMemory::begin_block() {
  block_start_ = last_barrier_ = ++clock_;
  for (uint64_t &each : last_collective_) each = clock_;
}

bool SharedMemory::in_order(uint64_t stamp, unsigned who, unsigned thread) const {
  if (who == thread || stamp < last_barrier_) return true;
  const unsigned warp = thread / 32;
  if (who >= WARP) return who == (WARP | warp) && stamp < last_collective_[warp];
  return who / 32 == warp && stamp < last_collective_[warp];
}

SharedMemory::Finding SharedMemory::read(uintptr_t address, unsigned bytes, unsigned thread,
                                         unsigned &other) {
  const uintptr_t offset = address - (uintptr_t)data_;
  const uint64_t own = clock_ << 12 | thread;
  const uint64_t ordered_from = block_start_ << 12;
  const uint64_t ordered_span = (last_barrier_ << 12) - ordered_from;
  for (uintptr_t i = offset; i < offset + bytes; i++) {
    if (!allowed_[i]) return OUTSIDE;
    Cell &cell = cells_[i];
    // Most were written before the last barrier, and that is all there is to ask.
    if (cell.write - ordered_from >= ordered_span) {
      if (cell.write < ordered_from) return UNWRITTEN;
      const unsigned writer = cell.write & 0xfff;
      if (!in_order(cell.write >> 12, writer, thread)) {
        other = writer;
        return WRITE_THEN_READ;
      }
    }
    if (cell.read >> 12 < last_barrier_) {
      cell.read = own;
    } else {
      const unsigned reader = cell.read & 0xfff;
      if (reader != thread && reader != MANY) {
        const bool same_warp = (reader & ~WARP & 0xfff) / (reader & WARP ? 1 : 32) == thread / 32;
        cell.read = clock_ << 12 | (same_warp ? WARP | thread / 32 : MANY);
      } else {
        cell.read = clock_ << 12 | reader;
      }
    }
  }
  return FINE;
}

SharedMemory::Finding SharedMemory::write(uintptr_t address, unsigned bytes, unsigned thread,
                                          unsigned &other) {
  const uintptr_t offset = address - (uintptr_t)data_;
  const uint64_t own = clock_ << 12 | thread;
  const uint64_t unordered_from = last_barrier_ << 12;
  for (uintptr_t i = offset; i < offset + bytes; i++) {
    if (!allowed_[i]) return OUTSIDE;
    Cell &cell = cells_[i];
    if (cell.write >= unordered_from &&
        !in_order(cell.write >> 12, cell.write & 0xfff, thread)) {
      other = cell.write & 0xfff;
      return WRITE_THEN_WRITE;
    }
    if (cell.read >= unordered_from && !in_order(cell.read >> 12, cell.read & 0xfff, thread)) {
      other = cell.read & 0xfff;
      return READ_THEN_WRITE;
    }
    cell.write = own;
  }
  return FINE;
}

SharedMemory::Finding SharedMemory::atomic(uintptr_t address, unsigned bytes, unsigned thread,
                                           unsigned &other) {
  const uintptr_t offset = address - (uintptr_t)data_;
  for (uintptr_t i = offset; i < offset + bytes; i++) {
    if (!allowed_[i]) return OUTSIDE;
    Cell &cell = cells_[i];
    if (cell.write < block_start_ << 12) return UNWRITTEN;
    const unsigned writer = cell.write & 0xfff;
    if (writer != ATOMIC && !in_order(cell.write >> 12, writer, thread)) {
      other = writer;
      return WRITE_THEN_WRITE;
    }
    if (cell.read >= last_barrier_ << 12 &&
        !in_order(cell.read >> 12, cell.read & 0xfff, thread)) {
      other = cell.read & 0xfff;
      return READ_THEN_WRITE;
    }
    cell.write = clock_ << 12 | ATOMIC;
  }
  return FINE;
}

void SharedMemory::forget(uintptr_t address, unsigned bytes) {
  Cell *const cells = cells_ + (address - (uintptr_t)data_);
  for (unsigned i = 0; i < bytes; i++) cells[i].write = 0;
}

}  // namespace heddle_sim
