#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

extern char **environ;

namespace heddle_sim {
namespace {

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == 0) {
      read_end = ends[0];
      write_end = ends[1];
    }
  }
  ~Pipe() {
    close_end(read_end);
    close_end(write_end);
  }
  static void close_end(int &end) {
    if (end >= 0) close(end);
    end = -1;
  }
};

// Appends what has come; false at the end.
bool drain(int end, std::string &text) {
  char buffer[65536];
  const ssize_t count = read(end, buffer, sizeof buffer);
  if (count > 0) text.append(buffer, (size_t)count);
  return count > 0 || (count < 0 && errno == EINTR);
}

}  // namespace

int run(const std::vector<std::string> &command, const std::string &input, std::string &output,
        std::string &errors) {
  Pipe in, out, err;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read_end, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write_end, 1);
  posix_spawn_file_actions_adddup2(&actions, err.write_end, 2);
  std::vector<char *> arguments;
  for (const std::string &each : command) arguments.push_back(const_cast<char *>(each.c_str()));
  arguments.push_back(nullptr);
  // A JVM blocks signals in its threads, and a compiler shall die of its own.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child;
  const int error =
      posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    errors += command[0] + ": " + strerror(error) + "\n";
    return 127;
  }
  Pipe::close_end(in.read_end);
  Pipe::close_end(out.write_end);
  Pipe::close_end(err.write_end);
  size_t sent = 0;
  if (input.empty()) Pipe::close_end(in.write_end);
  fcntl(in.write_end, F_SETFL, O_NONBLOCK);
  while (out.read_end >= 0 || err.read_end >= 0) {
    pollfd ends[3] = {{in.write_end, POLLOUT, 0}, {out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}};
    if (poll(ends, 3, -1) < 0) continue;
    if (ends[0].revents != 0) {
      const ssize_t count = write(in.write_end, input.data() + sent, input.size() - sent);
      if (count > 0) sent += (size_t)count;
      if (sent == input.size() || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        Pipe::close_end(in.write_end);
      }
    }
    if (ends[1].revents != 0 && !drain(out.read_end, output)) Pipe::close_end(out.read_end);
    if (ends[2].revents != 0 && !drain(err.read_end, errors)) Pipe::close_end(err.read_end);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool read_file(const std::string &path, std::string &content) {
  FILE *file = fopen(path.c_str(), "rbe");
  if (file == nullptr) return false;
  char buffer[65536];
  for (size_t count; (count = fread(buffer, 1, sizeof buffer, file)) > 0;) {
    content.append(buffer, count);
  }
  const bool whole = ferror(file) == 0;
  fclose(file);
  return whole;
}

void write_file(const std::string &path, const std::string &content) {
  std::string name = path + ".XXXXXX";
  const int descriptor = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) return;
  bool whole = true;
  for (size_t sent = 0; whole && sent < content.size();) {
    const ssize_t count = write(descriptor, content.data() + sent, content.size() - sent);
    whole = count > 0;
    sent += whole ? (size_t)count : 0;
  }
  close(descriptor);
  if (!whole || rename(name.c_str(), path.c_str()) != 0) unlink(name.c_str());
}

}  // namespace heddle_sim
