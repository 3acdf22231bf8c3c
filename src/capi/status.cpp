// SPDX-License-Identifier: MIT
// Statuses, names and the last error of each thread.
#include <pmb/version.hpp>
#include <string>

#include "capi/border.hpp"

namespace pmb::capi {
namespace {

/// The sentence is made when it is asked for: "not now" is frequent, and seldom printed.
struct LastError {
  Error error = {};
  std::string sentence = {};
  bool has_sentence = false;
};

LastError& last_error() noexcept {
  thread_local LastError last;
  return last;
}

}  // namespace

pmb_status remember(const Error& error) noexcept {
  LastError& last = last_error();
  last.error = error;
  last.has_sentence = false;
  return static_cast<pmb_status>(error.status);
}

pmb_status remember(const Misuse& misuse, std::source_location where) noexcept {
  return remember({.status = status_of(misuse.id),
                   .id = misuse.id,
                   .numbers = {misuse.numbers[0], misuse.numbers[1], misuse.numbers[2]},
                   .gl_call = function_at(where),
                   .where = where});
}

const char* function_at(const std::source_location& where) noexcept {
  // Some compilers write the return type, too: "pmb_status pmb_timeline_mark(pmb_context*, pmb_ticket*)".
  const std::string_view whole = where.function_name();
  const std::size_t end = std::min(whole.find('('), whole.size());
  const std::size_t before = whole.substr(0, end).find_last_of(" *");
  return whole.data() + (before == std::string_view::npos ? 0 : before + 1);
}

void give_text(std::string_view whole, char* text, std::int64_t text_bytes, std::int64_t* length) {
  if (number(text_bytes) != 0) {
    const std::size_t count = std::min(whole.size(), static_cast<std::size_t>(text_bytes) - 1);
    *std::copy_n(whole.data(), count, not_null(text)) = '\0';
  }
  if (length) *length = to_c(whole.size());
}

}  // namespace pmb::capi

using namespace pmb::capi;

const char* pmb_last_error_message(void) {
  LastError& last = last_error();
  if (last.error.id == pmb::ErrorId::none) return "";
  if (!last.has_sentence) {
    try {
      last.sentence = last.error.message();
      last.has_sentence = true;
    } catch (const std::exception&) {
      return pmb_error_name(pmb_last_error_id());
    }
  }
  return last.sentence.c_str();
}

pmb_error_id pmb_last_error_id(void) {
  return static_cast<pmb_error_id>(last_error().error.id);
}

const char* pmb_status_name(pmb_status status) {
  return to_string(static_cast<pmb::Status>(status));
}

const char* pmb_error_name(pmb_error_id id) {
  const auto known = static_cast<pmb::ErrorId>(id);
  return id != 0 && pmb::status_of(known) == pmb::Status::ok ? "unknown" : to_string(known);
}

const char* pmb_library_version(void) {
  return pmb::library_version();
}
