// Copies and fills.
#include <cstring>

#include "state.h"

using namespace heddle_sim;

namespace {

// Memory of the device or pinned must hold all of a range; of other memory nothing is known.
void check_range(uintptr_t address, size_t bytes, const char *name) {
  if (!Memory::is_ours(address)) return;
  const Allocation *found = Memory::get().find(address);
  if (found != nullptr && found->holds(address, bytes)) return;
  Report::get().add(format("%s of %zu bytes at 0x%zx, %s", name, bytes, (size_t)address,
                           Memory::get().describe(address).c_str()));
  throw Failure{INVALID_VALUE};
}

// Where a call names the side a pointer is on, it must be there.
void check_device(uintptr_t address, const char *name) {
  if (Memory::is_ours(address)) return;
  Report::get().add(format("%s: 0x%zx is no memory of the device", name, (size_t)address));
  throw Failure{INVALID_VALUE};
}

void move(uintptr_t to, uintptr_t from, size_t bytes) {
  memmove((void *)to, (const void *)from, bytes);
  const Allocation *target = Memory::is_ours(to) ? Memory::get().find(to) : nullptr;
  if (target != nullptr && target->place == Place::DEVICE) {
    if (Memory::is_ours(from)) memcpy(Memory::shadow(to), Memory::shadow(from), bytes);
    else memset(Memory::shadow(to), Memory::WRITTEN, bytes);
  } else if (Memory::is_ours(from)) {
    for (size_t i = 0; i < bytes; i++) {
      if (Memory::shadow(from)[i] != Memory::WRITTEN) {
        Counters::get().add("unwritten_copies");
        break;
      }
    }
  }
}

// A fault of something that runs later is the context's, as a kernel's is.
template <class Body>
void later(Body body) {
  if (Driver::get().sticky != SUCCESS) return;
  try {
    body();
  } catch (const Failure &) {
    Driver::get().sticky = ILLEGAL_ADDRESS;
  }
}

void copy(Driver &driver, uintptr_t to, uintptr_t from, size_t bytes, const char *name,
          Stream *stream) {
  if (bytes == 0) return;
  require(to != 0 && from != 0);
  check_range(to, bytes, name);
  check_range(from, bytes, name);
  if (is_due(Settings::get().fail_copy)) throw Failure{UNKNOWN};
  Counters::get().add("copies");
  Counters::get().add("copied_bytes", (long long)bytes);
  if (stream == nullptr) {
    driver.forbid_in_capture(name);
    driver.finish_blocking();
    driver.require_sound();
    move(to, from, bytes);
    return;
  }
  if (stream->capture) {
    for (const uintptr_t each : {to, from}) {
      if (!Memory::is_ours(each) && !Memory::get().is_pinned(each, bytes)) {
        Report::get().add(format("%s of pageable memory in a capture", name));
        stream->capture->invalid = true;
        throw Failure{STREAM_CAPTURE_UNSUPPORTED};
      }
    }
  }
  const auto is_pageable = [&](uintptr_t each) {
    return !Memory::is_ours(each) && !Memory::get().is_pinned(each, bytes);
  };
  // Pageable memory is read before the call returns, and written before it does.
  std::shared_ptr<std::vector<char>> staged;
  if (!stream->capture && Settings::get().lazy && is_pageable(from)) {
    staged = std::make_shared<std::vector<char>>((const char *)from, (const char *)from + bytes);
  }
  driver.enqueue(*stream, Command{Command::COPY, [=] {
                                    later([&] {
                                      const uintptr_t source =
                                          staged ? (uintptr_t)staged->data() : from;
                                      check_range(to, bytes, name);
                                      check_range(source, bytes, name);
                                      move(to, source, bytes);
                                    });
                                  }, nullptr});
  if (!stream->capture && is_pageable(to)) {
    stream->finish();
    driver.require_sound();
  }
}

template <class Word>
void fill(Driver &driver, uintptr_t to, Word value, size_t count, const char *name, Stream *stream) {
  if (count == 0) return;
  check_device(to, name);
  require(to % sizeof(Word) == 0);
  check_range(to, count * sizeof(Word), name);
  Counters::get().add("sets");
  const auto set = [=] {
    later([&] {
      check_range(to, count * sizeof(Word), name);
      for (size_t i = 0; i < count; i++) ((Word *)to)[i] = value;
      memset(Memory::shadow(to), Memory::WRITTEN, count * sizeof(Word));
    });
  };
  if (stream == nullptr) {
    driver.forbid_in_capture(name);
    driver.finish_blocking();
    set();
  } else {
    driver.enqueue(*stream, Command{Command::SET, set, nullptr});
  }
}

}  // namespace

extern "C" {

int cuMemcpy(uintptr_t to, uintptr_t from, size_t bytes) {
  return api("cuMemcpy", Needs::CONTEXT,
             [&](Driver &driver) { copy(driver, to, from, bytes, "cuMemcpy", nullptr); });
}
int cuMemcpyAsync(uintptr_t to, uintptr_t from, size_t bytes, void *stream) {
  return api("cuMemcpyAsync", Needs::CONTEXT, [&](Driver &driver) {
    copy(driver, to, from, bytes, "cuMemcpyAsync", &driver.stream(stream));
  });
}

int cuMemcpyHtoD_v2(uintptr_t to, const void *from, size_t bytes) {
  return api("cuMemcpyHtoD", Needs::CONTEXT, [&](Driver &driver) {
    if (bytes > 0) check_device(to, "cuMemcpyHtoD");
    copy(driver, to, (uintptr_t)from, bytes, "cuMemcpyHtoD", nullptr);
  });
}
int cuMemcpyHtoDAsync_v2(uintptr_t to, const void *from, size_t bytes, void *stream) {
  return api("cuMemcpyHtoDAsync", Needs::CONTEXT, [&](Driver &driver) {
    if (bytes > 0) check_device(to, "cuMemcpyHtoDAsync");
    copy(driver, to, (uintptr_t)from, bytes, "cuMemcpyHtoDAsync", &driver.stream(stream));
  });
}

int cuMemcpyDtoH_v2(void *to, uintptr_t from, size_t bytes) {
  return api("cuMemcpyDtoH", Needs::CONTEXT, [&](Driver &driver) {
    if (bytes > 0) check_device(from, "cuMemcpyDtoH");
    copy(driver, (uintptr_t)to, from, bytes, "cuMemcpyDtoH", nullptr);
  });
}
int cuMemcpyDtoHAsync_v2(void *to, uintptr_t from, size_t bytes, void *stream) {
  return api("cuMemcpyDtoHAsync", Needs::CONTEXT, [&](Driver &driver) {
    if (bytes > 0) check_device(from, "cuMemcpyDtoHAsync");
    copy(driver, (uintptr_t)to, from, bytes, "cuMemcpyDtoHAsync", &driver.stream(stream));
  });
}

int cuMemcpyDtoD_v2(uintptr_t to, uintptr_t from, size_t bytes) {
  return api("cuMemcpyDtoD", Needs::CONTEXT, [&](Driver &driver) {
    if (bytes > 0) check_device(to, "cuMemcpyDtoD");
    if (bytes > 0) check_device(from, "cuMemcpyDtoD");
    copy(driver, to, from, bytes, "cuMemcpyDtoD", nullptr);
  });
}
int cuMemcpyDtoDAsync_v2(uintptr_t to, uintptr_t from, size_t bytes, void *stream) {
  return api("cuMemcpyDtoDAsync", Needs::CONTEXT, [&](Driver &driver) {
    if (bytes > 0) check_device(to, "cuMemcpyDtoDAsync");
    if (bytes > 0) check_device(from, "cuMemcpyDtoDAsync");
    copy(driver, to, from, bytes, "cuMemcpyDtoDAsync", &driver.stream(stream));
  });
}

#define HEDDLE_SET(bits, type)                                                                \
  int cuMemsetD##bits##_v2(uintptr_t to, type value, size_t count) {                          \
    return api("cuMemsetD" #bits, Needs::CONTEXT, [&](Driver &driver) {                       \
      fill(driver, to, value, count, "cuMemsetD" #bits, nullptr);                             \
    });                                                                                       \
  }                                                                                           \
  int cuMemsetD##bits##Async(uintptr_t to, type value, size_t count, void *stream) {          \
    return api("cuMemsetD" #bits "Async", Needs::CONTEXT, [&](Driver &driver) {               \
      fill(driver, to, value, count, "cuMemsetD" #bits "Async", &driver.stream(stream));      \
    });                                                                                       \
  }
HEDDLE_SET(8, unsigned char)
HEDDLE_SET(16, unsigned short)
HEDDLE_SET(32, unsigned)

}  // extern "C"
