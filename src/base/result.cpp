// SPDX-License-Identifier: MIT
#include <fmt/args.h>
#include <fmt/format.h>

#include <pmb/result.hpp>
#include <string_view>

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

// OpenGL 4.6 core, table 2.3.
const char* gl_error_name(std::uint32_t error) noexcept {
  switch (error) {
    case 0x0000:
      return "no GL error";
    case 0x0500:
      return "GL_INVALID_ENUM";
    case 0x0501:
      return "GL_INVALID_VALUE";
    case 0x0502:
      return "GL_INVALID_OPERATION";
    case 0x0505:
      return "GL_OUT_OF_MEMORY";
    case 0x0506:
      return "GL_INVALID_FRAMEBUFFER_OPERATION";
    case 0x0507:
      return "GL_CONTEXT_LOST";
    default:
      return "an unknown GL error";
  }
}

}  // namespace

Error make_error(ErrorId id, std::source_location where, const FailDetails& details) noexcept {
  Error error;
  error.status = entry_of(id).status;
  error.id = id;
  error.gl_error = details.gl_error;
  error.gl_call = details.gl_call;
  for (int i = 0; i < 3; ++i) error.numbers[i] = details.numbers[i];
  error.where = where;
  return error;
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

const char* to_string(ErrorId id) noexcept {
  return entry_of(id).name;
}

const char* to_string(Status status) noexcept {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::would_block:
      return "would_block";
    case Status::timed_out:
      return "timed_out";
    case Status::unsupported:
      return "unsupported";
    case Status::out_of_memory:
      return "out_of_memory";
    case Status::too_large:
      return "too_large";
    case Status::map_failed:
      return "map_failed";
    case Status::data_lost:
      return "data_lost";
    case Status::context_lost:
      return "context_lost";
    case Status::fence_failed:
      return "fence_failed";
    case Status::wait_failed:
      return "wait_failed";
    case Status::invalid_argument:
      return "invalid_argument";
    case Status::wrong_context:
      return "wrong_context";
    case Status::stale_handle:
      return "stale_handle";
    case Status::refused:
      return "refused";
    case Status::gl_error:
      return "gl_error";
  }
  return "unknown";
}

}  // namespace pmb
