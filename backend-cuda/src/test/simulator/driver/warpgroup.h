// What warps multiply by wgmma while they go on.
#pragma once
#include <cstdint>
#include <deque>
#include <vector>

#include "../device/abi.h"
#include "shared_memory.h"

namespace heddle_sim {

// Those of a warp, of one group after another: a group is what was committed together.
struct Products {
  // Registers that products write, N / 2 of each lane. While they are under way these hold MEANWHILE,
  // and what they will hold is here.
  struct Sums {
    float *of[32];
    unsigned count;  // Of each lane.
    unsigned group;  // The last that writes them.
    std::vector<float> values;

    bool hold(uintptr_t address, size_t bytes, unsigned lane) const {
      const auto from = (uintptr_t)of[lane];
      return address < from + count * sizeof(float) && address + bytes > from;
    }
  };
  // Registers of a that products read, four of each lane.
  struct Rows {
    const unsigned *of[32];
    unsigned group;  // The last that reads them,
    bool under_way;  // and whether it does still.
    unsigned values[32][4];  // When the last product began, or since then at a wgmma.fence.

    bool hold(uintptr_t address, size_t bytes, unsigned lane) const {
      const auto from = (uintptr_t)of[lane];
      return under_way && address < from + sizeof values[lane] && address + bytes > from;
    }
    bool have_changed() const;
    void note();
  };
  // The pieces of shared memory that a product reads.
  struct Operands {
    unsigned group, warp;
    std::vector<uintptr_t> pieces;
  };
  static constexpr unsigned MEANWHILE = 0xffbadbadu;

  std::vector<Sums> sums;
  std::vector<Rows> rows;  // All that there ever were.
  std::deque<Operands> operands;
  unsigned groups = 0;  // So many were committed.
  unsigned issued = 0;  // Products in all, by which the warps of a warpgroup are compared.
  bool fenced = false;
  std::vector<Wgmma> all;  // Of a warpgroup's first warp: what it issued, whoever came first.

  void clear(SharedMemory &shared);
};

}  // namespace heddle_sim
