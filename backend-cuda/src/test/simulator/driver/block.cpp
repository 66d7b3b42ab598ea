#include "block.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

#include "cluster.h"
#include "launch.h"

namespace heddle_sim {

Block::Block(Cluster &cluster, unsigned rank) : cluster_(&cluster), rank_(rank) {}

Block::~Block() {
  for (void *each : stacks_) munmap(each, STACK_BYTES);
}

// A stack at a multiple of its size, with a page above its foot that may not be touched.
Fiber *Block::take_stack() {
  if (free_.empty()) {
    char *const found = (char *)mmap(nullptr, 2 * STACK_BYTES, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED) throw std::bad_alloc();
    char *const aligned =
        (char *)(((unsigned long)found + STACK_BYTES - 1) & ~(STACK_BYTES - 1));
    if (aligned > found) munmap(found, (size_t)(aligned - found));
    munmap(aligned + STACK_BYTES, (size_t)(found + STACK_BYTES - aligned));
    static_assert(sizeof(Fiber) <= 4096, "the foot of a stack is a page");
    mprotect(aligned + 4096, 4096, PROT_NONE);
    stacks_.push_back(aligned);
    free_.push_back((Fiber *)aligned);
  }
  Fiber *const fiber = free_.back();
  free_.pop_back();
  fiber->state = new_stack((char *)fiber + STACK_BYTES, begin_fiber);
  fiber->block = this;
  return fiber;
}

void Block::begin_thread(Fiber &fiber, unsigned thread) {
  fiber.view = view_;
  const Extent &size = view_.block_size;
  fiber.view.thread = Extent{thread % size.x, thread / size.x % size.y, thread / size.x / size.y};
  fiber.thread = thread;
  fiber.products = nullptr;
  fiber.at_cluster = false;
  states_[thread] = RUNNING;
}

void Block::prepare(const Launch &launch, void *const *arguments) {
  const Function &function = *launch.function;
  launch_ = &launch;
  arguments_ = arguments;
  std::vector<SharedMemory::Extent> extents = function.extents;
  if (launch.dynamic_bytes > 0) {
    extents.push_back({function.dynamic_from, launch.dynamic_bytes, ""});
  }
  shared_.lay_out(extents);
  view_ = View{{0, 0, 0},    {0, 0, 0}, launch.block, launch.grid, shared_.data(),
               shared_.data() + function.dynamic_from};
  threads_ = launch.block.x * launch.block.y * launch.block.z;
}

void Block::begin(Extent index, Fault &fault) {
  fault_ = &fault;
  shared_.begin_block(threads_, cluster_->size());
  phases_.clear();
  // After a fault some may have been left.
  for (Products &each : products_) each.clear(shared_);
  products_.clear();
  registers_.clear();
  view_.block = index;
  started_ = ended_ = waiting_ = 0;
  // Every other block starts with its last thread, so that no order is taken for granted.
  backwards_ = (index.x + index.y + index.z) % 2 == 1;
  states_.assign(threads_, NEW);
  fibers_.assign(threads_, nullptr);
  copies_.assign(threads_, {});
  groups_.assign(threads_, 0);
  ready_.clear();
  ready_from_ = 0;
}

bool Block::go_on() {
  Fiber *const first = next();
  if (first != nullptr) switch_stack(host_, first->state);
  return first != nullptr;
}

void Block::end() {
  if (is_over()) {
    if (fault_->result == SUCCESS && !registers_agree()) {
      give_up(LAUNCH_FAILED, "setmaxnreg: not the same by each of four warps");
    }
    return;
  }
  // A fault: what was left on the stacks is of no use.
  for (Fiber *each : fibers_) {
    if (each != nullptr) free_.push_back(each);
  }
}

// Runs threads one after another on one stack, until one has to wait and later ends here.
void Block::begin_fiber() {
  Fiber &self = *Fiber::current();
  Block &block = *self.block;
  const Launch &launch = *block.launch_;
  while (true) {
    launch.function->kernel->call(block.arguments_);
    if (self.products != nullptr) {
      fail(self, LAUNCH_FAILED, "ends before the wgmma of its warp, which it did not wait for");
    }
    if (self.at_cluster) {
      fail(self, LAUNCH_FAILED, "ends behind barrier.cluster.arrive without barrier.cluster.wait");
    }
    block.states_[self.thread] = ENDED;
    block.fibers_[self.thread] = nullptr;
    block.ended_++;
    block.cluster_->thread_ended();
    if (block.ready_from_ == block.ready_.size() && block.started_ < block.threads_) {
      const unsigned thread = block.started_++;
      block.begin_thread(self, block.backwards_ ? block.threads_ - 1 - thread : thread);
      block.fibers_[self.thread] = &self;
      continue;
    }
    block.free_.push_back(&self);
    block.leave(self);
  }
}

Fiber *Block::next() {
  if (ready_from_ < ready_.size()) return ready_[ready_from_++];
  if (started_ < threads_) {
    const unsigned thread = started_++;
    Fiber *const fiber = take_stack();
    begin_thread(*fiber, backwards_ ? threads_ - 1 - thread : thread);
    fibers_[fiber->thread] = fiber;
    return fiber;
  }
  if (ended_ == threads_) return nullptr;
  if (ended_ == 0 && waiting_ == threads_) {
    const unsigned site = fibers_[0]->site;
    for (const Fiber *each : fibers_) {
      if (each->site != site) {
        give_up(LAUNCH_FAILED,
                who(each->thread) + " waits at another barrier than " + who(0) + " does");
        return nullptr;
      }
    }
    release_barrier();
    return ready_[ready_from_++];
  }
  return nullptr;
}

// Goes on with another thread; returns when this one is ready again.
void Block::leave(Fiber &self) {
  Fiber *const other = next();
  if (other == &self) return;
  switch_stack(self.state, other != nullptr ? other->state : host_);
}

void Block::release_barrier() {
  shared_.barrier();
  backwards_ = !backwards_;
  ready_.clear();
  ready_from_ = 0;
  predicates_ = 0;
  for (Fiber *each : fibers_) predicates_ += each->predicate;
  for (unsigned i = 0; i < threads_; i++) {
    const unsigned thread = backwards_ ? threads_ - 1 - i : i;
    states_[thread] = RUNNING;
    ready_.push_back(fibers_[thread]);
  }
  waiting_ = 0;
}

int Block::barrier(Fiber &self, unsigned site, int predicate) {
  self.site = site;
  self.predicate = predicate;
  states_[self.thread] = AT_BARRIER;
  waiting_++;
  leave(self);
  return predicates_;
}

void Block::collective(Fiber &self, unsigned mask, unsigned long long value, const char *what,
                       WarpWork work) {
  const unsigned lane = self.thread % 32;
  if (!(mask >> lane & 1)) {
    fail(self, LAUNCH_FAILED, format("%s: mask %08x has not the calling lane %u", what, mask, lane));
  }
  self.mask = mask;
  self.value = value;
  self.collective = what;
  states_[self.thread] = AT_COLLECTIVE;
  if (release_collective(self.thread / 32, mask, work)) {
    // All others were here: they go on later.
    states_[self.thread] = RUNNING;
    return;
  }
  leave(self);
}

// Where threads stand that can go on.
void Block::make_ready(unsigned thread) {
  if (ready_from_ == ready_.size()) {
    ready_.clear();
    ready_from_ = 0;
  }
  states_[thread] = RUNNING;
  ready_.push_back(fibers_[thread]);
}

// If all lanes of a mask are there, they get each other's values and are ready. What they do as one
// the last of them does.
bool Block::release_collective(unsigned warp, unsigned mask, WarpWork work) {
  Fiber *lanes[32];
  Fiber *const last = Fiber::current();
  for (unsigned lane = 0; lane < 32; lane++) {
    if (!(mask >> lane & 1)) continue;
    const unsigned thread = 32 * warp + lane;
    if (thread >= threads_) {
      fail(*last, LAUNCH_FAILED, format("%s: mask %08x has lane %u, which the block has not",
                                        last->collective, mask, lane));
    }
    if (states_[thread] != AT_COLLECTIVE) return false;
    lanes[lane] = fibers_[thread];
    if (lanes[lane]->mask != mask || strcmp(lanes[lane]->collective, last->collective) != 0) {
      fail(*last, LAUNCH_FAILED,
           format("%s with mask %08x, where lane %u is at %s with mask %08x", last->collective, mask,
                  lane, lanes[lane]->collective, lanes[lane]->mask));
    }
  }
  shared_.warp_barrier(warp);
  unsigned long long values[32] = {};
  for (unsigned from = 0; from < 32; from++) {
    if (mask >> from & 1) values[from] = lanes[from]->value;
  }
  if (work != nullptr) work(values);
  for (unsigned to = 0; to < 32; to++) {
    if (!(mask >> to & 1)) continue;
    if (work == nullptr) memcpy(lanes[to]->values, values, sizeof values);
    if (lanes[to] != last) make_ready(lanes[to]->thread);
  }
  return true;
}

void Block::begin_copy(Fiber &self, uintptr_t to, uintptr_t from, unsigned bytes, unsigned given) {
  AsyncCopy copy{to, bytes, groups_[self.thread], {}};
  if (given > 0) memcpy(copy.data, (const void *)from, given);
  shared_.forget(to, bytes);
  copies_[self.thread].push_back(copy);
}

void Block::commit_copies(Fiber &self) { groups_[self.thread]++; }

bool Block::next_copy(Fiber &self, unsigned groups, AsyncCopy &copy) {
  std::deque<AsyncCopy> &all = copies_[self.thread];
  if (all.empty() || all.front().group + groups >= groups_[self.thread]) return false;
  copy = all.front();
  all.pop_front();
  return true;
}

void Block::wait_for_cluster(Fiber &self) {
  states_[self.thread] = AT_CLUSTER;
  leave(self);
}

void Block::cluster_came() {
  shared_.cluster_barrier();
  for (unsigned thread = 0; thread < threads_; thread++) {
    if (states_[thread] == AT_CLUSTER) make_ready(thread);
  }
}

unsigned Block::active(const Fiber &self) const {
  unsigned mask = 0;
  const unsigned first = self.thread / 32 * 32;
  for (unsigned lane = 0; lane < 32 && first + lane < threads_; lane++) {
    if (states_[first + lane] != ENDED) mask |= 1u << lane;
  }
  return mask;
}

std::string Block::deadlock() const {
  unsigned at_barrier = 0, at_collective = 0, at_phases = 0, at_cluster = 0, one = 0, late = 0, gone = 0;
  for (unsigned thread = 0; thread < threads_; thread++) {
    if (states_[thread] == AT_BARRIER) at_barrier++;
    if (states_[thread] == AT_COLLECTIVE) {
      at_collective++;
      one = thread;
    }
    if (states_[thread] == AT_PHASES) {
      at_phases++;
      late = thread;
    }
    if (states_[thread] == AT_CLUSTER) at_cluster++;
    if (states_[thread] == ENDED) gone = thread;
  }
  if (at_phases > 0) {
    const Phases &phases = *fibers_[late]->phases;
    return who(late) + format(" waits for a phase of parity %u of an mbarrier of which %lu are over and "
                             "%u of %u arrivals are missing, and %ld bytes of copies (%u threads wait "
                             "like it, %u with their warps, %u at a barrier, %u have ended)",
                             fibers_[late]->parity, phases.over, phases.missing, phases.expected,
                             phases.bytes, at_phases, at_collective, at_barrier, ended_);
  }
  if (at_collective > 0) {
    return who(one) + format(" waits at %s with mask %08x for lanes that do not come (%u threads "
                             "wait with their warps, %u at a barrier, %u have ended)",
                             fibers_[one]->collective, fibers_[one]->mask, at_collective, at_barrier,
                             ended_);
  }
  if (at_cluster > 0) {
    return format("%u of %u threads wait at barrier.cluster for others that do not come (%u at another "
                  "barrier, %u have ended)", at_cluster, threads_, at_barrier, ended_);
  }
  return format("%u of %u threads wait at a barrier that the others have left behind by ending, ",
                at_barrier, threads_) + who(gone) + " among them";
}

std::string Block::who(unsigned thread) const {
  const Extent &size = view_.block_size;
  return format("thread (%u,%u,%u)", thread % size.x, thread / size.x % size.y,
                thread / size.x / size.y);
}

void Block::give_up(Result result, const std::string &words) {
  const Extent &at = view_.block;
  fault_->result = result;
  fault_->words =
      launch_->words() + format(", block (%u,%u,%u): ", at.x, at.y, at.z) + words;
}

void Block::fail(Fiber &self, Result result, const std::string &what) {
  Block &own = *self.block;
  own.give_up(result, own.who(self.thread) + " " + what);
  switch_stack(self.state, own.host_);
  __builtin_unreachable();
}

}  // namespace heddle_sim
