// SPDX-License-Identifier: MIT
#include <fmt/args.h>
#include <fmt/format.h>

#include <pmb/validation.hpp>
#include <span>
#include <utility>

#include "base/fail.hpp"

namespace pmb {
namespace {

struct ErrorEntry {
  ErrorId id;
  const char* name;
  Status status;
  const char* sentence;
};

constexpr ErrorEntry kErrors[] = {
    {ErrorId::none, "none", Status::ok, "no error"},
#define PMB_ERROR(number, id, status, sentence) {ErrorId::id, #id, Status::status, sentence},
#include <pmb/errors.def>
#undef PMB_ERROR
};

const ErrorEntry& entry_of(ErrorId id) noexcept {
  for (const ErrorEntry& entry : kErrors) {
    if (entry.id == id) return entry;
  }
  return kErrors[0];
}

constexpr std::pair<std::uint32_t, const char*> kGlErrors[] = {
    // OpenGL 4.6 core, table 2.3
    {0x0000, "no GL error"},      {0x0500, "GL_INVALID_ENUM"},
    {0x0501, "GL_INVALID_VALUE"}, {0x0502, "GL_INVALID_OPERATION"},
    {0x0505, "GL_OUT_OF_MEMORY"}, {0x0506, "GL_INVALID_FRAMEBUFFER_OPERATION"},
    {0x0507, "GL_CONTEXT_LOST"},
};

constexpr std::pair<Status, const char*> kStatuses[] = {
    {Status::ok, "ok"},
    {Status::would_block, "would_block"},
    {Status::timed_out, "timed_out"},
    {Status::unsupported, "unsupported"},
    {Status::out_of_memory, "out_of_memory"},
    {Status::too_large, "too_large"},
    {Status::map_failed, "map_failed"},
    {Status::data_lost, "data_lost"},
    {Status::context_lost, "context_lost"},
    {Status::fence_failed, "fence_failed"},
    {Status::wait_failed, "wait_failed"},
    {Status::invalid_argument, "invalid_argument"},
    {Status::wrong_context, "wrong_context"},
    {Status::stale_handle, "stale_handle"},
    {Status::refused, "refused"},
    {Status::gl_error, "gl_error"},
};

template <class Key>
const char* name_in(std::span<const std::pair<Key, const char*>> names, Key key,
                    const char* otherwise) noexcept {
  for (const auto& [known, name] : names) {
    if (known == key) return name;
  }
  return otherwise;
}

std::string place(const char* verb, const std::source_location& location) {
  if (location.line() == 0) return {};
  return fmt::format(", {} at {}:{}", verb, location.file_name(), location.line());
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
  arguments.push_back(fmt::arg("gl", name_in<std::uint32_t>(kGlErrors, gl_error, "an unknown GL error")));
  return fmt::vformat(entry_of(id).sentence, arguments);
}

std::string Report::message() const {
  const Error error = make_error(id, noticed_at, {.numbers = {numbers[0], numbers[1], numbers[2]}});
  std::string text = fmt::format("PMB-{} {}: {} (buffer {}", static_cast<unsigned>(id), to_string(id),
                                 error.message(), buffer);
  if (!label.empty()) text += fmt::format(" '{}'", label);
  if (begin_bytes < end_bytes) text += fmt::format(", bytes {} to {}", begin_bytes, end_bytes);
  return text + place("acquired", acquired_at) + place("noticed", noticed_at) + ")";
}

Status status_of(ErrorId id) noexcept {
  return entry_of(id).status;
}

const char* to_string(ErrorId id) noexcept {
  return entry_of(id).name;
}

const char* to_string(Status status) noexcept {
  return name_in<Status>(kStatuses, status, "unknown");
}

}  // namespace pmb
