// What the driver keeps between calls: the device's primary context, and all that was made.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "launch.h"
#include "memory.h"
#include "module.h"
#include "report.h"
#include "results.h"
#include "settings.h"

namespace heddle_sim {

// What a stream is given to do, or a node of a graph does.
struct Command {
  enum Kind { KERNEL = 0, COPY = 1, SET = 2, HOST = 3, EMPTY = 5, ALLOCATE = 10, FREE = 11 };
  Kind kind;
  std::function<void()> run;
  std::shared_ptr<Launch> launch;  // Of a kernel.
};

struct Graph;

struct Node {
  Command command;
  Graph *graph;
  std::vector<Node *> after;  // What must have ended before.
};

// A launch as something to do: a fault in it is the context's from then on.
Command launch_command(std::shared_ptr<Launch> launch);

struct Owned {
  const std::thread::id owner = std::this_thread::get_id();
};

struct Graph : Owned {
  std::vector<std::unique_ptr<Node>> nodes;  // In an order that respects all dependencies.
};

struct GraphExec : Owned {
  // Shared with launches that a stream has yet to do.
  std::shared_ptr<std::vector<Command>> commands = std::make_shared<std::vector<Command>>();
};

// A capture, which several streams may take part in.
struct Capture {
  std::unique_ptr<Graph> graph = std::make_unique<Graph>();
  struct Stream *origin;
  int mode;
  std::thread::id thread;
  bool invalid = false;
};

struct Stream : Owned {
  unsigned flags = 0;
  int priority = 0;
  std::shared_ptr<Capture> capture;
  std::vector<Node *> last;  // The capture's nodes that the next one comes after.
  std::deque<Command> pending;  // What it has yet to do, where streams are lazy.

  void run_one();
  void finish() {
    while (!pending.empty()) run_one();
  }
};

// When an event was last recorded, and when a stream came to that: numbers of its records.
struct Record {
  Stream *stream = nullptr;
  unsigned long long recorded = 0, reached = 0;
  double milliseconds = 0;

  // Lets the stream do one thing more.
  void go_on();
  // Lets it work until it has come to a record.
  void wait_for(unsigned long long number) {
    while (reached < number) go_on();
  }
};

struct Event : Owned {
  unsigned flags = 0;
  std::shared_ptr<Record> record = std::make_shared<Record>();
  std::shared_ptr<Capture> capture;  // If it was recorded in one.
  std::vector<Node *> last;
};

// A pool of stream-ordered allocations: what is freed stays its own until it is trimmed.
struct Pool : Owned {
  unsigned long long most = 0;       // 0: as much as there is.
  unsigned long long threshold = 0;  // What a synchronisation leaves it.
  unsigned long long used = 0, used_high = 0, reserved = 0, reserved_high = 0;
  int reuse[3] = {1, 1, 1};

  void take(size_t bytes);
  void trim(unsigned long long keep);
};

class Driver {
 public:
  static Driver &get();

  std::recursive_mutex lock;
  bool initialized = false;
  int retained = 0;
  unsigned context_flags = 0;
  Result sticky = SUCCESS;  // What a fault left behind: all later calls get it.
  bool lost = false;

  std::map<Stream *, std::unique_ptr<Stream>> streams;
  std::map<Event *, std::unique_ptr<Event>> events;
  std::map<LoadedModule *, std::unique_ptr<LoadedModule>> modules;
  std::map<Graph *, std::unique_ptr<Graph>> graphs;
  std::map<GraphExec *, std::unique_ptr<GraphExec>> execs;
  std::map<Pool *, std::unique_ptr<Pool>> pools;
  Pool default_pool;
  Stream default_stream;

  // Device memory that cuMemAlloc and the pools hold.
  unsigned long long held() const;
  // Room for so many bytes more, by trimming pools if need be; OUT_OF_MEMORY else.
  void make_room(unsigned long long bytes);
  unsigned long long plain_bytes = 0;  // What cuMemAlloc holds.

  // The stream of a handle; that of nullptr is the default one.
  Stream &stream(void *handle);
  // Does it now, or makes it a node of the capture that the stream is in.
  void enqueue(Stream &stream, Command command);
  // Lets all streams do what they have yet to do; or those that the default stream waits for.
  void finish_all();
  void finish_blocking();
  // A call that waited gets what went wrong meanwhile.
  void require_sound() const;
  // Calls that a capture of this thread forbids: it is no longer valid.
  void forbid_in_capture(const char *name);

  // What is alive, as lines of the report.
  void report_leaks();
  // Ends all that is alive.
  void clear();
};

// The context's handle; only its address matters.
void *primary_context();
// The contexts that are current on this thread, the top one last.
std::vector<void *> &current_contexts();

enum class Needs { NOTHING, DRIVER, CONTEXT };

// What every function of the API begins with, and how its failure is returned.
template <class Body>
int api(const char *name, Needs needs, Body body);
Result begin_call(const char *name, Needs needs);
void end_call(const char *name, Result result);

template <class Body>
int api(const char *name, Needs needs, Body body) {
  Driver &driver = Driver::get();
  const std::lock_guard<std::recursive_mutex> held(driver.lock);
  Result result = begin_call(name, needs);
  if (result == SUCCESS) {
    try {
      body(driver);
    } catch (const Failure &failure) {
      result = failure.result;
    } catch (const std::bad_alloc &) {
      result = OUT_OF_MEMORY;
    }
  }
  end_call(name, result);
  return result;
}

inline void require(bool holds, Result otherwise = INVALID_VALUE) {
  if (!holds) throw Failure{otherwise};
}

inline void require_device(int device) {
  require(device >= 0 && device < Settings::get().devices, INVALID_DEVICE);
}

// A thread other than the one that made a thing may not use it.
void require_owner(std::thread::id owner, const char *what);

// What a handle stands for; INVALID_HANDLE if it is none of these.
template <class T, class Pointer>
T &lookup(std::map<T *, std::unique_ptr<T>> &all, Pointer handle, const char *what) {
  const auto found = all.find((T *)handle);
  if (found == all.end()) {
    Report::get().add(format("%p is no %s, or one that was destroyed", (void *)handle, what));
    throw Failure{INVALID_HANDLE};
  }
  require_owner(found->second->owner, what);
  return *found->second;
}

template <class T>
T *keep(std::map<T *, std::unique_ptr<T>> &all, std::unique_ptr<T> made, const char *counter) {
  T *const handle = made.get();
  all[handle] = std::move(made);
  Counters::get().add(counter);
  return handle;
}

template <class T, class Pointer>
void destroy(std::map<T *, std::unique_ptr<T>> &all, Pointer handle, const char *what,
             const char *counter) {
  lookup(all, handle, what);
  all.erase((T *)handle);
  Counters::get().add(counter, -1);
}

// Whether a failure that a test asked for is due.
inline bool is_due(long long &countdown) { return countdown > 0 && --countdown == 0; }

double now_milliseconds();

}  // namespace heddle_sim
