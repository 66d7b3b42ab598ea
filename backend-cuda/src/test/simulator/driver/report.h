// What was found wrong: kept for tests to read, and written where a person sees it.
#pragma once
#include <map>
#include <string>

namespace heddle_sim {

class Report {
 public:
  static Report &get();
  // One line; safe for many threads.
  void add(const std::string &line);
  // All lines since the last clear.
  std::string text();
  void clear();
};

// Numbers that tests read by name: what was launched, copied and allocated, and what is alive.
class Counters {
 public:
  static Counters &get();
  void add(const char *name, long long by = 1);
  long long value(const std::string &name);
  // Of those that count events; what is alive stays.
  void clear_events();
};

}  // namespace heddle_sim
