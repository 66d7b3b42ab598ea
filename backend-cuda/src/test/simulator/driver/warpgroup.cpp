// wgmma. A product reads its operands through descriptors, by the PTX manual's "Asynchronous Warpgroup
// Level Matrix Shared Memory Layout"; what it reads and writes is taken until its group is waited for.
#include "warpgroup.h"

#include <cstring>

#include "block.h"

namespace heddle_sim {
namespace {

constexpr unsigned DEPTH = 16, WARP_ROWS = 16;

// An operand in shared memory, of 16 by 16 bit numbers of k.
struct Operand {
  unsigned start, across, next, width;  // Bytes; a swizzled line's width, or 16.
  bool turned;

  Operand(unsigned long long bits, bool turned)
      : start((bits & 0x3fff) << 4), across((bits >> 16 & 0x3fff) << 4),
        next((bits >> 32 & 0x3fff) << 4), width(0), turned(turned) {
    static const unsigned widths[] = {16, 128, 64, 32};
    width = widths[bits >> 62];
  }

  // Where number k of a row (or column) lies, from the beginning of shared memory on.
  unsigned place(unsigned row, unsigned k) const {
    unsigned at = start;
    if (turned) {
      const unsigned line = width / 2;
      // Without a swizzle the manual's two strides change their meaning.
      at += row % line * 2 + row / line * (width == 16 ? next : across) + k % 8 * width +
            k / 8 * (width == 16 ? across : next);
    } else {
      at += row % 8 * width + row / 8 * next + (width == 16 ? k / 8 * across + k % 8 * 2 : k * 2);
    }
    // The 16 bytes' number within their line changes with the line's, by the address itself.
    return at ^ (at >> 7 & (width / 16 - 1)) << 4;
  }
};

}  // namespace

bool Products::Rows::have_changed() const {
  for (unsigned lane = 0; lane < 32; lane++) {
    if (memcmp(values[lane], of[lane], sizeof values[lane]) != 0) return true;
  }
  return false;
}

void Products::Rows::note() {
  for (unsigned lane = 0; lane < 32; lane++) memcpy(values[lane], of[lane], sizeof values[lane]);
}

void Products::clear(SharedMemory &shared) {
  for (const Operands &each : operands) {
    for (uintptr_t piece : each.pieces) shared.end_async_read(piece, each.warp);
  }
  operands.clear();
}

void Block::fence_sums(Fiber &self) {
  products_.resize((threads_ + 31) / 32);
  Products &mine = products_[self.thread / 32];
  mine.fenced = true;
  for (Products::Rows &each : mine.rows) {
    if (!each.under_way) each.note();
  }
}

void Block::begin_product(Fiber &self, const Wgmma *const *lanes) {
  const unsigned warp = self.thread / 32, first = warp / 4 * 4;
  const Wgmma own = *lanes[0];
  const auto same = [&](const Wgmma &other) {
    return own.columns == other.columns && own.a == other.a && own.b == other.b &&
           (own.rows == nullptr) == (other.rows == nullptr) &&
           own.number == other.number && own.scale_d == other.scale_d &&
           own.scale_a == other.scale_a && own.scale_b == other.scale_b &&
           own.turned_a == other.turned_a && own.turned_b == other.turned_b;
  };
  for (unsigned lane = 1; lane < 32; lane++) {
    if (!same(*lanes[lane])) fail(self, LAUNCH_FAILED, "wgmma: lanes give it different operands");
  }
  if (32 * (first + 4) > threads_) fail(self, LAUNCH_FAILED, "wgmma: its four warps are not there");
  if ((own.a | own.b) >> 49 & 7) {
    fail(self, LAUNCH_FAILED, "wgmma: a descriptor with a base offset, which is not simulated");
  }
  products_.resize((threads_ + 31) / 32);
  Products &mine = products_[warp];
  std::vector<Wgmma> &all = products_[first].all;
  if (mine.issued == all.size()) all.push_back(own);
  if (!same(all[mine.issued++])) {
    fail(self, LAUNCH_FAILED, "wgmma: the four warps give it different operands");
  }

  // The operands of this warp: 16 rows of a, all of b.
  const Operand b(own.b, own.turned_b);
  const char *const shared = shared_.data();
  std::vector<float> left(WARP_ROWS * DEPTH), right(own.columns * DEPTH);
  const auto read = [&](const Operand &from, unsigned row, unsigned k, int scale) {
    const uintptr_t at = (uintptr_t)shared + from.place(row, k);
    // A piece is eight numbers, whose first one is as good as any.
    if (at % SharedMemory::PIECE == 0) {
      check_async_read(self, at);
      mine.operands.back().pieces.push_back(at);
    }
    unsigned short bits;
    memcpy(&bits, (const void *)at, sizeof bits);
    return own.number(bits) * (float)scale;
  };
  // What a fault leaves is given back when the next block begins.
  mine.operands.push_back({mine.groups, warp, {}});
  if (own.rows == nullptr) {
    const Operand a(own.a, own.turned_a);
    for (unsigned i = 0; i < left.size(); i++) {
      left[i] = read(a, warp % 4 * WARP_ROWS + i / DEPTH, i % DEPTH, own.scale_a);
    }
  } else {
    const Products::Rows &rows = rows_of(self, lanes);
    for (unsigned lane = 0; lane < 32; lane++) {
      for (unsigned i = 0; i < 8; i++) {
        const unsigned row = lane / 4 + i / 2 % 2 * 8, k = lane % 4 * 2 + i % 2 + i / 4 * 8;
        const auto bits = (unsigned short)(rows.values[lane][i / 2] >> i % 2 * 16);
        left[row * DEPTH + k] = own.number(bits) * (float)own.scale_a;
      }
    }
  }
  for (unsigned i = 0; i < right.size(); i++) {
    right[i] = read(b, i / DEPTH, i % DEPTH, own.scale_b);
  }

  Products::Sums &sums = sums_of(self, lanes);
  sums.group = mine.groups;
  for (unsigned lane = 0; lane < 32; lane++) {
    fibers_[32 * warp + lane]->products = &mine;
    for (unsigned i = 0; i < sums.count; i++) {
      const float *const x = &left[(lane / 4 + i / 2 % 2 * 8) * DEPTH];
      const float *const y = &right[(i / 4 * 8 + lane % 4 * 2 + i % 2) * DEPTH];
      float &value = sums.values[lane * sums.count + i];
      double sum = own.scale_d ? value : 0;
      for (unsigned k = 0; k < DEPTH; k++) sum += (double)x[k] * y[k];
      value = (float)sum;
    }
  }
}

// The registers of a product: such as are under way, or others from now on.
Products::Sums &Block::sums_of(Fiber &self, const Wgmma *const *lanes) {
  Products &mine = products_[self.thread / 32];
  const unsigned count = lanes[0]->columns / 2;
  for (Products::Sums &each : mine.sums) {
    if (each.of[0] == lanes[0]->sum && each.count == count) return each;
    if (each.hold((uintptr_t)lanes[0]->sum, count * sizeof(float), 0)) {
      fail(self, LAUNCH_FAILED, "wgmma: its sums are part of others that are under way");
    }
  }
  if (!mine.fenced) {
    fail(self, LAUNCH_FAILED, "wgmma: no wgmma.fence since its sums were last there to be touched");
  }
  Products::Sums sums{{}, count, mine.groups, {}};
  for (unsigned lane = 0; lane < 32; lane++) {
    sums.of[lane] = lanes[lane]->sum;
    for (unsigned i = 0; i < count; i++) {
      sums.values.push_back(sums.of[lane][i]);
      memcpy(sums.of[lane] + i, &Products::MEANWHILE, sizeof(float));
    }
  }
  mine.sums.push_back(sums);
  return mine.sums.back();
}

// The registers that a product has of a: such as it had before, or others.
const Products::Rows &Block::rows_of(Fiber &self, const Wgmma *const *lanes) {
  Products &mine = products_[self.thread / 32];
  Products::Rows *rows = nullptr;
  for (Products::Rows &each : mine.rows) {
    if (each.of[0] == lanes[0]->rows) rows = &each;
  }
  const bool known = rows != nullptr;
  if (!known) {
    mine.rows.emplace_back();
    rows = &mine.rows.back();
    for (unsigned lane = 0; lane < 32; lane++) rows->of[lane] = lanes[lane]->rows;
    rows->under_way = false;
    rows->note();
  }
  if (rows->have_changed()) {
    fail(self, LAUNCH_FAILED,
         rows->under_way ? "wgmma: a's registers were written while another one read them"
                         : "wgmma: a's registers were written since the last wgmma.fence");
  }
  if (!rows->under_way && !mine.fenced) {
    fail(self, LAUNCH_FAILED, "wgmma: no wgmma.fence since a's registers were last there to be touched");
  }
  rows->under_way = true;
  rows->group = mine.groups;
  return *rows;
}

void Block::commit_products(Fiber &self) {
  products_.resize((threads_ + 31) / 32);
  products_[self.thread / 32].groups++;
}

void Block::end_products(Fiber &self, unsigned groups) {
  products_.resize((threads_ + 31) / 32);
  Products &mine = products_[self.thread / 32];
  while (!mine.operands.empty() && mine.operands.front().group + groups < mine.groups) {
    for (uintptr_t piece : mine.operands.front().pieces) {
      shared_.end_async_read(piece, self.thread / 32);
    }
    mine.operands.pop_front();
  }
  for (Products::Rows &each : mine.rows) {
    if (!each.under_way || each.group + groups >= mine.groups) continue;
    if (each.have_changed()) {
      fail(self, LAUNCH_FAILED, "wgmma: a's registers were written while it was under way");
    }
    each.under_way = false;
  }
  for (size_t i = mine.sums.size(); i-- > 0;) {
    const Products::Sums &sums = mine.sums[i];
    if (sums.group + groups >= mine.groups) continue;
    for (unsigned lane = 0; lane < 32; lane++) {
      for (unsigned j = 0; j < sums.count; j++) {
        if (memcmp(sums.of[lane] + j, &Products::MEANWHILE, sizeof(float)) != 0) {
          fail(self, LAUNCH_FAILED, "wgmma: its sums were written while it was under way");
        }
        sums.of[lane][j] = sums.values[lane * sums.count + j];
      }
    }
    mine.fenced = false;
    mine.sums.erase(mine.sums.begin() + (long)i);
  }
  if (mine.sums.empty()) {
    const unsigned first = self.thread / 32 * 32;
    for (unsigned lane = 0; lane < 32; lane++) fibers_[first + lane]->products = nullptr;
  }
}

}  // namespace heddle_sim
