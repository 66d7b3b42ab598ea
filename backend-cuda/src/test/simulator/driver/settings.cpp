#include "settings.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace heddle_sim {
namespace {

long long number(const char *name, long long otherwise) {
  const char *text = getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : strtoll(text, nullptr, 10);
}

Settings from_environment() {
  Settings s;
  s.capability = (int)number("HEDDLE_SIM_CAPABILITY", 90);
  s.multiprocessors = (int)number("HEDDLE_SIM_SMS", 132);
  s.memory_bytes = number("HEDDLE_SIM_MEMORY", 16LL << 30);
  s.driver_version = (int)number("HEDDLE_SIM_DRIVER", 12060);
  s.devices = (int)number("HEDDLE_SIM_DEVICES", 1);
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  s.workers = (int)number("HEDDLE_SIM_WORKERS", std::clamp(processors, 1L, 4L));
  s.lazy = number("HEDDLE_SIM_LAZY", 0) != 0;
  s.any_thread = number("HEDDLE_SIM_ANY_THREAD", 0) != 0;
  s.algorithms = (int)number("HEDDLE_SIM_ALGORITHMS", 1);
  const char *log = getenv("HEDDLE_SIM_LOG");
  s.log = log == nullptr ? "" : log;
  s.fail_allocation = number("HEDDLE_SIM_FAIL_ALLOCATION", 0);
  s.fail_launch = number("HEDDLE_SIM_FAIL_LAUNCH", 0);
  s.refuse_launch = number("HEDDLE_SIM_REFUSE_LAUNCH", 0);
  s.lose_device = number("HEDDLE_SIM_LOSE_DEVICE", 0);
  s.fail_copy = number("HEDDLE_SIM_FAIL_COPY", 0);
  s.refuse_product = number("HEDDLE_SIM_REFUSE_PRODUCT", 0);
  return s;
}

}  // namespace

Settings &Settings::get() {
  static Settings settings = from_environment();
  return settings;
}

bool Settings::set(const std::string &name, long long value) {
  if (name == "capability") capability = (int)value;
  else if (name == "sms") multiprocessors = (int)value;
  else if (name == "memory") memory_bytes = value;
  else if (name == "driver") driver_version = (int)value;
  else if (name == "devices") devices = (int)value;
  else if (name == "workers") workers = (int)value;
  else if (name == "lazy") lazy = value != 0;
  else if (name == "any_thread") any_thread = value != 0;
  else if (name == "algorithms") algorithms = (int)value;
  else if (name == "refuse_product") refuse_product = value;
  else if (name == "fail_allocation") fail_allocation = value;
  else if (name == "fail_launch") fail_launch = value;
  else if (name == "refuse_launch") refuse_launch = value;
  else if (name == "lose_device") lose_device = value;
  else if (name == "fail_copy") fail_copy = value;
  else return false;
  return true;
}

}  // namespace heddle_sim
