// SPDX-License-Identifier: MIT
// The driver's messages about buffers that it moves, as advice of validation. GL_KHR_debug delivers them where debug output is
// enabled, as it is in debug contexts. A callback of the program keeps them.
//
// Threads: a driver may send messages on its own threads; everything else belongs to the context's thread.
#pragma once

#include <glad/gl.h>

#include <mutex>
#include <source_location>
#include <string_view>
#include <vector>

namespace pmb::detail {

struct ContextState;

class DriverMessages {
 public:
  /// Takes the callback if debug output is enabled and no callback is set.
  void listen(const ContextState& context) noexcept;
  /// Gives the callback back. The context must be current.
  void stop(const ContextState& context) noexcept;
  /// Reports buffers that were moved since the last call, each once.
  void report_moved(const ContextState& context, std::source_location where);

  /// The buffer that a message says was moved to system memory; 0 if it says nothing of the kind.
  static GLuint moved_buffer(std::string_view message) noexcept;

 private:
  static void GLAD_API_PTR receive(GLenum source, GLenum type, GLuint id, GLenum severity, GLsizei length,
                                   const GLchar* message, const void* self) noexcept;

  bool listening_ = false;
  std::vector<GLuint> reported_;
  std::mutex lock_;
  std::vector<GLuint> moved_;  ///< Guarded by the lock.
};

}  // namespace pmb::detail
