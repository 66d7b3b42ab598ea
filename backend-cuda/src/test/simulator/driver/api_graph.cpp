// Graphs that were captured: what they hold, and their launches.
#include <algorithm>
#include <cstring>

#include "state.h"

using namespace heddle_sim;

namespace {

void *instantiate(Driver &driver, void *handle) {
  const Graph &graph = lookup(driver.graphs, handle, "graph");
  auto made = std::make_unique<GraphExec>();
  for (const auto &node : graph.nodes) made->commands->push_back(node->command);
  return keep(driver.execs, std::move(made), "live_graph_execs");
}

// What a graph may be updated to: the same nodes, with other parameters.
bool is_alike(const GraphExec &exec, const Graph &graph) {
  if (exec.commands->size() != graph.nodes.size()) return false;
  for (size_t i = 0; i < exec.commands->size(); i++) {
    if ((*exec.commands)[i].kind != graph.nodes[i]->command.kind) return false;
  }
  return true;
}

void update(Driver &driver, void *exec, void *handle) {
  GraphExec &made = lookup(driver.execs, exec, "executable graph");
  const Graph &graph = lookup(driver.graphs, handle, "graph");
  require(is_alike(made, graph), GRAPH_EXEC_UPDATE_FAILURE);
  // Launches that were given before have the commands of before.
  auto commands = std::make_shared<std::vector<Command>>();
  for (const auto &node : graph.nodes) commands->push_back(node->command);
  made.commands = std::move(commands);
}

Node &node_of(Driver &driver, void *handle) {
  for (const auto &[key, graph] : driver.graphs) {
    for (const auto &node : graph->nodes) {
      if (node.get() == handle) return *node;
    }
  }
  throw Failure{INVALID_VALUE};
}

// Fills a caller's array, or tells how long it must be.
void give(const std::vector<Node *> &nodes, void **to, size_t *count) {
  require(count != nullptr);
  if (to != nullptr) {
    for (size_t i = 0; i < *count; i++) to[i] = i < nodes.size() ? nodes[i] : nullptr;
    *count = std::min(*count, nodes.size());
  } else {
    *count = nodes.size();
  }
}

}  // namespace

extern "C" {

int cuGraphInstantiateWithFlags(void **exec, void *graph, unsigned long long) {
  return api("cuGraphInstantiateWithFlags", Needs::CONTEXT, [&](Driver &driver) {
    require(exec != nullptr);
    driver.forbid_in_capture("cuGraphInstantiateWithFlags");
    Counters::get().add("instantiations");
    *exec = instantiate(driver, graph);
  });
}
// As libcuda.so has it under this name since CUDA 10.
int cuGraphInstantiate(void **exec, void *graph, void **, char *, size_t) {
  return cuGraphInstantiateWithFlags(exec, graph, 0);
}
int cuGraphInstantiate_v2(void **exec, void *graph, void **, char *, size_t) {
  return cuGraphInstantiateWithFlags(exec, graph, 0);
}

int cuGraphLaunch(void *exec, void *stream) {
  return api("cuGraphLaunch", Needs::CONTEXT, [&](Driver &driver) {
    const GraphExec &made = lookup(driver.execs, exec, "executable graph");
    Stream &target = driver.stream(stream);
    require(!target.capture, NOT_SUPPORTED);
    Counters::get().add("graph_launches");
    driver.enqueue(target, Command{Command::EMPTY, [commands = made.commands] {
                                     for (const Command &each : *commands) each.run();
                                   }, nullptr});
  });
}

int cuGraphUpload(void *exec, void *stream) {
  return api("cuGraphUpload", Needs::CONTEXT, [&](Driver &driver) {
    lookup(driver.execs, exec, "executable graph");
    driver.stream(stream);
  });
}

int cuGraphDestroy(void *graph) {
  return api("cuGraphDestroy", Needs::CONTEXT,
             [&](Driver &driver) { destroy(driver.graphs, graph, "graph", "live_graphs"); });
}

int cuGraphExecDestroy(void *exec) {
  return api("cuGraphExecDestroy", Needs::CONTEXT, [&](Driver &driver) {
    destroy(driver.execs, exec, "executable graph", "live_graph_execs");
  });
}

int cuGraphExecUpdate_v2(void *exec, void *graph, void *info) {
  return api("cuGraphExecUpdate", Needs::CONTEXT, [&](Driver &driver) {
    // CUgraphExecUpdateResultInfo: the result, and three nodes.
    if (info != nullptr) memset(info, 0, 32);
    try {
      update(driver, exec, graph);
    } catch (const Failure &failure) {
      if (info != nullptr && failure.result == GRAPH_EXEC_UPDATE_FAILURE) *(int *)info = 2;
      throw;
    }
  });
}
int cuGraphExecUpdate(void *exec, void *graph, void **error_node, int *result) {
  return api("cuGraphExecUpdate", Needs::CONTEXT, [&](Driver &driver) {
    if (error_node != nullptr) *error_node = nullptr;
    if (result != nullptr) *result = 2;  // TOPOLOGY_CHANGED
    update(driver, exec, graph);
    if (result != nullptr) *result = 0;
  });
}

int cuGraphGetNodes(void *handle, void **nodes, size_t *count) {
  return api("cuGraphGetNodes", Needs::CONTEXT, [&](Driver &driver) {
    std::vector<Node *> all;
    for (const auto &node : lookup(driver.graphs, handle, "graph").nodes) all.push_back(node.get());
    give(all, nodes, count);
  });
}

int cuGraphGetRootNodes(void *handle, void **nodes, size_t *count) {
  return api("cuGraphGetRootNodes", Needs::CONTEXT, [&](Driver &driver) {
    std::vector<Node *> all;
    for (const auto &node : lookup(driver.graphs, handle, "graph").nodes) {
      if (node->after.empty()) all.push_back(node.get());
    }
    give(all, nodes, count);
  });
}

int cuGraphNodeGetType(void *node, int *type) {
  return api("cuGraphNodeGetType", Needs::CONTEXT, [&](Driver &driver) {
    require(type != nullptr);
    *type = node_of(driver, node).command.kind;
  });
}

int cuGraphNodeGetDependencies(void *node, void **nodes, size_t *count) {
  return api("cuGraphNodeGetDependencies", Needs::CONTEXT,
             [&](Driver &driver) { give(node_of(driver, node).after, nodes, count); });
}

}  // extern "C"
