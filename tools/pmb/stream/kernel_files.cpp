// SPDX-License-Identifier: MIT
// Reads kernels and the files that they include.

#include "kernel_files.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

namespace pmb::tool {
namespace {

// A hundred times a long kernel. Files that include each other twice would else grow without end.
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 20;

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

// Editors write a mark at the start of UTF-8 text; compilers refuse it.
Outcome<std::string_view> without_mark(const std::string& name, std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) return text.substr(3);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return fail(kKernel, "{}: the file is UTF-16; save it as UTF-8", name);
  }
  return text;
}

class Expansion {
 public:
  Outcome<void> add(const std::string& name, std::string_view whole) {
    const auto text = without_mark(name, whole);
    if (!text) return tl::unexpected(text.error());
    bytes_ += text->size();
    if (bytes_ > kMaxTextBytes) {
      return fail(kKernel, "{}: the kernel and what it includes are longer than {} bytes", name,
                  kMaxTextBytes);
    }
    const std::string plain = without_comments(*text);
    const std::size_t file = number_of(name);
    open_.push_back(name);
    int number = 0;
    for (std::size_t at = 0; at < text->size();) {
      const std::size_t end = std::min(text->find('\n', at), text->size());
      KernelLine line{.text = std::string(text->substr(at, end - at)),
                      .plain = plain.substr(at, end - at),
                      .file = file,
                      .number = ++number};
      at = end + 1;
      if (auto added = add_line(std::move(line)); !added) return added;
    }
    open_.pop_back();
    return {};
  }
  KernelFiles take() { return std::move(result_); }

 private:
  std::size_t number_of(const std::string& name) {
    const auto found = std::ranges::find(result_.names, name);
    if (found != result_.names.end()) return static_cast<std::size_t>(found - result_.names.begin());
    result_.names.push_back(name);
    return result_.names.size() - 1;
  }

  Outcome<void> add_line(KernelLine line) {
    std::string_view rest;
    const std::string_view directive = directive_of(line.plain, rest);
    const std::string place = fmt::format("{}:{}", result_.names[line.file], line.number);
    if (directive == "version" && line.file != 0) {
      return fail(kKernel, "{}: #version stands in an included file; move it to {}", place, open_.front());
    }
    if (directive == "include") return include(line.text, place);
    result_.lines.push_back(std::move(line));
    return {};
  }

  Outcome<void> include(std::string_view line, const std::string& place) {
    const std::size_t first = line.find('"');
    const std::size_t last = first == std::string_view::npos ? first : line.find('"', first + 1);
    if (last == std::string_view::npos || last == first + 1) {
      return fail(kKernel, "{}: #include needs a file in quotation marks: #include \"file\"", place);
    }
    const std::filesystem::path wanted(line.substr(first + 1, last - first - 1));
    const std::filesystem::path folder = std::filesystem::path(open_.back()).parent_path();
    const std::string name = (folder / wanted).lexically_normal().string();
    if (auto repeated = refuse_cycle(name, place); !repeated) return repeated;
    const std::optional<std::string> text = read_text(name);
    if (!text) return fail(kKernel, "{}: the included file {} cannot be read", place, name);
    return add(name, *text);
  }

  Outcome<void> refuse_cycle(const std::string& name, const std::string& place) const {
    std::error_code missing;
    const bool open = std::ranges::any_of(open_, [&](const std::string& other) {
      return other == name || std::filesystem::equivalent(other, name, missing);
    });
    if (!open) return {};
    std::string chain;
    for (const std::string& other : open_) chain += other + " includes ";
    return fail(kKernel, "{}: the file {} includes itself: {}{}", place, name, chain, name);
  }

  KernelFiles result_;
  std::size_t bytes_ = 0;
  std::vector<std::string> open_;  ///< The files that are being read, outermost first.
};

}  // namespace

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

std::optional<std::string> read_text(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text;
  // A folder opens, but cannot be read. A device may have no end.
  std::string piece(std::size_t{1} << 16, '\0');
  while (text.size() <= kMaxTextBytes &&
         (stream.read(piece.data(), std::ssize(piece)) || stream.gcount() > 0)) {
    text.append(piece, 0, static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream.is_open() || stream.bad()) return std::nullopt;
  return text;
}

Outcome<KernelFiles> expand_includes(const std::string& name, std::string_view text) {
  Expansion expansion;
  if (auto added = expansion.add(name, text); !added) return pass_on(added);
  return expansion.take();
}

}  // namespace pmb::tool
