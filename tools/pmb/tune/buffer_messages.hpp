// SPDX-License-Identifier: MIT
// The placements that NVIDIA's driver reports: debug messages 131185 and 131186.
#pragma once

#include <glad/gl.h>

#include <cstdint>
#include <map>
#include <optional>
#include <pmb/tune/calibrate.hpp>
#include <string_view>
#include <utility>

namespace pmb::tool {

/// The buffer of a message and its memory; empty for other messages.
std::optional<std::pair<std::uint32_t, ReportedMemory>> reported_placement(std::uint32_t message_id,
                                                                           std::string_view message);

/// Owns the debug output of the current context while it lives.
class BufferMessages {
 public:
  explicit BufferMessages(const GladGLContext& gl);
  ~BufferMessages();
  BufferMessages(const BufferMessages&) = delete;
  BufferMessages& operator=(const BufferMessages&) = delete;

  /// Removes and returns the last report on a buffer. GL reuses names for later buffers.
  ReportedMemory take(std::uint32_t buffer);

 private:
  static void GLAD_API_PTR receive(GLenum source, GLenum type, GLuint id, GLenum severity, GLsizei length,
                                   const GLchar* message, const void* user);

  const GladGLContext& gl_;
  bool installed_ = false;
  std::map<std::uint32_t, ReportedMemory> places_;
};

}  // namespace pmb::tool
