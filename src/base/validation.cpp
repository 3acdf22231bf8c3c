// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <pmb/validation.hpp>

#include "base/fail.hpp"
#include "base/platform.hpp"

namespace pmb {
namespace {

std::string sentence_of(const Report& report) {
  return make_error(report.id, report.noticed_at,
                    {.numbers = {report.numbers[0], report.numbers[1], report.numbers[2]}})
      .message();
}

/// "buffer 3 'vertices', bytes 64 to 128"
std::string object_of(const Report& report) {
  std::string text = fmt::format("buffer {}", report.buffer);
  if (!report.label.empty()) text += fmt::format(" '{}'", report.label);
  if (report.begin_bytes < report.end_bytes)
    text += fmt::format(", bytes {} to {}", report.begin_bytes, report.end_bytes);
  return text;
}

std::string place(const char* verb, const std::source_location& location) {
  if (location.line() == 0) return {};
  return fmt::format(", {} at {}:{}", verb, location.file_name(), location.line());
}

/// The lines of one place of a report; none if it is unknown.
std::string place_lines(const char* verb, const std::source_location& location,
                        std::span<void* const> stack) {
  std::string text;
  if (location.line() != 0) {
    text = fmt::format("  {:<8} {}:{} in {}\n", verb, location.file_name(), location.line(),
                       location.function_name());
  } else if (!stack.empty()) {
    text = fmt::format("  {}\n", verb);
  }
  for (std::size_t i = 0; i < stack.size(); ++i)
    text += fmt::format("    #{} {}\n", i, detail::describe_address(stack[i]));
  return text;
}

}  // namespace

std::string Report::message() const {
  return fmt::format("PMB-{} {}: {} ({}", static_cast<unsigned>(id), to_string(id), sentence_of(*this),
                     object_of(*this)) +
         place("acquired", acquired_at) + place("noticed", noticed_at) + ")";
}

std::string Report::details() const {
  std::string text = fmt::format(
      "pmb: {} PMB-{} {}\n  {}\n  object   {}\n", severity_of(id) == Severity::advice ? "advice" : "error",
      static_cast<unsigned>(id), to_string(id), sentence_of(*this), object_of(*this));
  text += place_lines("acquired", acquired_at, acquired_stack);
  text += place_lines("noticed", noticed_at, noticed_stack);
  if (*section_of(id) != '\0')
    text += fmt::format("  rule     OpenGL 4.6 core, section {}\n", section_of(id));
  return text;
}

void print_report(const Report& report) noexcept {
  try {
    const std::string text = report.details();
    std::fwrite(text.data(), 1, text.size(), stderr);
  } catch (const std::exception&) {
    std::fprintf(stderr, "pmb: PMB-%u\n", static_cast<unsigned>(report.id));
  }
}

}  // namespace pmb
