// SPDX-License-Identifier: MIT
// Assembles kernels and maps compile logs.

#include "kernel_source.hpp"

#include <cctype>
#include <charconv>
#include <fstream>
#include <iterator>
#include <regex>

#include "byte_source.hpp"

namespace pmb::tool {
namespace {

// Numbers of source strings in #line: drivers repeat them in front of the line number.
constexpr int kKernelString = 0;
constexpr int kPreludeString = 1;

constexpr int kLeastVersion = 430;

// Blanks out comments, line structure kept, so that directives can be found line by line.
std::string without_comments(std::string_view text) {
  std::string plain(text);
  enum class In { code, line_comment, block_comment } in = In::code;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const bool pair = i + 1 < plain.size();
    if (in == In::code && pair && plain[i] == '/' && (plain[i + 1] == '/' || plain[i + 1] == '*')) {
      in = plain[i + 1] == '/' ? In::line_comment : In::block_comment;
      plain[i] = plain[i + 1] = ' ';
      ++i;
    } else if (plain[i] == '\n') {
      if (in == In::line_comment) in = In::code;
    } else if (in == In::block_comment && pair && plain[i] == '*' && plain[i + 1] == '/') {
      in = In::code;
      plain[i] = plain[i + 1] = ' ';
      ++i;
    } else if (in != In::code) {
      plain[i] = ' ';
    }
  }
  return plain;
}

// For "#  version 430", returns "version" and sets `rest`; for other lines, returns nothing.
std::string_view directive_of(std::string_view line, std::string_view& rest) {
  const auto skip_blanks = [&](std::size_t from) {
    return std::min(line.find_first_not_of(" \t\r", from), line.size());
  };
  std::size_t at = skip_blanks(0);
  if (at == line.size() || line[at] != '#') return {};
  at = skip_blanks(at + 1);
  std::size_t end = at;
  while (end < line.size() && std::isalpha(static_cast<unsigned char>(line[end]))) ++end;
  rest = line.substr(skip_blanks(end));
  return line.substr(at, end - at);
}

struct LeadingDirectives {
  int version = 0;       ///< 0 without a #version.
  int version_line = 0;  ///< From 1 on.
  std::size_t end = 0;   ///< Offset behind the last #version or #extension outside of any #if.
  int lines = 0;         ///< Lines before `end`.
};

// GLSL wants #extension in front of every declaration, and so in front of the prelude (GLSL 4.30,
// section 3.3).
LeadingDirectives find_leading(std::string_view plain) {
  LeadingDirectives leading;
  int depth = 0;
  bool pending = false;
  int line_number = 0;
  std::size_t at = 0;
  while (at < plain.size()) {
    const std::size_t newline = plain.find('\n', at);
    const std::size_t next = newline == std::string_view::npos ? plain.size() : newline + 1;
    const std::string_view line = plain.substr(at, next - at);
    ++line_number;
    at = next;
    std::string_view rest;
    const std::string_view directive = directive_of(line, rest);
    if (directive.empty() && line.find_first_not_of(" \t\r\n#") != std::string_view::npos) break;
    if (directive == "version") {
      std::from_chars(rest.data(), rest.data() + rest.size(), leading.version);
      leading.version_line = line_number;
      pending = true;
    }
    if (directive == "extension") pending = true;
    if (directive.starts_with("if")) ++depth;
    if (directive == "endif") --depth;
    if (pending && depth == 0) {
      leading.end = at;
      leading.lines = line_number;
      pending = false;
    }
  }
  return leading;
}

}  // namespace

Outcome<KernelSource> assemble_kernel(std::string name, std::string text) {
  const LeadingDirectives leading = find_leading(without_comments(text));
  if (leading.version_line != 0 && leading.version < kLeastVersion) {
    return fail(kKernel, "{}:{}: #version {} has no compute shaders; write #version {} or leave the line out",
                name, leading.version_line, leading.version, kLeastVersion);
  }
  const std::string_view all = text;
  std::string head(all.substr(0, leading.end));
  if (!head.empty() && head.back() != '\n') head.push_back('\n');
  std::string assembled;
  if (leading.version_line == 0)
    assembled = fmt::format("#version {} core\n#line 1 {}\n", kLeastVersion, kKernelString);
  assembled += head;
  assembled += fmt::format("#line 1 {}\n", kPreludeString);
  assembled += kernel_prelude();
  assembled += fmt::format("#line {} {}\n", leading.lines + 1, kKernelString);
  assembled += all.substr(leading.end);
  return KernelSource{std::move(name), std::move(text), std::move(assembled)};
}

Outcome<KernelSource> read_kernel(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream.is_open() || stream.bad()) {
    return fail(kUsage, "the kernel {} is neither a built-in (see pmb stream --list) nor a readable file",
                file);
  }
  return assemble_kernel(file, std::move(text));
}

std::string map_compile_log(std::string_view name, std::string_view log) {
  // Mesa: "0:12(5): error: …"; NVIDIA: "0(12) : error C0000: …"; AMD, Intel and glslang: "ERROR: 0:12: …".
  static const std::regex kMesa(R"(^(\d+):(\d+)\(\d+\): (.*)$)");
  static const std::regex kNvidia(R"(^(\d+)\((\d+)\) : (.*)$)");
  static const std::regex kOthers(R"(^(ERROR|WARNING): (\d+):(\d+): (.*)$)");

  const auto place = [&](const std::string& string_number, const std::string& line) {
    return string_number == std::to_string(kPreludeString) ? fmt::format("prelude of {}:{}", name, line)
                                                           : fmt::format("{}:{}", name, line);
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
