// SPDX-License-Identifier: MIT
// Where NVIDIA's driver says that a buffer lies: debug messages 131185 and 131186.
#pragma once

#include <glad/gl.h>

#include <cstdint>
#include <map>
#include <optional>
#include <pmb/tune/calibrate.hpp>
#include <string_view>
#include <utility>

namespace pmb::tool {

/// The buffer that a message is about and where it is said to lie; none for messages that tell no place.
std::optional<std::pair<std::uint32_t, ReportedMemory>> buffer_place(std::uint32_t message_id,
                                                                     std::string_view message);

/// While it lives, debug output of the current context is its own: for contexts that nobody else uses.
class BufferMessages {
 public:
  explicit BufferMessages(const GladGLContext& gl);
  ~BufferMessages();
  BufferMessages(const BufferMessages&) = delete;
  BufferMessages& operator=(const BufferMessages&) = delete;

  /// The last word on a buffer, which is then forgotten: names come back for other buffers.
  ReportedMemory take(std::uint32_t buffer);

 private:
  static void GLAD_API_PTR receive(GLenum source, GLenum type, GLuint id, GLenum severity, GLsizei length,
                                   const GLchar* message, const void* user);

  const GladGLContext& gl_;
  bool installed_ = false;
  std::map<std::uint32_t, ReportedMemory> places_;
};

}  // namespace pmb::tool
