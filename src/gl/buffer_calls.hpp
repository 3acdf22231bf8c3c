// SPDX-License-Identifier: MIT
// The buffer calls of GL in both of its ways: by name (direct state access) and by binding. Binding uses
// COPY_WRITE and COPY_READ only, the two bindings that pmb may change.
#pragma once

#include <cstdint>

#include "gl/context_state.hpp"

namespace pmb::detail {

class BufferCalls {
 public:
  explicit BufferCalls(const ContextState& context) noexcept
      : gl_(context.gl), by_name_(context.limits.direct_state_access) {}

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

  void* map(GLuint name, std::uint64_t size, GLbitfield flags) const noexcept {
    if (by_name_) return gl_.MapNamedBufferRange(name, 0, static_cast<GLsizeiptr>(size), flags);
    return gl_.MapBufferRange(bind(name), 0, static_cast<GLsizeiptr>(size), flags);
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

  /// A 64-bit buffer parameter; 32-bit queries saturate at 2 GiB.
  std::uint64_t parameter(GLuint name, GLenum what) const noexcept {
    GLint64 value = 0;
    if (by_name_) {
      gl_.GetNamedBufferParameteri64v(name, what, &value);
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

  const char* storage_call() const noexcept { return by_name_ ? "glNamedBufferStorage" : "glBufferStorage"; }
  const char* map_call() const noexcept { return by_name_ ? "glMapNamedBufferRange" : "glMapBufferRange"; }
  const char* unmap_call() const noexcept { return by_name_ ? "glUnmapNamedBuffer" : "glUnmapBuffer"; }

 private:
  GLenum bind(GLuint name) const noexcept {
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    return GL_COPY_WRITE_BUFFER;
  }

  const GladGLContext& gl_;
  bool by_name_;
};

}  // namespace pmb::detail
