#include "state.h"

#include <time.h>

#include <algorithm>

namespace heddle_sim {

Driver &Driver::get() {
  static Driver *driver = new Driver();
  return *driver;
}

void *primary_context() {
  static char context;
  return &context;
}

std::vector<void *> &current_contexts() {
  static thread_local std::vector<void *> contexts;
  return contexts;
}

double now_milliseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

Result begin_call(const char *name, Needs needs) {
  Driver &driver = Driver::get();
  Counters::get().add("calls");
  if (is_due(Settings::get().lose_device)) driver.lost = true;
  if (needs == Needs::NOTHING) return SUCCESS;
  if (!driver.initialized) return NOT_INITIALIZED;
  if (driver.lost) return UNKNOWN;
  if (needs == Needs::DRIVER) return SUCCESS;
  if (current_contexts().empty() || current_contexts().back() == nullptr || driver.retained == 0) {
    Report::get().add(format("%s on a thread without a current context", name));
    return INVALID_CONTEXT;
  }
  return driver.sticky;
}

void end_call(const char *, Result) {}

void require_owner(std::thread::id owner, const char *what) {
  if (owner == std::this_thread::get_id() || Settings::get().any_thread) return;
  Report::get().add(format("wrong thread: a %s is used by another thread than made it", what));
  throw Failure{INVALID_CONTEXT};
}

void Pool::take(size_t bytes) {
  used += bytes;
  used_high = std::max(used_high, used);
  reserved = std::max(reserved, used);
  reserved_high = std::max(reserved_high, reserved);
}

void Pool::trim(unsigned long long keep) { reserved = std::max(used, std::min(reserved, keep)); }

unsigned long long Driver::held() const {
  unsigned long long bytes = plain_bytes + default_pool.reserved;
  for (const auto &[handle, pool] : pools) bytes += pool->reserved;
  return bytes;
}

void Driver::make_room(unsigned long long bytes) {
  if (is_due(Settings::get().fail_allocation)) throw Failure{OUT_OF_MEMORY};
  const auto total = (unsigned long long)Settings::get().memory_bytes;
  if (held() + bytes <= total) return;
  default_pool.trim(0);
  for (auto &[handle, pool] : pools) pool->trim(0);
  if (held() + bytes > total) throw Failure{OUT_OF_MEMORY};
}

Stream &Driver::stream(void *handle) {
  // 1 and 2 are CU_STREAM_LEGACY and CU_STREAM_PER_THREAD.
  if ((uintptr_t)handle <= 2) {
    for (const auto &[other, made] : streams) {
      if (made->capture && !(made->flags & 1)) {
        made->capture->invalid = true;
        throw Failure{STREAM_CAPTURE_IMPLICIT};
      }
    }
    return default_stream;
  }
  return lookup(streams, handle, "stream");
}

void Driver::enqueue(Stream &stream, Command command) {
  if (!stream.capture) {
    if (!Settings::get().lazy) {
      command.run();
      return;
    }
    // The default stream and those that are not CU_STREAM_NON_BLOCKING wait for each other.
    if (&stream == &default_stream) finish_blocking();
    else if (!(stream.flags & 1)) default_stream.finish();
    stream.pending.push_back(std::move(command));
    return;
  }
  require(!stream.capture->invalid, STREAM_CAPTURE_INVALIDATED);
  Graph &graph = *stream.capture->graph;
  graph.nodes.push_back(std::make_unique<Node>(Node{std::move(command), &graph, stream.last}));
  stream.last = {graph.nodes.back().get()};
}

void Stream::run_one() {
  const Command command = std::move(pending.front());
  pending.pop_front();
  command.run();
}

void Record::go_on() {
  Driver &driver = Driver::get();
  const bool alive = stream == &driver.default_stream || driver.streams.count(stream) > 0;
  // What a reset threw away is never reached otherwise.
  if (!alive || stream->pending.empty()) reached = recorded;
  else stream->run_one();
}

// The youngest first: what forgot to wait for another stream then finds nothing done.
void Driver::finish_all() {
  for (auto each = streams.rbegin(); each != streams.rend(); ++each) each->second->finish();
  default_stream.finish();
}

void Driver::finish_blocking() {
  for (auto each = streams.rbegin(); each != streams.rend(); ++each) {
    if (!(each->second->flags & 1)) each->second->finish();
  }
  default_stream.finish();
}

void Driver::require_sound() const {
  if (sticky != SUCCESS) throw Failure{sticky};
}

void Driver::forbid_in_capture(const char *name) {
  for (const auto &[handle, made] : streams) {
    // CU_STREAM_CAPTURE_MODE_GLOBAL, THREAD_LOCAL, RELAXED.
    const Capture *capture = made->capture.get();
    if (capture == nullptr || capture->mode == 2) continue;
    if (capture->mode == 1 && capture->thread != std::this_thread::get_id()) continue;
    made->capture->invalid = true;
    Report::get().add(format("%s while a stream is capturing", name));
    throw Failure{STREAM_CAPTURE_UNSUPPORTED};
  }
}

void Driver::clear() {
  const auto end_all = [](auto &all, const char *counter) {
    Counters::get().add(counter, -(long long)all.size());
    all.clear();
  };
  end_all(execs, "live_graph_execs");
  end_all(graphs, "live_graphs");
  end_all(events, "live_events");
  end_all(streams, "live_streams");
  end_all(modules, "live_modules");
  default_stream.pending.clear();
  while (!Memory::get().live().empty()) Memory::get().free(Memory::get().live().begin()->first);
  end_all(pools, "live_pools");
  default_pool.used = default_pool.reserved = 0;
  plain_bytes = 0;
}

void Driver::report_leaks() {
  for (const auto &[address, each] : Memory::get().live()) {
    Report::get().add(format("leak: %s of %zu bytes, number %llu",
                             each.place == Place::DEVICE ? "an allocation" : "pinned memory",
                             each.bytes, each.number));
  }
  const auto leaked = [](const char *what, size_t count) {
    if (count > 0) Report::get().add(format("leak: %zu %s", count, what));
  };
  leaked("streams", streams.size());
  leaked("events", events.size());
  leaked("modules", modules.size());
  leaked("graphs", graphs.size());
  leaked("executable graphs", execs.size());
  leaked("memory pools", pools.size());
}

}  // namespace heddle_sim
