#include "launch.h"

#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "report.h"
#include "settings.h"

namespace heddle_sim {
namespace {

// The clusters of a launch, taken one by one by whoever is free.
struct Job {
  const Launch &launch;
  std::atomic<unsigned long> next{0};
  std::atomic<bool> failed{false};
  std::mutex lock;
  Fault first;

  std::vector<void *> arguments;

  explicit Job(const Launch &launch) : launch(launch) {
    const Kernel &kernel = *launch.function->kernel;
    char *at = const_cast<char *>(launch.arguments.data());
    for (unsigned i = 0; i < kernel.parameters; i++) {
      arguments.push_back(at);
      at += (kernel.sizes[i] + 15) / 16 * 16;
    }
  }

  void work(Cluster &cluster) {
    cluster.prepare(launch, arguments.data());
    while (!failed.load(std::memory_order_relaxed)) {
      const unsigned long number = next.fetch_add(1, std::memory_order_relaxed);
      if (number >= cluster.count()) return;
      Fault fault;
      cluster.run(number, fault);
      if (fault.result != SUCCESS) {
        const std::lock_guard<std::mutex> held(lock);
        if (!failed.exchange(true)) first = fault;
      }
    }
  }
};

// Threads that help with large launches. They live as long as the process.
class Helpers {
 public:
  static Helpers &get() {
    static Helpers *helpers = new Helpers();
    return *helpers;
  }

  // Runs a job here and on the helpers; returns when all of it is done.
  void run(Job &job) {
    {
      const std::lock_guard<std::mutex> held(lock_);
      job_ = &job;
      generation_++;
      busy_ = count_;
    }
    changed_.notify_all();
    job.work(own_);
    std::unique_lock<std::mutex> held(lock_);
    changed_.wait(held, [&] { return busy_ == 0; });
    job_ = nullptr;
  }

  Cluster &own() { return own_; }
  unsigned count() const { return count_; }

 private:
  Helpers() : count_((unsigned)std::max(Settings::get().workers - 1, 0)) {
    // A JVM's signals are for its own threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < count_; i++) std::thread([this] { serve(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void serve() {
    Cluster cluster;
    unsigned long seen = 0;
    std::unique_lock<std::mutex> held(lock_);
    while (true) {
      changed_.wait(held, [&] { return generation_ != seen; });
      seen = generation_;
      Job *const job = job_;
      held.unlock();
      job->work(cluster);
      held.lock();
      if (--busy_ == 0) changed_.notify_all();
    }
  }

  const unsigned count_;
  Cluster own_;
  std::mutex lock_;
  std::condition_variable changed_;
  Job *job_ = nullptr;
  unsigned long generation_ = 0;
  unsigned busy_ = 0;
};

}  // namespace

std::string Launch::words() const {
  return format("%s<<<(%u,%u,%u), (%u,%u,%u)>>>", function->kernel->name, grid.x, grid.y, grid.z,
                block.x, block.y, block.z);
}

Result run_launch(const Launch &launch) {
  Job job(launch);
  Helpers &helpers = Helpers::get();
  // A small launch is over before a helper wakes.
  const unsigned long blocks = (unsigned long)launch.grid.x * launch.grid.y * launch.grid.z;
  const unsigned long threads = blocks * launch.block.x * launch.block.y * launch.block.z;
  if (blocks > launch.function->kernel->cluster && threads >= 4096 && helpers.count() > 0) {
    helpers.run(job);
  } else {
    job.work(helpers.own());
  }
  if (job.first.result != SUCCESS) Report::get().add(job.first.words);
  return job.first.result;
}

}  // namespace heddle_sim
