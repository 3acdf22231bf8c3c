// SPDX-License-Identifier: MIT
// A method takes the frames that were drawn and hands them on.
#pragma once

#include <glad/gl.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <pmb/context.hpp>
#include <span>
#include <string>
#include <vector>

#include "frames/scene.hpp"

namespace bench {

/// What a method works with.
struct Setting {
  const GladGLContext& gl;
  pmb::Context& context;
  FrameShape shape;
  std::function<void(std::uint64_t number, std::span<const std::byte>)> look;

  GLenum format() const noexcept { return shape.components == 3 ? GLenum{GL_RGB} : GLenum{GL_RGBA}; }
  /// glReadPixels of the frame to memory, or to an offset into the bound pixel buffer.
  void read_to(std::byte* place) const {
    gl.ReadPixels(0, 0, static_cast<GLsizei>(shape.width), static_cast<GLsizei>(shape.height), format(),
                  GL_UNSIGNED_BYTE, place);
  }
};

class Method {
 public:
  explicit Method(Setting setting) : on(std::move(setting)) {}
  virtual ~Method() = default;
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;
  /// Takes the frame that was drawn, and hands on those that are due.
  virtual void take_frame(std::uint64_t number) = 0;
  /// Hands on the rest.
  virtual void finish() {}

 protected:
  Setting on;
};

/// A method of the comparison.
struct Candidate {
  std::string name;
  bool bottom_up = true;
  bool has_pipe = false;
  std::function<std::unique_ptr<Method>(Setting, int descriptor)> make;
};

std::vector<Candidate> candidates();

/// FrameGrabber, in place, or into a pipe if `descriptor` is one; on this thread or on another.
std::unique_ptr<Method> make_grabber(Setting setting, int descriptor, bool has_thread);

}  // namespace bench
