#include "module.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "report.h"
#include "results.h"
#include "settings.h"

namespace heddle_sim {
namespace {

// Kernels call the driver by name, and a JVM loads libraries for itself alone.
void show_driver_to_modules() {
  static const bool shown = [] {
    Dl_info info;
    return dladdr((void *)&show_driver_to_modules, &info) != 0 &&
           dlopen(info.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD) != nullptr;
  }();
  if (!shown) Report::get().add("the simulator cannot show itself to its kernels");
}

// The size of an ELF file that ends with its table of sections, as linkers write it.
size_t elf_bytes(const void *image) {
  Elf64_Ehdr header;
  memcpy(&header, image, sizeof header);
  return header.e_shoff + (size_t)header.e_shnum * header.e_shentsize;
}

// A file that is there while this is.
struct TemporaryFile {
  std::string path;
  bool whole = false;

  explicit TemporaryFile(const std::string &content) {
    const char *const folder = getenv("TMPDIR");
    path = std::string(folder != nullptr ? folder : P_tmpdir) + "/heddle-module-XXXXXX";
    const int file = mkostemp(path.data(), O_CLOEXEC);
    if (file < 0) return;
    whole = write(file, content.data(), content.size()) == (ssize_t)content.size();
    close(file);
  }
  ~TemporaryFile() { unlink(path.c_str()); }
  TemporaryFile(const TemporaryFile &) = delete;
};

// An image of another make: a fat binary, PTX, or machine code of a GPU.
void refuse(const char *what) {
  Report::get().add(format("cuModuleLoadData: %s: the simulator runs only what its own NVRTC made",
                           what));
  throw Failure{NO_BINARY_FOR_GPU};
}

}  // namespace

LoadedModule::LoadedModule(const void *image) {
  unsigned char magic[20];
  memcpy(magic, image, sizeof magic);
  const uint32_t word = magic[0] | magic[1] << 8 | magic[2] << 16 | (uint32_t)magic[3] << 24;
  // By fatbinary_section.h: a wrapper that points to a fat binary, and the fat binary itself.
  if (word == 0x466243b1 || word == 0xba55ed50) throw Failure{NO_BINARY_FOR_GPU};
  if (memcmp(magic, "//", 2) == 0 || memcmp(magic, ".version", 8) == 0) refuse("PTX");
  if (memcmp(magic, ELFMAG, SELFMAG) != 0) throw Failure{INVALID_IMAGE};
  const unsigned machine = magic[18] | magic[19] << 8;
  if (machine == 190) throw Failure{NO_BINARY_FOR_GPU};  // EM_CUDA

  show_driver_to_modules();
  bytes_.assign((const char *)image, elf_bytes(image));
  // Under a name of its own: a library is known by the name that it was loaded by.
  const TemporaryFile file(bytes_);
  if (!file.whole) throw Failure{OUT_OF_MEMORY};
  library_ = dlopen(file.path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) {
    Report::get().add(format("cuModuleLoadData: %s", dlerror()));
    throw Failure{INVALID_IMAGE};
  }
  // None of this simulator's make, which is no fault: whoever kept it makes it anew.
  const Module *table = (const Module *)dlsym(library_, HEDDLE_MODULE);
  if (table == nullptr) {
    dlclose(library_);
    throw Failure{INVALID_IMAGE};
  }
  const int own = Settings::get().capability, wanted = (int)table->architecture;
  if (table->is_ptx ? wanted > own : wanted / 10 != own / 10 || wanted % 10 > own % 10) {
    dlclose(library_);
    throw Failure{NO_BINARY_FOR_GPU};
  }
  link_map *map = nullptr;
  dlinfo(library_, RTLD_DI_LINKMAP, &map);
  begin_ = end_ = map->l_addr;
  Elf64_Ehdr header;
  memcpy(&header, bytes_.data(), sizeof header);
  for (unsigned i = 0; i < header.e_phnum; i++) {
    Elf64_Phdr part;
    memcpy(&part, bytes_.data() + header.e_phoff + i * header.e_phentsize, sizeof part);
    if (part.p_type == PT_LOAD) end_ = std::max(end_, begin_ + part.p_vaddr + part.p_memsz);
  }
  lay_out(*table);
}

LoadedModule::~LoadedModule() { dlclose(library_); }

// Each variable has a gap of unallowed bytes behind it.
void LoadedModule::lay_out(const Module &table) {
  constexpr unsigned long GAP = 64;
  const auto round_up = [](unsigned long x, unsigned long to) { return (x + to - 1) / to * to; };
  unsigned long common = 0;
  std::vector<SharedMemory::Extent> extents;
  unsigned long common_bytes = 0;
  const auto place = [&](SharedVariable &v, unsigned long &end, unsigned long &bytes,
                         std::vector<SharedMemory::Extent> &to) {
    v.offset = round_up(end, std::max(v.alignment, 16ul));
    end = v.offset + v.bytes + GAP;
    bytes = round_up(bytes, v.alignment) + v.bytes;
    to.push_back({v.offset, v.bytes, v.name});
  };
  for (SharedVariable *v = table.variables; v < table.variables_end; v++) {
    if (*v->kernel == '\0') place(*v, common, common_bytes, extents);
  }
  for (unsigned i = 0; i < table.kernel_count; i++) {
    const Kernel &kernel = table.kernels[i];
    auto function = std::make_unique<Function>();
    function->kernel = &kernel;
    function->module = this;
    function->extents = extents;
    unsigned long end = common, bytes = common_bytes;
    for (SharedVariable *v = table.variables; v < table.variables_end; v++) {
      if (strcmp(v->kernel, kernel.name) == 0) place(*v, end, bytes, function->extents);
    }
    function->static_bytes = (unsigned)bytes;
    function->dynamic_from = (unsigned)round_up(end, 1024);
    function->most_dynamic = bytes < 48 << 10 ? (48 << 10) - (unsigned)bytes : 0;
    functions_[kernel.name] = std::move(function);
  }
}

Function *LoadedModule::find(const std::string &name) {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : found->second.get();
}

bool LoadedModule::has(const Function *function) const {
  for (const auto &[name, each] : functions_) {
    if (each.get() == function) return true;
  }
  return false;
}

bool LoadedModule::holds(uintptr_t address, size_t bytes) const {
  return address >= begin_ && address + bytes <= end_;
}

std::string LoadedModule::line(uintptr_t code) const {
  // binutils come with g++; a fault is rare enough to run one.
  const TemporaryFile file(bytes_);
  if (!file.whole) return "";
  FILE *tool = popen(format("addr2line -e %s 0x%zx 2>/dev/null", file.path.c_str(),
                            (size_t)(code - 1 - begin_)).c_str(), "r");
  if (tool == nullptr) return "";
  char text[512] = "";
  if (fgets(text, sizeof text, tool) == nullptr) text[0] = '\0';
  pclose(tool);
  const char *colon = strrchr(text, ':');
  return colon != nullptr && atoi(colon + 1) > 0 ? std::to_string(atoi(colon + 1)) : "";
}

}  // namespace heddle_sim
