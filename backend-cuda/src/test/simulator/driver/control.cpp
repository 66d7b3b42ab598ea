// What a test asks of the simulator itself; no GPU's driver has these.
#include <cstring>

#include "state.h"

using namespace heddle_sim;

extern "C" {

// Whether this is the simulator: a test looks for this symbol.
int heddle_sim_version() { return 1; }

// A setting by its name (settings.h); 0 if there is none of that name.
int heddle_sim_set(const char *name, long long value) {
  const std::lock_guard<std::recursive_mutex> held(Driver::get().lock);
  return Settings::get().set(name, value);
}

// A counter by its name: calls, launches (cuLaunchKernel outside captures), kernels (that ran),
// graph_launches, instantiations, copies, copied_bytes, sets, allocations, synchronizations, faults,
// unwritten_copies (to the host, of bytes that nothing was written to), products,
// products_without_workspace, epilogues (products by cuBLASLt), heuristics, bulk_copies; and what is
// alive:
// live_allocations, live_device_bytes, live_pinned, live_pinned_bytes, live_registered,
// live_contexts, live_streams, live_events, live_modules, live_graphs, live_graph_execs,
// live_pools, live_blas, live_blas_descriptions.
long long heddle_sim_count(const char *name) { return Counters::get().value(name); }

// The lines of what was found wrong since the last reset; returns the length they have in all.
size_t heddle_sim_report(char *to, size_t size) {
  const std::string text = Report::get().text();
  if (to != nullptr && size > 0) {
    const size_t count = text.size() < size - 1 ? text.size() : size - 1;
    memcpy(to, text.data(), count);
    to[count] = '\0';
  }
  return text.size();
}

// Forgets reports, counted events, failures to come and a fault's after-effects. What is alive
// stays.
void heddle_sim_reset() {
  Driver &driver = Driver::get();
  const std::lock_guard<std::recursive_mutex> held(driver.lock);
  Report::get().clear();
  Counters::get().clear_events();
  for (auto &[handle, stream] : driver.streams) stream->pending.clear();
  driver.default_stream.pending.clear();
  driver.sticky = SUCCESS;
  driver.lost = false;
  for (const char *each : {"fail_allocation", "fail_launch", "refuse_launch", "lose_device",
                           "fail_copy", "refuse_product"}) {
    Settings::get().set(each, 0);
  }
  Settings::get().algorithms = 1;
}

}  // extern "C"
