// SPDX-License-Identifier: MIT
// The driver under verification, and what every check needs of it: bounded waits, known words, buffers.
//
// Threads: the GL context's. Errors: helpers end the check (property.hpp).
#pragma once

#include <glad/gl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <pmb/context.hpp>
#include <string>
#include <string_view>

#include "common/gl_buffer.hpp"
#include "verify/property.hpp"

namespace pmb::tool::verify {

class Shaders;
class Surroundings;

/// Borrowed parts; the GL context is current.
struct Gpu {
  const GladGLContext& gl;
  const pmb::Context& context;
  Shaders& shaders;
  Surroundings& surroundings;
  /// A check that waits longer fails.
  std::chrono::milliseconds patience{10000};
};

/// Checks move blocks of this many words, 256 bytes, which every offset alignment divides.
using Words = std::array<std::uint32_t, 64>;
inline constexpr std::uint64_t kBlockBytes = sizeof(Words);
/// The words of block `number`. No two blocks have a word in common.
Words words_of(std::uint32_t number);
/// The number of the block that these words show, or of the block that the first word belongs to.
std::uint32_t number_of(const Words& words);

/// Waits for every command so far.
void finish(const Gpu& gpu);

/// A fence after every command so far.
class Fence {
 public:
  explicit Fence(const Gpu& gpu);
  ~Fence() { gpu_.gl.DeleteSync(sync_); }
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;

  GLsync sync() const noexcept { return sync_; }
  /// glClientWaitSync.
  GLenum wait(std::chrono::nanoseconds timeout, GLbitfield flags = 0) const;
  void wait_until_signalled(GLbitfield flags = 0) const;
  /// Polls until it has signalled. Returns the number of polls before that.
  int poll() const;

 private:
  const Gpu& gpu_;
  GLsync sync_;
};

void require_buffer_storage(const Gpu& gpu);
/// Ends the check with the pending GL error, if there is one.
void require_no_error(const Gpu& gpu, std::string_view doing);

GlBuffer plain_buffer(const Gpu& gpu, std::uint64_t size_bytes, const void* data = nullptr,
                      GLenum usage = GL_DYNAMIC_DRAW);
void copy(const Gpu& gpu, GLuint from, std::uint64_t from_offset, GLuint to, std::uint64_t to_offset,
          std::uint64_t size_bytes = kBlockBytes);
void update(const Gpu& gpu, GLuint buffer, const Words& words);

inline constexpr GLbitfield kCoherentWrite = GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
inline constexpr GLbitfield kCoherentRead = GL_MAP_READ_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
inline constexpr GLbitfield kFlushedWrite =
    GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_FLUSH_EXPLICIT_BIT;
inline constexpr GLbitfield kBarrierRead = GL_MAP_READ_BIT | GL_MAP_PERSISTENT_BIT;

/// A persistent mapping of a buffer with storage, from `offset` to the end. Skips the check without buffer storage.
class Mapped {
 public:
  Mapped(const Gpu& gpu, GLbitfield access, std::uint64_t size_bytes, std::uint64_t offset = 0);

  GLuint name() const noexcept { return buffer_.name(); }
  std::byte* pointer() const noexcept { return pointer_; }
  // Offsets count from the start of the mapping.
  void put(std::uint64_t offset, const Words& words) const;
  void flush(std::uint64_t offset, std::uint64_t size_bytes = kBlockBytes) const;
  Words get(std::uint64_t offset) const;

 private:
  const Gpu& gpu_;
  GlBuffer buffer_;
  std::byte* pointer_ = nullptr;
};

}  // namespace pmb::tool::verify
