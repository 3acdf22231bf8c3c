// SPDX-License-Identifier: MIT
// Kernels with included files: the prelude goes in once, every line keeps its place, and no text ends the program. The first
// line of an input that is "---" separates the kernel from the file that it can include as "a.glsl".
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "fuzz_input.hpp"
#include "stream/kernel_files.hpp"
#include "stream/kernel_source.hpp"

namespace {

/// An empty folder of this process.
const std::filesystem::path& folder() {
  static const std::filesystem::path kFolder = [] {
    auto made = std::filesystem::temp_directory_path() / ("pmb_kernel_fuzz_" + std::to_string(getpid()));
    std::filesystem::create_directories(made);
    std::atexit([] {
      std::error_code ignored;
      std::filesystem::remove_all(folder(), ignored);
    });
    return made;
  }();
  return kFolder;
}

/// Files outside of the folder are no part of an input.
bool leaves_folder(std::string_view text) {
  return text.find("..") != std::string_view::npos || text.find("\"/") != std::string_view::npos;
}

/// Counts lines as a compiler does. String 1 of #line is the prelude, and those after it are the included files.
void check_places(const pmb::tool::KernelFiles& files, std::string_view assembled) {
  std::size_t next = 0;
  int number = 1;
  std::size_t string = 0;
  for (std::size_t at = 0; at < assembled.size();) {
    const std::size_t end = std::min(assembled.find('\n', at), assembled.size());
    const std::string line(assembled.substr(at, end - at));
    at = end + 1;
    if (std::sscanf(line.c_str(), "#line %d %zu", &number, &string) == 2) continue;
    if (string != 1 && next < files.lines.size() && line == files.lines[next].text) {
      const pmb::tool::KernelLine& written = files.lines[next++];
      fuzz::require(number == written.number, "a line keeps its number");
      fuzz::require(string == (written.file == 0 ? 0 : written.file + 1), "a line keeps its file");
    }
    ++number;
  }
  fuzz::require(next == files.lines.size(), "every line is in the compiler's input, in order");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pmb::tool;
  const std::string_view whole = fuzz::text_of(data, size);
  if (leaves_folder(whole)) return 0;
  constexpr std::string_view kSeparator = "\n---\n";
  const std::size_t at = whole.find(kSeparator);
  const std::string kernel(whole.substr(0, at));
  const std::string_view included =
      at == std::string_view::npos ? std::string_view() : whole.substr(at + kSeparator.size());
  std::ofstream(folder() / "a.glsl", std::ios::binary) << included;
  const std::string name = (folder() / "k.comp").string();

  const auto files = expand_includes(name, kernel);
  const auto source = assemble_kernel(name, kernel);
  if (!files) {
    fuzz::require(!source && source.error().code == kKernel, "a kernel that cannot be expanded is refused");
    return 0;
  }
  for (const KernelLine& line : files->lines) {
    fuzz::require(line.file < files->names.size() && line.number > 0, "every line has a place");
    fuzz::require(line.text.size() == line.plain.size(), "comments are blanked out, not cut out");
    fuzz::require(line.text.find('\n') == std::string::npos, "a line is one line");
  }
  if (!source) {
    fuzz::require(source.error().code == kKernel && !source.error().message.empty(), "a refusal says why");
    return 0;
  }
  fuzz::require(source->assembled.find(kernel_prelude()) != std::string::npos, "the prelude is in it");
  fuzz::require(source->files == files->names, "the files are those that were read");
  // A #line of the kernel's counts otherwise.
  const bool counts = std::ranges::none_of(
      files->lines, [](const KernelLine& line) { return line.text.find("#line") != std::string::npos; });
  if (counts) check_places(*files, source->assembled);
  // Any text may be a compiler's log.
  const std::string log = map_compile_log(source->files, whole);
  fuzz::require(std::ranges::count(log, '\n') <= std::ranges::count(whole, '\n') + 1,
                "a mapped log has no more lines");
  return 0;
}
