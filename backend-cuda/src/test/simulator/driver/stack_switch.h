// Goes from one stack to another within a thread of the host.
#pragma once

namespace heddle_sim {

// What is needed to go on where a stack was left.
struct StackState {
  void *at = nullptr;
};

// Leaves the present stack, keeps its state in `from`, and goes on with `to`.
void switch_stack(StackState &from, const StackState &to);

// The state of a stack that ends at `top` (its highest address) and has done nothing: the first
// switch to it calls `begin`, which never returns.
StackState new_stack(void *top, void (*begin)());

}  // namespace heddle_sim
