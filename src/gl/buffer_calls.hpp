// SPDX-License-Identifier: MIT
// The buffer calls of GL, by name (direct state access) or by binding. Only the COPY_WRITE and COPY_READ
// bindings are changed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/fail.hpp"
#include "gl/gl_table.hpp"

namespace pmb::detail {

/// Orders later copies and reads of buffers after earlier shader stores (OpenGL 4.6 core, section 7.13.2).
/// Without glMemoryBarrier, shaders cannot write buffers either.
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

  GLuint create() const noexcept {
    GLuint name = 0;
    if (by_name_) {
      gl_.CreateBuffers(1, &name);
    } else {
      gl_.GenBuffers(1, &name);
    }
    return name;
  }

  void storage(GLuint name, std::uint64_t size, GLbitfield flags) const noexcept {
    if (by_name_) {
      gl_.NamedBufferStorage(name, static_cast<GLsizeiptr>(size), nullptr, flags);
    } else {
      gl_.BufferStorage(bind(name), static_cast<GLsizeiptr>(size), nullptr, flags);
    }
  }

  /// Mutable storage with undefined contents. Commands issued before keep the previous storage.
  void data(GLuint name, std::uint64_t size, GLenum usage) const noexcept {
    if (by_name_) {
      gl_.NamedBufferData(name, static_cast<GLsizeiptr>(size), nullptr, usage);
    } else {
      gl_.BufferData(bind(name), static_cast<GLsizeiptr>(size), nullptr, usage);
    }
  }

  void write(GLuint name, std::uint64_t offset, const void* bytes, std::uint64_t size) const noexcept {
    const auto at = static_cast<GLintptr>(offset);
    if (by_name_) {
      gl_.NamedBufferSubData(name, at, static_cast<GLsizeiptr>(size), bytes);
    } else {
      gl_.BufferSubData(bind(name), at, static_cast<GLsizeiptr>(size), bytes);
    }
  }

  /// glGetBufferSubData, or on OpenGL ES, which lacks it, a mapping for the time of the copy. Statuses:
  /// map_failed, data_lost.
  Result<void> read(GLuint name, std::uint64_t offset, void* bytes, std::uint64_t size,
                    std::source_location where) const noexcept {
    const auto at = static_cast<GLintptr>(offset);
    if (by_name_) {
      gl_.GetNamedBufferSubData(name, at, static_cast<GLsizeiptr>(size), bytes);
      return {};
    }
    if (!gles_) {
      gl_.GetBufferSubData(bind(name), at, static_cast<GLsizeiptr>(size), bytes);
      return {};
    }
    const void* mapped = map(name, offset, size, GL_MAP_READ_BIT);
    if (!mapped) return fail(ErrorId::map_answered_null, where, {.numbers = {size}, .gl_call = map_call()});
    std::memcpy(bytes, mapped, size);
    if (!unmap(name)) return fail(ErrorId::unmap_lost_data, where, {.gl_call = "glUnmapBuffer"});
    return {};
  }

  void* map(GLuint name, std::uint64_t offset, std::uint64_t size, GLbitfield flags) const noexcept {
    const auto at = static_cast<GLintptr>(offset);
    if (by_name_) return gl_.MapNamedBufferRange(name, at, static_cast<GLsizeiptr>(size), flags);
    return gl_.MapBufferRange(bind(name), at, static_cast<GLsizeiptr>(size), flags);
  }

  bool unmap(GLuint name) const noexcept {
    return (by_name_ ? gl_.UnmapNamedBuffer(name) : gl_.UnmapBuffer(bind(name))) != GL_FALSE;
  }

  /// The offset is relative to the mapped range (OpenGL 4.6 core, section 6.3).
  void flush(GLuint name, std::uint64_t map_relative_offset, std::uint64_t size) const noexcept {
    const auto offset = static_cast<GLintptr>(map_relative_offset);
    if (by_name_) {
      gl_.FlushMappedNamedBufferRange(name, offset, static_cast<GLsizeiptr>(size));
    } else {
      gl_.FlushMappedBufferRange(bind(name), offset, static_cast<GLsizeiptr>(size));
    }
  }

  void copy(GLuint from, std::uint64_t from_offset, GLuint to, std::uint64_t to_offset,
            std::uint64_t size) const noexcept {
    const auto source = static_cast<GLintptr>(from_offset);
    const auto target = static_cast<GLintptr>(to_offset);
    if (by_name_) {
      gl_.CopyNamedBufferSubData(from, to, source, target, static_cast<GLsizeiptr>(size));
    } else {
      gl_.BindBuffer(GL_COPY_READ_BUFFER, from);
      gl_.CopyBufferSubData(GL_COPY_READ_BUFFER, bind(to), source, target, static_cast<GLsizeiptr>(size));
    }
  }

  /// A 64-bit buffer parameter; the 32-bit query of OpenGL 3.1 saturates at 2 GiB.
  std::uint64_t parameter(GLuint name, GLenum what) const noexcept {
    GLint64 value = 0;
    if (by_name_) {
      gl_.GetNamedBufferParameteri64v(name, what, &value);
    } else if (narrow_) {
      GLint narrow = 0;
      gl_.GetBufferParameteriv(bind(name), what, &narrow);
      value = narrow;
    } else {
      gl_.GetBufferParameteri64v(bind(name), what, &value);
    }
    return value > 0 ? static_cast<std::uint64_t>(value) : 0;
  }

  void* map_pointer(GLuint name) const noexcept {
    void* pointer = nullptr;
    if (by_name_) {
      gl_.GetNamedBufferPointerv(name, GL_BUFFER_MAP_POINTER, &pointer);
    } else {
      gl_.GetBufferPointerv(bind(name), GL_BUFFER_MAP_POINTER, &pointer);
    }
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
  GLenum bind(GLuint name) const noexcept {
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    return GL_COPY_WRITE_BUFFER;
  }

  const GlTable& gl_;
  bool by_name_;
  bool gles_;
  bool narrow_;
};

}  // namespace pmb::detail
