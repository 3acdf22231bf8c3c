// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pmb/validation.hpp>

#include "base/fail.hpp"

namespace pmb {
namespace {

std::string place(const char* verb, const std::source_location& location) {
  if (location.line() == 0) return {};
  return fmt::format(", {} at {}:{}", verb, location.file_name(), location.line());
}

}  // namespace

std::string Report::message() const {
  const Error error = make_error(id, noticed_at, {.numbers = {numbers[0], numbers[1], numbers[2]}});
  std::string text = fmt::format("PMB-{} {}: {} (buffer {}", static_cast<unsigned>(id), to_string(id),
                                 error.message(), buffer);
  if (!label.empty()) text += fmt::format(" '{}'", label);
  if (begin_bytes < end_bytes) text += fmt::format(", bytes {} to {}", begin_bytes, end_bytes);
  return text + place("acquired", acquired_at) + place("noticed", noticed_at) + ")";
}

}  // namespace pmb
