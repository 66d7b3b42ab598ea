#include "stack_switch.h"

#include <cstdint>

#if defined(__x86_64__) && !defined(HEDDLE_SIM_UCONTEXT)

// The registers that a called function must keep lie on the stack; all else the compiler saves
// around the call (System V ABI, AMD64 supplement, 3.2.1). The floating-point control words are the
// same on all stacks.
asm(R"(
.text
.type heddle_sim_switch, @function
heddle_sim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size heddle_sim_switch, . - heddle_sim_switch
)");

extern "C" void heddle_sim_switch(void **from, void *to) __attribute__((visibility("hidden")));

namespace heddle_sim {

void switch_stack(StackState &from, const StackState &to) { heddle_sim_switch(&from.at, to.at); }

StackState new_stack(void *top, void (*begin)()) {
  // Six registers, the address to return to, and what would be the caller's: with that the stack
  // is aligned as behind a call.
  uintptr_t *at = (uintptr_t *)((uintptr_t)top & ~(uintptr_t)15) - 8;
  for (int i = 0; i < 8; i++) at[i] = 0;
  at[6] = (uintptr_t)begin;
  return StackState{at};
}

}  // namespace heddle_sim

#else

// The C library's way, which asks the kernel for the signal mask at each switch.
#include <ucontext.h>

#include <new>

namespace heddle_sim {

void switch_stack(StackState &from, const StackState &to) {
  ucontext_t here;
  from.at = &here;
  swapcontext(&here, (ucontext_t *)to.at);
}

StackState new_stack(void *top, void (*begin)()) {
  ucontext_t *state = new ((char *)top - sizeof(ucontext_t)) ucontext_t;
  getcontext(state);
  state->uc_stack.ss_sp = (char *)state - (32 << 10);
  state->uc_stack.ss_size = 32 << 10;
  state->uc_link = nullptr;
  makecontext(state, begin, 0);
  return StackState{state};
}

}  // namespace heddle_sim

#endif
