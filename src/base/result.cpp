// SPDX-License-Identifier: MIT
#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <pmb/validation.hpp>
#include <utility>

#include "base/fail.hpp"

namespace pmb {
namespace {

struct ErrorEntry {
  ErrorId id;
  const char* name;
  Status status;
  Severity severity;
  const char* section;
  const char* sentence;
};

constexpr ErrorEntry kErrors[] = {
    {ErrorId::none, "none", Status::ok, Severity::advice, "", "no error"},
#define PMB_ERROR(number, id, status, severity, section, sentence) \
  {ErrorId::id, #id, Status::status, Severity::severity, section, sentence},
#include <pmb/errors.def>
#undef PMB_ERROR
};

const ErrorEntry& entry_of(ErrorId id) noexcept {
  const auto* const found = std::ranges::find(kErrors, id, &ErrorEntry::id);
  return found != std::end(kErrors) ? *found : kErrors[0];
}

constexpr std::pair<std::uint32_t, const char*> kGlErrors[] = {
    // OpenGL 4.6 core, table 2.3
    {0x0000, "no GL error"},      {0x0500, "GL_INVALID_ENUM"},
    {0x0501, "GL_INVALID_VALUE"}, {0x0502, "GL_INVALID_OPERATION"},
    {0x0505, "GL_OUT_OF_MEMORY"}, {0x0506, "GL_INVALID_FRAMEBUFFER_OPERATION"},
    {0x0507, "GL_CONTEXT_LOST"},
};

const char* gl_error_name(std::uint32_t error) noexcept {
  const auto* const found =
      std::ranges::find(kGlErrors, error, &std::pair<std::uint32_t, const char*>::first);
  return found != std::end(kGlErrors) ? found->second : "an unknown GL error";
}

}  // namespace

Error make_error(ErrorId id, std::source_location where, Error rest) noexcept {
  rest.id = id;
  rest.status = status_of(id);
  rest.where = where;
  return rest;
}

std::string Error::message() const {
  fmt::dynamic_format_arg_store<fmt::format_context> arguments;
  for (const std::uint64_t number : numbers) arguments.push_back(number);
  arguments.push_back(fmt::arg("call", gl_call));
  arguments.push_back(fmt::arg("gl", gl_error_name(gl_error)));
  return fmt::vformat(entry_of(id).sentence, arguments);
}

Status status_of(ErrorId id) noexcept {
  return entry_of(id).status;
}

Severity severity_of(ErrorId id) noexcept {
  return entry_of(id).severity;
}

const char* section_of(ErrorId id) noexcept {
  return entry_of(id).section;
}

const char* to_string(ErrorId id) noexcept {
  return entry_of(id).name;
}

const char* to_string(Status status) noexcept {
  // From Status::gl_error to Status::timed_out.
  constexpr const char* kNames[] = {"gl_error",         "refused",     "stale_handle", "wrong_context",
                                    "invalid_argument", "wait_failed", "fence_failed", "context_lost",
                                    "data_lost",        "map_failed",  "too_large",    "out_of_memory",
                                    "unsupported",      "ok",          "would_block",  "timed_out"};
  const int index = static_cast<int>(status) - static_cast<int>(Status::gl_error);
  return index >= 0 && index < std::ssize(kNames) ? kNames[index] : "unknown";
}

}  // namespace pmb
