// SPDX-License-Identifier: MIT
#include "context/driver_messages.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

#include "context/context_state.hpp"
#include "context/mapping.hpp"

namespace pmb::detail {

void DriverMessages::listen(const ContextState& context) noexcept {
  const GlTable& gl = context.gl;
  const bool has_debug = gl.version() >= (gl.limits.gles ? 32 : 43);
  if (!has_debug || !gl.IsEnabled(GL_DEBUG_OUTPUT)) return;
  void* callback = nullptr;
  gl.GetPointerv(GL_DEBUG_CALLBACK_FUNCTION, &callback);
  if (callback) return;
  gl.DebugMessageCallback(&DriverMessages::receive, this);
  listening_ = true;
}

void DriverMessages::stop(const ContextState& context) noexcept {
  if (std::exchange(listening_, false)) context.gl.DebugMessageCallback(nullptr, nullptr);
}

GLuint DriverMessages::moved_buffer(std::string_view message) noexcept {
  // NVIDIA: "Buffer performance warning: Buffer object 3 (bound to …, usage hint is …) is being copied/moved from VIDEO
  // memory to HOST memory."
  constexpr std::string_view kObject = "Buffer object ";
  const std::size_t at = message.find(kObject);
  if (at == std::string_view::npos ||
      message.find("from VIDEO memory to HOST memory") == std::string_view::npos)
    return 0;
  GLuint buffer = 0;
  const char* const digits = message.data() + at + kObject.size();
  std::from_chars(digits, message.data() + message.size(), buffer);
  return buffer;
}

void GLAD_API_PTR DriverMessages::receive(GLenum, GLenum, GLuint, GLenum, GLsizei length,
                                          const GLchar* message, const void* self) noexcept {
  const std::string_view text =
      length < 0 ? std::string_view(message) : std::string_view(message, static_cast<std::size_t>(length));
  const GLuint buffer = moved_buffer(text);
  if (buffer == 0) return;
  auto& messages = *const_cast<DriverMessages*>(static_cast<const DriverMessages*>(self));
  try {
    const std::lock_guard lock(messages.lock_);
    messages.moved_.push_back(buffer);
  } catch (const std::exception&) {
    // Advice needs memory.
  }
}

void DriverMessages::report_moved(const ContextState& context, std::source_location where) {
  std::vector<GLuint> moved;
  {
    const std::lock_guard lock(lock_);
    moved.swap(moved_);
  }
  for (const GLuint buffer : moved) {
    if (std::ranges::count(reported_, buffer) != 0) continue;
    reported_.push_back(buffer);
    Report report = {.id = ErrorId::buffer_moved, .buffer = buffer, .noticed_at = where};
    context.registry.visit_mappings([&](const void*, const Mapping& mapping) {
      if (mapping.buffer == buffer) report = mapping.report(ErrorId::buffer_moved, 0, mapping.size, where);
    });
    context.report(report);
  }
}

}  // namespace pmb::detail
