// Programs that are run, and files that are read whole.
#pragma once
#include <string>
#include <vector>

namespace heddle_sim {

// Runs a program with `input`, returns its exit status; what it wrote is added to the two texts.
int run(const std::vector<std::string> &command, const std::string &input, std::string &output,
        std::string &errors);

bool read_file(const std::string &path, std::string &content);
// Atomically: others see the whole file or none.
void write_file(const std::string &path, const std::string &content);

}  // namespace heddle_sim
