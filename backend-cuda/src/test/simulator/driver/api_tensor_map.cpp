// Tensor maps, by the rules that cuda.h has beside cuTensorMapEncodeTiled.
#include <cstring>

#include "state.h"

using namespace heddle_sim;

namespace {

[[noreturn]] void refuse_map(const std::string &what, Result result = INVALID_VALUE) {
  Report::get().add("cuTensorMapEncodeTiled: " + what);
  throw Failure{result};
}

// What is made is kept as the simulated instructions read it.
TensorMap tensor_map(int type, unsigned axes, unsigned long address, const unsigned long *extents,
                     const unsigned long *steps, const unsigned *box, const unsigned *box_steps,
                     int interleave, int swizzle, int promotion, int outside) {
  static const unsigned bytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};
  if (type < 0 || type > 15) refuse_map(format("%d is no data type", type));
  if (type > 12) refuse_map("packed data types are not simulated", NOT_SUPPORTED);
  if (axes < 1 || axes > TensorMap::AXES) refuse_map(format("%u axes; 1 to 5 are allowed", axes));
  if (interleave != 0) refuse_map("an interleaved layout is not simulated", NOT_SUPPORTED);
  if (swizzle < 0 || swizzle > 6) refuse_map(format("%d is no swizzle", swizzle));
  if (swizzle > 3) refuse_map("swizzles of other atoms than 16 bytes are not simulated", NOT_SUPPORTED);
  if (promotion < 0 || promotion > 3) refuse_map(format("%d is no promotion in L2", promotion));
  if (outside < 0 || outside > 1) refuse_map(format("%d does not say what lies outside", outside));
  if (outside == 1) refuse_map("NaNs for what lies outside are not simulated", NOT_SUPPORTED);
  if (address % 16 != 0) refuse_map(format("0x%lx is no multiple of 16", address));
  require(extents != nullptr && box != nullptr && box_steps != nullptr && (axes == 1 || steps != nullptr));

  TensorMap map{TensorMap::MAGIC, address, {bytes[type]}, {}, {}, (unsigned char)axes, 16};
  for (unsigned axis = 0; axis < axes; axis++) {
    if (extents[axis] == 0 || extents[axis] > 1ul << 32) {
      refuse_map(format("extent %u is %lu; 1 to 2^32 are allowed", axis, extents[axis]));
    }
    if (box[axis] == 0 || box[axis] > 256) {
      refuse_map(format("the box's extent %u is %u; 1 to 256 are allowed", axis, box[axis]));
    }
    if (box_steps[axis] == 0 || box_steps[axis] > 8) {
      refuse_map(format("the box's step %u is %u; 1 to 8 are allowed", axis, box_steps[axis]));
    }
    if (axis > 0 && box_steps[axis] > 1) refuse_map("steps in a box are not simulated", NOT_SUPPORTED);
    if (axis > 0) {
      const unsigned long step = steps[axis - 1];
      if (step % 16 != 0 || step >= 1ul << 40) {
        refuse_map(format("stride %u is %lu bytes; multiples of 16 below 2^40 are allowed", axis - 1, step));
      }
      map.steps[axis] = step;
    }
    map.extents_less_one[axis] = (unsigned)(extents[axis] - 1);
    map.box[axis] = (unsigned short)box[axis];
  }
  const unsigned width = box[0] * bytes[type];
  if (width % 16 != 0) refuse_map(format("a line of the box has %u bytes, no multiple of 16", width));
  if (swizzle > 0) {
    map.span = (unsigned char)(16 << swizzle);
    if (width > map.span) {
      refuse_map(format("a line of the box has %u bytes, and is swizzled within %u", width, map.span));
    }
    if (width < map.span) refuse_map("swizzled lines that are not full are not simulated", NOT_SUPPORTED);
  }
  return map;
}

}  // namespace

extern "C" int cuTensorMapEncodeTiled(void *to, int type, unsigned axes, void *address,
                                      const unsigned long *extents, const unsigned long *steps,
                                      const unsigned *box, const unsigned *box_steps, int interleave,
                                      int swizzle, int promotion, int outside) {
  return api("cuTensorMapEncodeTiled", Needs::DRIVER, [&](Driver &) {
    require(to != nullptr);
    if ((unsigned long)to % 64 != 0) refuse_map(format("the map at %p, no multiple of 64", to));
    if (Settings::get().capability < 90) {
      refuse_map("the device has none: compute capability 9.0 is the first", NOT_SUPPORTED);
    }
    const TensorMap map = tensor_map(type, axes, (unsigned long)address, extents, steps, box,
                                     box_steps, interleave, swizzle, promotion, outside);
    memset(to, 0, 128);
    memcpy(to, &map, sizeof map);
  });
}
