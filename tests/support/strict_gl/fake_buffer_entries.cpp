// SPDX-License-Identifier: MIT
//
// The C functions on buffer objects, one for each GL name; bound and named forms side by side.
#include "fake_entries.hpp"
#include "fake_entry.hpp"

namespace strict_gl {

namespace {

constexpr Need kNamed = Need::direct_state_access;

void GLAD_API_PTR gen_buffers(GLsizei n, GLuint* names) {
  const Entered call("glGenBuffers", Need::nothing, n, names);
  if (call) return call->gen_buffers(n, names, false);
  for (GLsizei i = 0; i < n; ++i) names[i] = 0;
}

void GLAD_API_PTR create_buffers(GLsizei n, GLuint* names) {
  const Entered call("glCreateBuffers", kNamed, n, names);
  if (call) return call->gen_buffers(n, names, true);
  for (GLsizei i = 0; i < n; ++i) names[i] = 0;
}

void GLAD_API_PTR delete_buffers(GLsizei n, const GLuint* names) {
  if (const Entered call("glDeleteBuffers", Need::nothing, n, n > 0 ? names[0] : 0U); call) {
    call->delete_buffers(n, names);
  }
}

GLboolean GLAD_API_PTR is_buffer(GLuint name) {
  const Entered call("glIsBuffer", Need::nothing, name);
  return call ? call->is_buffer(name) : static_cast<GLboolean>(GL_FALSE);
}

void GLAD_API_PTR bind_buffer(GLenum target, GLuint name) {
  if (const Entered call("glBindBuffer", Need::nothing, Enum{target}, name); call)
    call->bind_buffer(target, name);
}

void GLAD_API_PTR bind_buffer_base(GLenum target, GLuint index, GLuint name) {
  if (const Entered call("glBindBufferBase", Need::map_range, Enum{target}, index, name); call) {
    call->bind_range(target, index, name, 0, 0, true);
  }
}

void GLAD_API_PTR bind_buffer_range(GLenum target, GLuint index, GLuint name, GLintptr offset,
                                    GLsizeiptr size) {
  if (const Entered call("glBindBufferRange", Need::map_range, Enum{target}, index, name, offset, size);
      call) {
    call->bind_range(target, index, name, offset, size, false);
  }
}

template <class Find>
void storage_call(const Entered& call, Find find, GLsizeiptr size, const void* data, GLbitfield flags) {
  if (call) return call->buffer_storage(find(call.driver()), size, data, flags);
  if (call.scripted_error(GL_OUT_OF_MEMORY)) call->fail_storage(find(call.driver()));
}

void GLAD_API_PTR buffer_storage(GLenum target, GLsizeiptr size, const void* data, GLbitfield flags) {
  const Entered call("glBufferStorage", Need::buffer_storage, Enum{target}, size, data, flags);
  storage_call(
      call, [&](Driver& driver) { return driver.bound(target); }, size, data, flags);
}

void GLAD_API_PTR buffer_storage_ext(GLenum target, GLsizeiptr size, const void* data, GLbitfield flags) {
  const Entered call("glBufferStorageEXT", Need::buffer_storage, Enum{target}, size, data, flags);
  storage_call(
      call, [&](Driver& driver) { return driver.bound(target); }, size, data, flags);
}

void GLAD_API_PTR named_buffer_storage(GLuint name, GLsizeiptr size, const void* data, GLbitfield flags) {
  const Entered call("glNamedBufferStorage", kNamed, name, size, data, flags);
  storage_call(
      call, [&](Driver& driver) { return driver.named(name); }, size, data, flags);
}

void GLAD_API_PTR buffer_data(GLenum target, GLsizeiptr size, const void* data, GLenum usage) {
  if (const Entered call("glBufferData", Need::nothing, Enum{target}, size, data, Enum{usage}); call) {
    if (target == kPinnedMemory)
      return call->pin_memory(call->bound(target), size, const_cast<void*>(data), usage);
    call->buffer_data(call->bound(target), size, data, usage);
  }
}

void GLAD_API_PTR named_buffer_data(GLuint name, GLsizeiptr size, const void* data, GLenum usage) {
  if (const Entered call("glNamedBufferData", kNamed, name, size, data, Enum{usage}); call) {
    call->buffer_data(call->named(name), size, data, usage);
  }
}

void GLAD_API_PTR buffer_sub_data(GLenum target, GLintptr offset, GLsizeiptr size, const void* data) {
  if (const Entered call("glBufferSubData", Need::nothing, Enum{target}, offset, size, data); call) {
    call->buffer_sub_data(call->bound(target), offset, size, data);
  }
}

void GLAD_API_PTR named_buffer_sub_data(GLuint name, GLintptr offset, GLsizeiptr size, const void* data) {
  if (const Entered call("glNamedBufferSubData", kNamed, name, offset, size, data); call) {
    call->buffer_sub_data(call->named(name), offset, size, data);
  }
}

void GLAD_API_PTR get_buffer_sub_data(GLenum target, GLintptr offset, GLsizeiptr size, void* data) {
  if (const Entered call("glGetBufferSubData", Need::desktop, Enum{target}, offset, size, data); call) {
    call->get_buffer_sub_data(call->bound(target), offset, size, data);
  }
}

void GLAD_API_PTR get_named_buffer_sub_data(GLuint name, GLintptr offset, GLsizeiptr size, void* data) {
  if (const Entered call("glGetNamedBufferSubData", kNamed, name, offset, size, data); call) {
    call->get_buffer_sub_data(call->named(name), offset, size, data);
  }
}

void* GLAD_API_PTR map_buffer_range(GLenum target, GLintptr offset, GLsizeiptr length, GLbitfield access) {
  const Entered call("glMapBufferRange", Need::map_range, Enum{target}, offset, length, access);
  return call ? call->map(call->bound(target), offset, length, access) : nullptr;
}

void* GLAD_API_PTR map_named_buffer_range(GLuint name, GLintptr offset, GLsizeiptr length,
                                          GLbitfield access) {
  const Entered call("glMapNamedBufferRange", kNamed, name, offset, length, access);
  return call ? call->map(call->named(name), offset, length, access) : nullptr;
}

void GLAD_API_PTR flush_mapped_buffer_range(GLenum target, GLintptr offset, GLsizeiptr length) {
  if (const Entered call("glFlushMappedBufferRange", Need::map_range, Enum{target}, offset, length); call) {
    call->flush_mapped(call->bound(target), offset, length);
  }
}

void GLAD_API_PTR flush_mapped_named_buffer_range(GLuint name, GLintptr offset, GLsizeiptr length) {
  if (const Entered call("glFlushMappedNamedBufferRange", kNamed, name, offset, length); call) {
    call->flush_mapped(call->named(name), offset, length);
  }
}

GLboolean GLAD_API_PTR unmap_buffer(GLenum target) {
  const Entered call("glUnmapBuffer", Need::nothing, Enum{target});
  const bool lose = call.scripted(Action::Kind::zero);
  return call || lose ? call->unmap(call->bound(target), !lose) : static_cast<GLboolean>(GL_FALSE);
}

GLboolean GLAD_API_PTR unmap_named_buffer(GLuint name) {
  const Entered call("glUnmapNamedBuffer", kNamed, name);
  const bool lose = call.scripted(Action::Kind::zero);
  return call || lose ? call->unmap(call->named(name), !lose) : static_cast<GLboolean>(GL_FALSE);
}

void GLAD_API_PTR copy_buffer_sub_data(GLenum source, GLenum target, GLintptr from, GLintptr to,
                                       GLsizeiptr size) {
  if (const Entered call("glCopyBufferSubData", Need::copy, Enum{source}, Enum{target}, from, to, size);
      call) {
    call->copy(call->bound(source), call->bound(target), from, to, size);
  }
}

void GLAD_API_PTR copy_named_buffer_sub_data(GLuint source, GLuint target, GLintptr from, GLintptr to,
                                             GLsizeiptr size) {
  if (const Entered call("glCopyNamedBufferSubData", kNamed, source, target, from, to, size); call) {
    call->copy(call->named(source), call->named(target), from, to, size);
  }
}

void GLAD_API_PTR clear_buffer_sub_data(GLenum target, GLenum internal_format, GLintptr offset,
                                        GLsizeiptr size, GLenum format, GLenum type, const void* data) {
  const Entered call("glClearBufferSubData", Need::clear_buffer, Enum{target}, Enum{internal_format}, offset,
                     size, Enum{format}, Enum{type}, data);
  if (call) call->clear(call->bound(target), internal_format, offset, size, format, type, data, false);
}

void GLAD_API_PTR clear_named_buffer_sub_data(GLuint name, GLenum internal_format, GLintptr offset,
                                              GLsizeiptr size, GLenum format, GLenum type, const void* data) {
  const Entered call("glClearNamedBufferSubData", kNamed, name, Enum{internal_format}, offset, size,
                     Enum{format}, Enum{type}, data);
  if (call) call->clear(call->named(name), internal_format, offset, size, format, type, data, false);
}

void GLAD_API_PTR clear_buffer_data(GLenum target, GLenum internal_format, GLenum format, GLenum type,
                                    const void* data) {
  const Entered call("glClearBufferData", Need::clear_buffer, Enum{target}, Enum{internal_format},
                     Enum{format}, Enum{type}, data);
  if (call) call->clear(call->bound(target), internal_format, 0, 0, format, type, data, true);
}

void GLAD_API_PTR clear_named_buffer_data(GLuint name, GLenum internal_format, GLenum format, GLenum type,
                                          const void* data) {
  const Entered call("glClearNamedBufferData", kNamed, name, Enum{internal_format}, Enum{format}, Enum{type},
                     data);
  if (call) call->clear(call->named(name), internal_format, 0, 0, format, type, data, true);
}

void GLAD_API_PTR invalidate_buffer_data(GLuint name) {
  if (const Entered call("glInvalidateBufferData", Need::invalidate, name); call)
    call->invalidate(name, 0, 0, true);
}

void GLAD_API_PTR invalidate_buffer_sub_data(GLuint name, GLintptr offset, GLsizeiptr length) {
  if (const Entered call("glInvalidateBufferSubData", Need::invalidate, name, offset, length); call) {
    call->invalidate(name, offset, length, false);
  }
}

template <class Value>
void parameter(const Entered& call, const Buffer& buffer, GLenum name, Value* value) {
  GLint64 wide = static_cast<GLint64>(*value);
  call->get_parameter(buffer, name, &wide, sizeof(Value) == sizeof(GLint));
  *value = static_cast<Value>(wide);
}

void GLAD_API_PTR get_buffer_parameter_iv(GLenum target, GLenum name, GLint* value) {
  const Entered call("glGetBufferParameteriv", Need::nothing, Enum{target}, Enum{name}, value);
  if (call) parameter(call, call->bound(target), name, value);
}

void GLAD_API_PTR get_buffer_parameter_i64v(GLenum target, GLenum name, GLint64* value) {
  const Entered call("glGetBufferParameteri64v", Need::integer64, Enum{target}, Enum{name}, value);
  if (call) parameter(call, call->bound(target), name, value);
}

void GLAD_API_PTR get_named_buffer_parameter_iv(GLuint buffer, GLenum name, GLint* value) {
  const Entered call("glGetNamedBufferParameteriv", kNamed, buffer, Enum{name}, value);
  if (call) parameter(call, call->named(buffer), name, value);
}

void GLAD_API_PTR get_named_buffer_parameter_i64v(GLuint buffer, GLenum name, GLint64* value) {
  const Entered call("glGetNamedBufferParameteri64v", kNamed, buffer, Enum{name}, value);
  if (call) parameter(call, call->named(buffer), name, value);
}

void GLAD_API_PTR get_buffer_pointer_v(GLenum target, GLenum name, void** pointer) {
  const Entered call("glGetBufferPointerv", Need::nothing, Enum{target}, Enum{name}, pointer);
  if (call) call->get_pointer(call->bound(target), name, pointer);
}

void GLAD_API_PTR get_named_buffer_pointer_v(GLuint buffer, GLenum name, void** pointer) {
  const Entered call("glGetNamedBufferPointerv", kNamed, buffer, Enum{name}, pointer);
  if (call) call->get_pointer(call->named(buffer), name, pointer);
}

}  // namespace

std::span<const EntryPoint> buffer_entries() {
  static const EntryPoint kEntries[] = {
      entry<PFNGLGENBUFFERSPROC>("glGenBuffers", &gen_buffers),
      entry<PFNGLCREATEBUFFERSPROC>("glCreateBuffers", &create_buffers),
      entry<PFNGLDELETEBUFFERSPROC>("glDeleteBuffers", &delete_buffers),
      entry<PFNGLISBUFFERPROC>("glIsBuffer", &is_buffer),
      entry<PFNGLBINDBUFFERPROC>("glBindBuffer", &bind_buffer),
      entry<PFNGLBINDBUFFERBASEPROC>("glBindBufferBase", &bind_buffer_base),
      entry<PFNGLBINDBUFFERRANGEPROC>("glBindBufferRange", &bind_buffer_range),
      entry<PFNGLBUFFERSTORAGEPROC>("glBufferStorage", &buffer_storage),
      entry<PFNGLBUFFERSTORAGEEXTPROC>("glBufferStorageEXT", &buffer_storage_ext),
      entry<PFNGLNAMEDBUFFERSTORAGEPROC>("glNamedBufferStorage", &named_buffer_storage),
      entry<PFNGLBUFFERDATAPROC>("glBufferData", &buffer_data),
      entry<PFNGLNAMEDBUFFERDATAPROC>("glNamedBufferData", &named_buffer_data),
      entry<PFNGLBUFFERSUBDATAPROC>("glBufferSubData", &buffer_sub_data),
      entry<PFNGLNAMEDBUFFERSUBDATAPROC>("glNamedBufferSubData", &named_buffer_sub_data),
      entry<PFNGLGETBUFFERSUBDATAPROC>("glGetBufferSubData", &get_buffer_sub_data),
      entry<PFNGLGETNAMEDBUFFERSUBDATAPROC>("glGetNamedBufferSubData", &get_named_buffer_sub_data),
      entry<PFNGLMAPBUFFERRANGEPROC>("glMapBufferRange", &map_buffer_range),
      entry<PFNGLMAPNAMEDBUFFERRANGEPROC>("glMapNamedBufferRange", &map_named_buffer_range),
      entry<PFNGLFLUSHMAPPEDBUFFERRANGEPROC>("glFlushMappedBufferRange", &flush_mapped_buffer_range),
      entry<PFNGLFLUSHMAPPEDNAMEDBUFFERRANGEPROC>("glFlushMappedNamedBufferRange",
                                                  &flush_mapped_named_buffer_range),
      entry<PFNGLUNMAPBUFFERPROC>("glUnmapBuffer", &unmap_buffer),
      entry<PFNGLUNMAPNAMEDBUFFERPROC>("glUnmapNamedBuffer", &unmap_named_buffer),
      entry<PFNGLCOPYBUFFERSUBDATAPROC>("glCopyBufferSubData", &copy_buffer_sub_data),
      entry<PFNGLCOPYNAMEDBUFFERSUBDATAPROC>("glCopyNamedBufferSubData", &copy_named_buffer_sub_data),
      entry<PFNGLCLEARBUFFERSUBDATAPROC>("glClearBufferSubData", &clear_buffer_sub_data),
      entry<PFNGLCLEARNAMEDBUFFERSUBDATAPROC>("glClearNamedBufferSubData", &clear_named_buffer_sub_data),
      entry<PFNGLCLEARBUFFERDATAPROC>("glClearBufferData", &clear_buffer_data),
      entry<PFNGLCLEARNAMEDBUFFERDATAPROC>("glClearNamedBufferData", &clear_named_buffer_data),
      entry<PFNGLINVALIDATEBUFFERDATAPROC>("glInvalidateBufferData", &invalidate_buffer_data),
      entry<PFNGLINVALIDATEBUFFERSUBDATAPROC>("glInvalidateBufferSubData", &invalidate_buffer_sub_data),
      entry<PFNGLGETBUFFERPARAMETERIVPROC>("glGetBufferParameteriv", &get_buffer_parameter_iv),
      entry<PFNGLGETBUFFERPARAMETERI64VPROC>("glGetBufferParameteri64v", &get_buffer_parameter_i64v),
      entry<PFNGLGETNAMEDBUFFERPARAMETERIVPROC>("glGetNamedBufferParameteriv",
                                                &get_named_buffer_parameter_iv),
      entry<PFNGLGETNAMEDBUFFERPARAMETERI64VPROC>("glGetNamedBufferParameteri64v",
                                                  &get_named_buffer_parameter_i64v),
      entry<PFNGLGETBUFFERPOINTERVPROC>("glGetBufferPointerv", &get_buffer_pointer_v),
      entry<PFNGLGETNAMEDBUFFERPOINTERVPROC>("glGetNamedBufferPointerv", &get_named_buffer_pointer_v),
  };
  return kEntries;
}

}  // namespace strict_gl
