// Bulk copies of boxes of tensors: what they read is taken when they are issued, and what they write
// stands there when nobody can go on without it.
#include <algorithm>

#include "cluster.h"
#include "launch.h"
#include "report.h"

namespace heddle_sim {

// Where byte `at` of the box lies: 16 bytes change places with others of their line by the address's
// bits, as wgmma reads them.
uintptr_t Cluster::Copy::place(unsigned at) const {
  const uintptr_t first = (uintptr_t)block->shared().data();
  const uintptr_t plain = to - first + at;
  return first + (plain ^ (plain >> 7 & (span / 16 - 1)) << 4);
}

const TensorMap &Cluster::checked(Fiber &self, const BulkCopy &own) const {
  const auto from = (uintptr_t)own.map;
  const auto first = (uintptr_t)launch_->arguments.data();
  if (from - first >= launch_->arguments.size()) {
    Block::fail(self, LAUNCH_FAILED,
                "cp.async.bulk.tensor: its map is no __grid_constant__ parameter of the kernel");
  }
  if (own.map->magic != TensorMap::MAGIC) {
    Block::fail(self, LAUNCH_FAILED,
                "cp.async.bulk.tensor: its map was not made by cuTensorMapEncodeTiled");
  }
  if (own.map->axes != own.axes) {
    Block::fail(self, LAUNCH_FAILED, format("cp.async.bulk.tensor.%ud: its map has %u axes", own.axes,
                                            own.map->axes));
  }
  if (own.to % 128 != 0) {
    Block::fail(self, MISALIGNED_ADDRESS,
                format("cp.async.bulk.tensor: 0x%x in shared memory is no multiple of 128", own.to));
  }
  return *own.map;
}

// The elements of the box, those outside of the tensor 0; line by line.
std::vector<char> Cluster::read_box(Fiber &self, const BulkCopy &own) const {
  const TensorMap &map = *own.map;
  const size_t element = map.steps[0], width = map.box[0] * element;
  size_t lines = 1;
  for (unsigned axis = 1; axis < map.axes; axis++) lines *= map.box[axis];
  std::vector<char> data(lines * width);
  // Of a line, the part that lies within.
  const long extent = (long)map.extents_less_one[0] + 1;
  const long begin = std::max(0L, -(long)own.at[0]);
  const long end = std::min((long)map.box[0], extent - own.at[0]);
  for (size_t line = 0; line < lines && begin < end; line++) {
    uintptr_t from = map.address + (own.at[0] + begin) * element;
    bool within = true;
    size_t rest = line;
    for (unsigned axis = 1; axis < map.axes; axis++) {
      const long at = own.at[axis] + (long)(rest % map.box[axis]);
      rest /= map.box[axis];
      within &= at >= 0 && at <= (long)map.extents_less_one[axis];
      from += at * map.steps[axis];
    }
    if (!within) continue;
    const size_t bytes = (size_t)(end - begin) * element;
    self.block->check_copied(self, from, bytes);
    std::copy_n((const char *)from, bytes, data.begin() + (long)(line * width + begin * element));
  }
  return data;
}

void Cluster::begin_copy(Fiber &self, const BulkCopy &own) {
  const TensorMap &map = checked(self, own);
  Counters::get().add("bulk_copies");
  const auto data = std::make_shared<const std::vector<char>>(read_box(self, own));
  if (own.blocks == 0) {
    Block &block = block_of(self, own.to);
    if (&block_of(self, own.barrier) != &block) {
      Block::fail(self, LAUNCH_FAILED, "cp.async.bulk.tensor: its mbarrier is another block's");
    }
    begin_copy_to(self, {&block, place_in(block, own.to), place_in(block, own.barrier), map.span, data});
    return;
  }
  for (unsigned rank = 0; own.blocks >> rank != 0; rank++) {
    if (!(own.blocks >> rank & 1)) continue;
    Block &block = block_of(self, (rank + 1) << RANK_SHIFT);
    begin_copy_to(self, {&block, place_in(block, own.to), place_in(block, own.barrier), map.span, data});
  }
}

void Cluster::begin_copy_to(Fiber &self, const Copy &copy) {
  if (!copy.block->phases(self, copy.barrier).shown) {
    Block::fail(self, LAUNCH_FAILED, "cp.async.bulk.tensor: whoever began its mbarrier did not show it "
                                     "by fence.mbarrier_init or fence.proxy.async");
  }
  copies_.push_back(copy);
  for (unsigned at = 0; at < copy.data->size(); at += SharedMemory::PIECE) {
    copy.block->begin_copied(self, copy.place(at));
  }
}

// The first or the last that is under way.
bool Cluster::land_copy() {
  if (copies_.empty()) return false;
  const Copy copy = backwards_ ? copies_.back() : copies_.front();
  if (backwards_) {
    copies_.pop_back();
  } else {
    copies_.pop_front();
  }
  for (unsigned at = 0; at < copy.data->size(); at += SharedMemory::PIECE) {
    copy.block->shared().end_copy(copy.place(at), copy.data->data() + at);
  }
  if (copy.block->is_over()) {
    copy.block->give_up(LAUNCH_FAILED, "has ended before a cp.async.bulk.tensor to it has come");
  } else {
    copy.block->copy_came(copy.barrier, (unsigned)copy.data->size());
  }
  return true;
}

// After a fault some may have been left.
void Cluster::drop_copies() {
  for (const Copy &each : copies_) {
    for (unsigned at = 0; at < each.data->size(); at += SharedMemory::PIECE) {
      each.block->shared().end_copy(each.place(at), nullptr);
    }
  }
  copies_.clear();
}

}  // namespace heddle_sim

extern "C" void heddle_sim_bulk_copy(const heddle_sim::BulkCopy *own) {
  heddle_sim::Fiber &self = *heddle_sim::Fiber::current();
  self.block->cluster().begin_copy(self, *own);
}
