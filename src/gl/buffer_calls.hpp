// SPDX-License-Identifier: MIT
// The buffer calls of GL, by name (direct state access) or by binding. They change only the COPY_WRITE and COPY_READ
// bindings.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/fail.hpp"
#include "gl/gl_table.hpp"

namespace pmb::detail {

/// Orders later copies and reads of buffers after earlier shader stores (OpenGL 4.6 core, section 7.13.2). Without
/// glMemoryBarrier, shaders cannot write buffers either.
inline void barrier_before_buffer_read(const GlTable& gl) noexcept {
  if (gl.limits.memory_barrier) gl.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
}

/// Orders later updates after earlier shaders and before later ones.
inline void barrier_before_buffer_update(const GlTable& gl) noexcept {
  if (!gl.limits.memory_barrier) return;
  // The caches of the next reader may hold older bytes.
  const bool all = gl.quirk(QuirkId::nvidia_flush_barrier);
  gl.MemoryBarrier(all ? GL_ALL_BARRIER_BITS : GL_BUFFER_UPDATE_BARRIER_BIT);
}

class BufferCalls {
 public:
  explicit BufferCalls(const GlTable& gl) noexcept
      : gl_(gl),
        by_name_(gl.limits.direct_state_access),
        gles_(gl.limits.gles),
        narrow_(!gles_ && gl.version() < 32) {}

  /// A new buffer, or 0 with `error` set. Asks for errors. The first bind of a name makes the buffer: if that fails, the next
  /// call would change the buffer that was bound before.
  GLuint create(GLenum& error) const noexcept {
    GLuint name = 0;
    (by_name_ ? gl_.CreateBuffers : gl_.GenBuffers)(1, &name);
    if (!by_name_ && name != 0) gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    error = gl_.GetError();
    if (error == GL_NO_ERROR && name == 0) error = GL_OUT_OF_MEMORY;
    if (error == GL_NO_ERROR) return name;
    if (name != 0) gl_.DeleteBuffers(1, &name);
    return 0;
  }
  void storage(GLuint name, std::uint64_t size, GLbitfield flags) const noexcept {
    on(name, gl_.NamedBufferStorage, gl_.BufferStorage, number(size), nullptr, flags);
  }
  /// Mutable storage with undefined contents. Commands issued before keep the previous storage.
  void data(GLuint name, std::uint64_t size, GLenum usage) const noexcept {
    on(name, gl_.NamedBufferData, gl_.BufferData, number(size), nullptr, usage);
  }
  /// Makes memory of the program the storage of a new buffer (GL_AMD_pinned_memory). The target has its own binding point.
  void pin(GLuint name, std::byte* memory, std::uint64_t size) const noexcept {
    constexpr GLenum kExternalVirtualMemory = 0x9160;
    gl_.BindBuffer(kExternalVirtualMemory, name);
    gl_.BufferData(kExternalVirtualMemory, number(size), memory, GL_STREAM_COPY);
    gl_.BindBuffer(kExternalVirtualMemory, 0);
  }
  void write(GLuint name, std::uint64_t offset, const void* bytes, std::uint64_t size) const noexcept {
    on(name, gl_.NamedBufferSubData, gl_.BufferSubData, number(offset), number(size), bytes);
  }

  /// glGetBufferSubData, or on OpenGL ES, which lacks it, a mapping for the time of the copy. Statuses: map_failed,
  /// data_lost.
  Result<void> read(GLuint name, std::uint64_t offset, void* bytes, std::uint64_t size,
                    std::source_location where) const noexcept {
    if (by_name_ || !gles_) {
      on(name, gl_.GetNamedBufferSubData, gl_.GetBufferSubData, number(offset), number(size), bytes);
      return {};
    }
    const void* mapped = map(name, offset, size, GL_MAP_READ_BIT);
    if (!mapped) return fail(ErrorId::map_answered_null, where, {.numbers = {size}, .gl_call = map_call()});
    std::memcpy(bytes, mapped, size);
    if (unmap(name)) return {};
    // After a GL error the buffer is still mapped, and unusable for commands.
    if (parameter(name, GL_BUFFER_MAPPED) != 0) unmap(name);
    return fail(ErrorId::unmap_lost_data, where, {.gl_call = "glUnmapBuffer"});
  }

  void* map(GLuint name, std::uint64_t offset, std::uint64_t size, GLbitfield flags) const noexcept {
    return on(name, gl_.MapNamedBufferRange, gl_.MapBufferRange, number(offset), number(size), flags);
  }
  bool unmap(GLuint name) const noexcept {
    return on(name, gl_.UnmapNamedBuffer, gl_.UnmapBuffer) != GL_FALSE;
  }
  /// The offset is relative to the mapped range (OpenGL 4.6 core, section 6.3).
  void flush(GLuint name, std::uint64_t map_relative_offset, std::uint64_t size) const noexcept {
    on(name, gl_.FlushMappedNamedBufferRange, gl_.FlushMappedBufferRange, number(map_relative_offset),
       number(size));
  }

  void copy(GLuint from, std::uint64_t from_offset, GLuint to, std::uint64_t to_offset,
            std::uint64_t size) const noexcept {
    if (by_name_) {
      gl_.CopyNamedBufferSubData(from, to, number(from_offset), number(to_offset), number(size));
    } else {
      gl_.BindBuffer(GL_COPY_READ_BUFFER, from);
      gl_.BindBuffer(GL_COPY_WRITE_BUFFER, to);
      gl_.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, number(from_offset), number(to_offset),
                            number(size));
    }
  }

  /// A 64-bit buffer parameter; the 32-bit query of OpenGL 3.1 saturates at 2 GiB.
  std::uint64_t parameter(GLuint name, GLenum what) const noexcept {
    GLint64 value = 0;
    GLint narrow = 0;
    if (narrow_ && !by_name_) {
      on(name, gl_.GetNamedBufferParameteriv, gl_.GetBufferParameteriv, what, &narrow);
      value = narrow;
    } else {
      on(name, gl_.GetNamedBufferParameteri64v, gl_.GetBufferParameteri64v, what, &value);
    }
    return value > 0 ? static_cast<std::uint64_t>(value) : 0;
  }
  void* map_pointer(GLuint name) const noexcept {
    void* pointer = nullptr;
    on(name, gl_.GetNamedBufferPointerv, gl_.GetBufferPointerv, GLenum{GL_BUFFER_MAP_POINTER}, &pointer);
    return pointer;
  }
  /// The value that parameter() returns for `value`.
  std::uint64_t reported(std::uint64_t value) const noexcept {
    return narrow_ ? std::min<std::uint64_t>(value, INT32_MAX) : value;
  }

  const char* data_call() const noexcept { return by_name_ ? "glNamedBufferData" : "glBufferData"; }
  const char* storage_call() const noexcept {
    return by_name_ ? "glNamedBufferStorage" : gles_ ? "glBufferStorageEXT" : "glBufferStorage";
  }
  const char* map_call() const noexcept { return by_name_ ? "glMapNamedBufferRange" : "glMapBufferRange"; }

 private:
  /// Calls the function that takes a name, or binds the buffer and calls the one that takes a target.
  template <class ByName, class ByTarget, class... Arguments>
  auto on(GLuint name, ByName by_name, ByTarget by_target, Arguments... arguments) const noexcept
      -> decltype(by_name(name, arguments...)) {
    if (by_name_) return by_name(name, arguments...);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    return by_target(GL_COPY_WRITE_BUFFER, arguments...);
  }
  static GLsizeiptr number(std::uint64_t bytes) noexcept { return static_cast<GLsizeiptr>(bytes); }

  const GlTable& gl_;
  bool by_name_;
  bool gles_;
  bool narrow_;
};

}  // namespace pmb::detail
