// Streams, events and captures. What a stream is given runs at once; or, where streams are lazy,
// not before somebody waits for it.
#include <algorithm>
#include <set>

#include "state.h"

using namespace heddle_sim;

namespace {

void *create(Driver &driver, unsigned flags, int priority) {
  require(flags <= 1);
  auto made = std::make_unique<Stream>();
  made->flags = flags;
  made->priority = priority;
  return keep(driver.streams, std::move(made), "live_streams");
}

// Waiting for a stream is nothing a capture can hold.
void synchronize(Driver &driver, Stream &stream, const char *name) {
  if (stream.capture) {
    stream.capture->invalid = true;
    Report::get().add(format("%s of a stream that is capturing", name));
    throw Failure{STREAM_CAPTURE_UNSUPPORTED};
  }
  driver.default_pool.trim(driver.default_pool.threshold);
  for (auto &[handle, pool] : driver.pools) pool->trim(pool->threshold);
}

void record(Driver &driver, Event &event, Stream &stream) {
  event.capture = stream.capture;
  event.last = stream.last;
  if (stream.capture) return;
  Record &record = *event.record;
  record.stream = &stream;
  const unsigned long long number = ++record.recorded;
  driver.enqueue(stream, Command{Command::EMPTY, [kept = event.record, number] {
                                   kept->reached = number;
                                   kept->milliseconds = now_milliseconds();
                                 }, nullptr});
}

void add_all(std::vector<Node *> &to, const std::vector<Node *> &nodes) {
  for (Node *each : nodes) {
    if (std::find(to.begin(), to.end(), each) == to.end()) to.push_back(each);
  }
}

void wait(Driver &driver, Stream &stream, const Event &event) {
  if (event.capture) {
    if (event.capture->invalid) throw Failure{STREAM_CAPTURE_INVALIDATED};
    if (!stream.capture) {
      stream.capture = event.capture;
      stream.last = event.last;
    } else {
      require(stream.capture == event.capture, STREAM_CAPTURE_MERGE);
      add_all(stream.last, event.last);
    }
  } else if (stream.capture) {
    stream.capture->invalid = true;
    throw Failure{STREAM_CAPTURE_ISOLATION};
  } else {
    driver.enqueue(stream, Command{Command::EMPTY, [kept = event.record,
                                                    number = event.record->recorded] {
                                     kept->wait_for(number);
                                   }, nullptr});
  }
}

// All nodes that some end after, themselves among them.
std::set<Node *> ancestors(std::vector<Node *> nodes) {
  std::set<Node *> found;
  while (!nodes.empty()) {
    Node *const node = nodes.back();
    nodes.pop_back();
    if (found.insert(node).second) nodes.insert(nodes.end(), node->after.begin(), node->after.end());
  }
  return found;
}

}  // namespace

extern "C" {

int cuStreamCreate(void **stream, unsigned flags) {
  return api("cuStreamCreate", Needs::CONTEXT, [&](Driver &driver) {
    require(stream != nullptr);
    *stream = create(driver, flags, 0);
  });
}

int cuStreamCreateWithPriority(void **stream, unsigned flags, int priority) {
  return api("cuStreamCreateWithPriority", Needs::CONTEXT, [&](Driver &driver) {
    require(stream != nullptr);
    *stream = create(driver, flags, std::clamp(priority, -5, 0));
  });
}

int cuStreamDestroy_v2(void *stream) {
  return api("cuStreamDestroy", Needs::CONTEXT, [&](Driver &driver) {
    Stream &made = lookup(driver.streams, stream, "stream");
    if (made.capture) made.capture->invalid = true;
    made.finish();
    destroy(driver.streams, stream, "stream", "live_streams");
  });
}

int cuStreamGetPriority(void *stream, int *priority) {
  return api("cuStreamGetPriority", Needs::CONTEXT, [&](Driver &driver) {
    require(priority != nullptr);
    *priority = driver.stream(stream).priority;
  });
}

int cuStreamGetFlags(void *stream, unsigned *flags) {
  return api("cuStreamGetFlags", Needs::CONTEXT, [&](Driver &driver) {
    require(flags != nullptr);
    *flags = driver.stream(stream).flags;
  });
}

int cuStreamGetCtx(void *stream, void **context) {
  return api("cuStreamGetCtx", Needs::CONTEXT, [&](Driver &driver) {
    require(context != nullptr);
    driver.stream(stream);
    *context = primary_context();
  });
}

int cuStreamSynchronize(void *stream) {
  return api("cuStreamSynchronize", Needs::CONTEXT, [&](Driver &driver) {
    Counters::get().add("synchronizations");
    Stream &made = driver.stream(stream);
    synchronize(driver, made, "cuStreamSynchronize");
    made.finish();
    driver.require_sound();
  });
}

int cuStreamQuery(void *stream) {
  return api("cuStreamQuery", Needs::CONTEXT, [&](Driver &driver) {
    Stream &made = driver.stream(stream);
    synchronize(driver, made, "cuStreamQuery");
    if (!made.pending.empty()) made.run_one();
    driver.require_sound();
    require(made.pending.empty(), NOT_READY);
  });
}

int cuStreamWaitEvent(void *stream, void *event, unsigned flags) {
  return api("cuStreamWaitEvent", Needs::CONTEXT, [&](Driver &driver) {
    require(flags <= 1);
    wait(driver, driver.stream(stream), lookup(driver.events, event, "event"));
  });
}

int cuEventCreate(void **event, unsigned flags) {
  return api("cuEventCreate", Needs::CONTEXT, [&](Driver &driver) {
    require(event != nullptr && flags <= 7);
    auto made = std::make_unique<Event>();
    made->flags = flags;
    *event = keep(driver.events, std::move(made), "live_events");
  });
}

int cuEventDestroy_v2(void *event) {
  return api("cuEventDestroy", Needs::CONTEXT,
             [&](Driver &driver) { destroy(driver.events, event, "event", "live_events"); });
}

int cuEventRecord(void *event, void *stream) {
  return api("cuEventRecord", Needs::CONTEXT, [&](Driver &driver) {
    record(driver, lookup(driver.events, event, "event"), driver.stream(stream));
  });
}
int cuEventRecordWithFlags(void *event, void *stream, unsigned flags) {
  return flags <= 1 ? cuEventRecord(event, stream) : (int)INVALID_VALUE;
}

int cuEventSynchronize(void *event) {
  return api("cuEventSynchronize", Needs::CONTEXT, [&](Driver &driver) {
    const Event &made = lookup(driver.events, event, "event");
    require(!made.capture, CAPTURED_EVENT);
    made.record->wait_for(made.record->recorded);
    driver.require_sound();
  });
}

int cuEventQuery(void *event) {
  return api("cuEventQuery", Needs::CONTEXT, [&](Driver &driver) {
    const Event &made = lookup(driver.events, event, "event");
    require(!made.capture, CAPTURED_EVENT);
    const auto is_reached = [&] { return made.record->reached == made.record->recorded; };
    if (!is_reached()) made.record->go_on();
    driver.require_sound();
    require(is_reached(), NOT_READY);
  });
}

int cuEventElapsedTime(float *milliseconds, void *from, void *to) {
  return api("cuEventElapsedTime", Needs::CONTEXT, [&](Driver &driver) {
    require(milliseconds != nullptr);
    const Event &first = lookup(driver.events, from, "event");
    const Event &last = lookup(driver.events, to, "event");
    require(!first.capture && !last.capture, CAPTURED_EVENT);
    // 2 is CU_EVENT_DISABLE_TIMING.
    const Record &from_record = *first.record, &to_record = *last.record;
    require(from_record.recorded > 0 && to_record.recorded > 0 && !((first.flags | last.flags) & 2),
            INVALID_HANDLE);
    require(from_record.reached == from_record.recorded && to_record.reached == to_record.recorded,
            NOT_READY);
    *milliseconds = (float)(to_record.milliseconds - from_record.milliseconds);
  });
}
int cuEventElapsedTime_v2(float *milliseconds, void *from, void *to) {
  return cuEventElapsedTime(milliseconds, from, to);
}

int cuStreamBeginCapture_v2(void *handle, int mode) {
  return api("cuStreamBeginCapture", Needs::CONTEXT, [&](Driver &driver) {
    require(mode >= 0 && mode <= 2);
    require((uintptr_t)handle > 2, STREAM_CAPTURE_UNSUPPORTED);
    Stream &stream = lookup(driver.streams, handle, "stream");
    require(!stream.capture, ILLEGAL_STATE);
    stream.capture = std::make_shared<Capture>();
    stream.capture->origin = &stream;
    stream.capture->mode = mode;
    stream.capture->thread = std::this_thread::get_id();
    stream.last.clear();
  });
}

int cuStreamEndCapture(void *handle, void **graph) {
  return api("cuStreamEndCapture", Needs::CONTEXT, [&](Driver &driver) {
    require(graph != nullptr);
    *graph = nullptr;
    Stream &stream = lookup(driver.streams, handle, "stream");
    const std::shared_ptr<Capture> capture = stream.capture;
    require(capture != nullptr, ILLEGAL_STATE);
    require(capture->origin == &stream, STREAM_CAPTURE_UNMATCHED);
    require(capture->mode == 2 || capture->thread == std::this_thread::get_id(),
            STREAM_CAPTURE_WRONG_THREAD);
    const std::set<Node *> joined = ancestors(stream.last);
    bool unjoined = false;
    for (auto &[other, made] : driver.streams) {
      if (made->capture != capture) continue;
      for (Node *each : made->last) unjoined |= joined.count(each) == 0;
      made->capture = nullptr;
      made->last.clear();
    }
    for (auto &[other, made] : driver.events) {
      if (made->capture == capture) {
        made->capture = nullptr;
        made->last.clear();
      }
    }
    require(!capture->invalid, STREAM_CAPTURE_INVALIDATED);
    require(!unjoined, STREAM_CAPTURE_UNJOINED);
    *graph = keep(driver.graphs, std::move(capture->graph), "live_graphs");
  });
}

int cuStreamIsCapturing(void *stream, int *status) {
  return api("cuStreamIsCapturing", Needs::CONTEXT, [&](Driver &driver) {
    require(status != nullptr);
    const Stream &made = driver.stream(stream);
    *status = !made.capture ? 0 : made.capture->invalid ? 2 : 1;
  });
}

}  // extern "C"
