// SPDX-License-Identifier: MIT
// Assembles kernels and maps compile logs.

#include "kernel_source.hpp"

#include <charconv>
#include <regex>

#include "kernel_files.hpp"

namespace pmb::tool {
namespace {

constexpr int kLeastVersion = 430;

// Drivers repeat the number of #line's source string in front of a line number. The prelude is string 1, which
// separates the kernel from the files that it includes.
constexpr std::size_t kPreludeString = 1;

constexpr std::size_t string_of(std::size_t file) {
  return file == 0 ? 0 : file + kPreludeString;
}
constexpr std::size_t file_of(std::size_t string_number) {
  return string_number == 0 ? 0 : string_number - kPreludeString;
}

struct LeadingDirectives {
  int version = 0;
  const KernelLine* version_line = nullptr;
  std::size_t lines = 0;  ///< Up to the last #version or #extension outside of any #if.
};

// GLSL wants #extension in front of every declaration, and so in front of the prelude (GLSL 4.30,
// section 3.3).
LeadingDirectives find_leading(std::span<const KernelLine> lines) {
  LeadingDirectives leading;
  int depth = 0;
  bool pending = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i].plain;
    std::string_view rest;
    const std::string_view directive = directive_of(line, rest);
    if (directive.empty() && line.find_first_not_of(" \t\r#") != std::string_view::npos) break;
    if (directive == "version") {
      std::from_chars(rest.data(), rest.data() + rest.size(), leading.version);
      leading.version_line = &lines[i];
      pending = true;
    }
    if (directive == "extension") pending = true;
    if (directive.starts_with("if")) ++depth;
    if (directive == "endif") --depth;
    if (pending && depth == 0) {
      leading.lines = i + 1;
      pending = false;
    }
  }
  return leading;
}

bool ends_branch(const KernelLine& line) {
  std::string_view rest;
  const std::string_view directive = directive_of(line.plain, rest);
  return directive == "endif" || directive.starts_with("el");
}

// The compiler's input, with #line wherever the compiler would count wrongly.
class Assembly {
 public:
  explicit Assembly(bool includes) : includes_(includes) {}
  void add(const KernelLine& line) {
    if (line.file != file_ || line.number != next_) place(line);
    text_ += line.text;
    text_ += '\n';
    next_ = line.number + 1;
    // A #line inside a branch that is not taken is skipped, too.
    if (includes_ && ends_branch(line)) next_ = 0;
  }
  void add_prelude() {
    text_ += fmt::format("#line 1 {}\n{}", kPreludeString, kernel_prelude());
    next_ = 0;
  }
  void add_version() {
    text_ += fmt::format("#version {} core\n", kLeastVersion);
    next_ = 0;
  }
  std::string take() { return std::move(text_); }

 private:
  void place(const KernelLine& line) {
    text_ += fmt::format("#line {} {}\n", line.number, string_of(line.file));
    file_ = line.file;
  }

  bool includes_;
  std::string text_;
  std::size_t file_ = 0;
  int next_ = 1;  ///< The number that the compiler gives to the next line; 0 is unknown.
};

}  // namespace

Outcome<KernelSource> assemble_kernel(std::string name, std::string text) {
  auto files = expand_includes(name, text);
  if (!files) return pass_on(files);
  const std::span<const KernelLine> lines = files->lines;
  const LeadingDirectives leading = find_leading(lines);
  if (leading.version_line != nullptr && leading.version < kLeastVersion) {
    return fail(kKernel, "{}:{}: #version {} has no compute shaders; write #version {} or leave the line out",
                name, leading.version_line->number, leading.version, kLeastVersion);
  }
  Assembly assembly(files->names.size() > 1);
  if (leading.version_line == nullptr) assembly.add_version();
  for (const KernelLine& line : lines.first(leading.lines)) assembly.add(line);
  assembly.add_prelude();
  for (const KernelLine& line : lines.subspan(leading.lines)) assembly.add(line);
  return KernelSource{std::move(files->names), assembly.take()};
}

Outcome<KernelSource> read_kernel(const std::string& file) {
  auto text = read_text(file);
  if (!text) {
    return fail(kUsage, "the kernel {} is neither a built-in (see pmb stream --list) nor a readable file",
                file);
  }
  return assemble_kernel(file, std::move(*text));
}

std::string map_compile_log(std::span<const std::string> files, std::string_view log) {
  // Mesa: "0:12(5): error: …"; NVIDIA: "0(12) : error C0000: …"; AMD, Intel and glslang: "ERROR: 0:12: …".
  static const std::regex kMesa(R"(^(\d+):(\d+)\(\d+\): (.*)$)");
  static const std::regex kNvidia(R"(^(\d+)\((\d+)\) : (.*)$)");
  static const std::regex kOthers(R"(^(ERROR|WARNING): (\d+):(\d+): (.*)$)");

  const auto place = [&](const std::string& string_number, const std::string& line) {
    std::size_t number = 0;
    std::from_chars(string_number.data(), string_number.data() + string_number.size(), number);
    if (number == kPreludeString) return fmt::format("prelude of {}:{}", files.front(), line);
    const std::size_t file = file_of(number);
    return fmt::format("{}:{}", file < files.size() ? files[file] : files.front(), line);
  };
  std::string mapped;
  std::size_t at = 0;
  while (at < log.size()) {
    const std::size_t newline = std::min(log.find('\n', at), log.size());
    std::string line(log.substr(at, newline - at));
    at = newline + 1;
    while (!line.empty() && (line.back() == '\0' || line.back() == '\r')) line.pop_back();
    if (line.empty()) continue;
    std::smatch found;
    if (std::regex_match(line, found, kMesa) || std::regex_match(line, found, kNvidia)) {
      line = fmt::format("{}: {}", place(found[1], found[2]), found[3].str());
    } else if (std::regex_match(line, found, kOthers)) {
      line = fmt::format("{}: {}: {}", place(found[2], found[3]), found[1] == "ERROR" ? "error" : "warning",
                         found[4].str());
    }
    if (!mapped.empty()) mapped.push_back('\n');
    mapped += line;
  }
  return mapped;
}

}  // namespace pmb::tool
