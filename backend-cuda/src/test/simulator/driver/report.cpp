#include "report.h"

#include <cstdarg>
#include <cstdio>
#include <mutex>

#include "results.h"
#include "settings.h"

namespace heddle_sim {
namespace {

std::mutex lock;
std::string lines;
std::map<std::string, long long> &counts() {
  static std::map<std::string, long long> all;
  return all;
}

}  // namespace

std::string format(const char *pattern, ...) {
  char buffer[2048];
  va_list arguments;
  va_start(arguments, pattern);
  vsnprintf(buffer, sizeof buffer, pattern, arguments);
  va_end(arguments);
  return buffer;
}

Report &Report::get() {
  static Report report;
  return report;
}

void Report::add(const std::string &line) {
  const std::lock_guard<std::mutex> held(lock);
  lines += line + "\n";
  counts()["faults"]++;
  const std::string &path = Settings::get().log;
  FILE *file = path.empty() ? stderr : fopen(path.c_str(), "ae");
  if (file == nullptr) return;
  fprintf(file, "CUDA simulator: %s\n", line.c_str());
  if (file == stderr) fflush(file);
  else fclose(file);
}

std::string Report::text() {
  const std::lock_guard<std::mutex> held(lock);
  return lines;
}

void Report::clear() {
  const std::lock_guard<std::mutex> held(lock);
  lines.clear();
}

Counters &Counters::get() {
  static Counters counters;
  return counters;
}

void Counters::add(const char *name, long long by) {
  const std::lock_guard<std::mutex> held(lock);
  counts()[name] += by;
}

long long Counters::value(const std::string &name) {
  const std::lock_guard<std::mutex> held(lock);
  const auto found = counts().find(name);
  return found == counts().end() ? 0 : found->second;
}

void Counters::clear_events() {
  const std::lock_guard<std::mutex> held(lock);
  for (auto &[name, value] : counts()) {
    if (name.compare(0, 5, "live_") != 0) value = 0;
  }
}

}  // namespace heddle_sim
