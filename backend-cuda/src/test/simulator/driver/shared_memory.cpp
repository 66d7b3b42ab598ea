#include "shared_memory.h"

#include <sys/mman.h>

#include <algorithm>
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
      cells_((Cell *)pages(BYTES * sizeof(Cell))),
      pieces_((Piece *)pages(BYTES / PIECE * sizeof(Piece))) {}

SharedMemory::~SharedMemory() {
  munmap(data_, BYTES);
  munmap(allowed_, BYTES);
  munmap(cells_, BYTES * sizeof(Cell));
  munmap(pieces_, BYTES / PIECE * sizeof(Piece));
}

void SharedMemory::lay_out(const std::vector<Extent> &extents) {
  for (const Extent &each : extents_) memset(allowed_ + each.offset, 0, each.bytes);
  extents_ = extents;
  for (const Extent &each : extents_) memset(allowed_ + each.offset, 1, each.bytes);
}

void SharedMemory::begin_block(unsigned threads, unsigned blocks) {
  threads_ = threads;
  blocks_ = blocks;
  known_.clear();
  reads_.clear();
  block_start_ = last_barrier_ = ++clock_;
  for (uint64_t &each : last_collective_) each = clock_;
}

void SharedMemory::barrier() {
  last_barrier_ = ++clock_;
  if (!known_.empty()) shown_to_all_ = shown_;
}

void SharedMemory::cluster_barrier() {
  barrier();
  if (blocks_ == 1) return;
  use_clocks();
  for (size_t warp = warps(); warp < known_.size(); warp++) {
    std::fill(known_[warp].done.begin(), known_[warp].done.end(), clock_);
    known_[warp].shown = shown_;
  }
}

bool SharedMemory::in_order(uint64_t stamp, unsigned who, unsigned thread) const {
  if (who == thread || stamp < last_barrier_) return true;
  const unsigned warp = thread / 32;
  if (who == COPY) return stamp < known_[warp].done[threads_];
  if (who < WARP && !known_.empty() && stamp < known_[warp].done[who]) return true;
  if (who >= WARP) return who == (WARP | warp) && stamp < last_collective_[warp];
  return who / 32 == warp && stamp < last_collective_[warp];
}

// A read of what several warps read.
void SharedMemory::note_read(uintptr_t offset, uint64_t stamp, unsigned who) {
  if (known_.empty() || who >= MANY) return;
  std::vector<uint64_t> &all = reads_[offset / WORD];
  all.resize(threads_);
  const unsigned from = who & WARP ? (who & 31) * 32 : who, count = who & WARP ? 32 : 1;
  for (unsigned each = from; each < from + count && each < threads_; each++) all[each] = stamp;
}

// Whether what several warps read is in order before a thread.
bool SharedMemory::reads_in_order(uintptr_t offset, unsigned thread) const {
  const auto found = reads_.find(offset / WORD);
  if (found == reads_.end()) return false;
  const unsigned warp = thread / 32;
  for (unsigned each = 0; each < threads_; each++) {
    const uint64_t stamp = found->second[each];
    const bool early = stamp < last_barrier_ || stamp < known_[warp].done[each] ||
                       (each / 32 == warp && stamp < last_collective_[warp]);
    if (!early && each != thread) return false;
  }
  return true;
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
        if (!same_warp) {
          note_read(i, cell.read >> 12, reader);
          note_read(i, clock_, thread);
        }
        cell.read = clock_ << 12 | (same_warp ? WARP | thread / 32 : MANY);
      } else {
        if (reader == MANY) note_read(i, clock_, thread);
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
    if (cell.read >= unordered_from && !in_order(cell.read >> 12, cell.read & 0xfff, thread) &&
        !((cell.read & 0xfff) == MANY && reads_in_order(i, thread))) {
      other = cell.read & 0xfff;
      return READ_THEN_WRITE;
    }
    cell.write = own;
  }
  return known_.empty() ? FINE : written_meanwhile(offset, bytes, thread / 32, other);
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

void SharedMemory::Clocks::join(const Clocks &other) {
  if (done.empty()) {
    *this = other;
    return;
  }
  for (size_t i = 0; i < other.done.size(); i++) {
    done[i] = std::max(done[i], other.done[i]);
    shown[i] = std::max(shown[i], other.shown[i]);
  }
}

void SharedMemory::use_clocks() {
  if (!known_.empty()) return;
  const std::vector<uint64_t> none(threads_ + 1);
  known_.assign(blocks_ * warps(), Clocks{none, none});
  shown_ = shown_to_all_ = none;
}

void SharedMemory::show(unsigned thread) {
  use_clocks();
  shown_[thread] = ++clock_;
}

void SharedMemory::release(unsigned thread, Clocks &to) {
  use_clocks();
  const unsigned warp = thread / 32;
  Clocks own = known_[warp];
  if (blocks_ > 1) {
    // What all threads of this block know, others may not.
    for (unsigned i = 0; i < threads_; i++) {
      own.done[i] = std::max(own.done[i], last_barrier_);
      own.shown[i] = std::max(own.shown[i], shown_to_all_[i]);
    }
  }
  // Of the warp's other lanes what lies before its last collective.
  const uint64_t together = last_collective_[warp];
  for (unsigned lane = 32 * warp; lane < 32 * warp + 32 && lane < threads_; lane++) {
    own.done[lane] = std::max(own.done[lane], together);
    if (shown_[lane] < together) own.shown[lane] = std::max(own.shown[lane], shown_[lane]);
  }
  own.done[thread] = ++clock_;
  own.shown[thread] = shown_[thread];
  to.join(own);
}

void SharedMemory::pass_on(unsigned warp, Clocks &to) {
  if (!known_.empty()) to.join(known_[warp]);
}

void SharedMemory::release_copies(Clocks &to) {
  use_clocks();
  const std::vector<uint64_t> none(threads_ + 1);
  Clocks own{none, none};
  own.done[threads_] = ++clock_;
  to.join(own);
}

void SharedMemory::acquire(unsigned warp, const Clocks &from) {
  if (from.done.empty()) return;
  use_clocks();
  known_[warp].join(from);
}

bool SharedMemory::knows(unsigned warp, uint64_t time, unsigned who) const {
  if (known_.empty()) return false;
  const std::vector<uint64_t> &done = known_[warp].done;
  if (who == COPY) return time < done[threads_];
  // One, a warp's, or all.
  const bool one = who < WARP, warps = !one && who < MANY;
  const unsigned first = one ? who : warps ? (who & 31) * 32 : 0;
  const unsigned last = one ? who + 1 : warps ? std::min(first + 32, threads_) : threads_;
  return std::all_of(done.begin() + first, done.begin() + last,
                     [&](uint64_t each) { return time < each; });
}

bool SharedMemory::is_shown(uint64_t stamp, unsigned who, unsigned warp) const {
  if (who == COPY) return true;
  if (known_.empty() || who >= WARP) return false;
  if (stamp < known_[warp].shown[who]) return true;
  return warp < warps() &&
         (stamp < shown_to_all_[who] || (who / 32 == warp && stamp < shown_[who]));
}

SharedMemory::Finding SharedMemory::begin_async_read(uintptr_t piece, unsigned warp,
                                                     unsigned &other) {
  const uintptr_t offset = piece - (uintptr_t)data_;
  for (uintptr_t i = offset; i < offset + PIECE; i++) {
    if (!allowed_[i]) return OUTSIDE;
    const uint64_t stamp = cells_[i].write >> 12;
    if (stamp < block_start_) return UNWRITTEN;
    other = cells_[i].write & 0xfff;
    if (!in_order(stamp, other, 32 * warp)) return WRITE_THEN_READ;
    if (!is_shown(stamp, other, warp)) return NOT_SHOWN;
  }
  pieces_[offset / PIECE].reads++;
  return FINE;
}

void SharedMemory::end_async_read(uintptr_t piece, unsigned warp) {
  Piece &own = pieces_[(piece - (uintptr_t)data_) / PIECE];
  own.reads--;
  own.ended[warp] = clock_;
}

// Whether a write by a thread of a warp comes too early for what wgmma reads there.
SharedMemory::Finding SharedMemory::written_meanwhile(uintptr_t offset, unsigned bytes,
                                                      unsigned warp, unsigned &other) const {
  for (uintptr_t i = offset / PIECE; i <= (offset + bytes - 1) / PIECE; i++) {
    if (pieces_[i].reads > 0) return UNDER_WAY;
    if (pieces_[i].coming) return COMING;
    for (unsigned each = 0; each < warps(); each++) {
      const uint64_t ended = pieces_[i].ended[each];
      if (each == warp || ended < (warp < warps() ? last_barrier_ : block_start_)) continue;
      // Any lane that went on behind the wait and is in order before this one will do.
      bool known = false;
      for (unsigned lane = 32 * each; lane < 32 * each + 32 && lane < threads_; lane++) {
        known |= ended < known_[warp].done[lane];
      }
      if (!known) {
        other = WARP | each;
        return READ_THEN_WRITE;
      }
    }
  }
  return FINE;
}

SharedMemory::Finding SharedMemory::begin_copy(uintptr_t piece, unsigned warp, unsigned thread,
                                               unsigned &other) {
  use_clocks();
  const uintptr_t offset = piece - (uintptr_t)data_;
  const auto in_order_here = [&](uint64_t stamp) {
    other = stamp & 0xfff;
    return warp < warps() ? in_order(stamp >> 12, other, thread) : knows(warp, stamp >> 12, other);
  };
  for (uintptr_t i = offset; i < offset + PIECE; i++) {
    if (!allowed_[i]) return OUTSIDE;
    const Cell &cell = cells_[i];
    if (cell.write >> 12 >= block_start_) {
      if (!in_order_here(cell.write)) return WRITE_THEN_WRITE;
      if (!is_shown(cell.write >> 12, other, warp)) return NOT_SHOWN;
    }
    if (cell.read >> 12 >= block_start_ && !in_order_here(cell.read)) return READ_THEN_WRITE;
  }
  const Finding found = written_meanwhile(offset, PIECE, warp, other);
  if (found != FINE) return found;
  pieces_[offset / PIECE].coming = true;
  forget(piece, PIECE);
  return FINE;
}

void SharedMemory::end_copy(uintptr_t piece, const char *data) {
  const uintptr_t offset = piece - (uintptr_t)data_;
  pieces_[offset / PIECE].coming = false;
  if (data == nullptr) return;
  memcpy(data_ + offset, data, PIECE);
  for (unsigned i = 0; i < PIECE; i++) cells_[offset + i].write = clock_ << 12 | COPY;
}

void SharedMemory::forget(uintptr_t address, unsigned bytes) {
  Cell *const cells = cells_ + (address - (uintptr_t)data_);
  for (unsigned i = 0; i < bytes; i++) cells[i].write = 0;
}

}  // namespace heddle_sim
