// SPDX-License-Identifier: MIT
//
// The C functions on the context: queries, errors, flushes, syncs, barriers, debug groups; and the look-up of names.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <unordered_map>

#include "fake_entries.hpp"
#include "fake_entry.hpp"

namespace strict_gl {

namespace {

std::atomic<std::uint64_t> g_calls_without_context{0};

const GLubyte* GLAD_API_PTR get_string(GLenum name) {
  const Entered call("glGetString", Need::nothing, Enum{name});
  return call ? call->get_string(name) : nullptr;
}

const GLubyte* GLAD_API_PTR get_string_i(GLenum name, GLuint index) {
  const Entered call("glGetStringi", Need::nothing, Enum{name}, index);
  return call ? call->get_string_i(name, index) : nullptr;
}

GLint narrowed(GLint64 value) {
  const GLint64 most = std::numeric_limits<GLint>::max();
  return static_cast<GLint>(value > most ? most : value);
}

void GLAD_API_PTR get_integer_v(GLenum name, GLint* value) {
  GLint64 wide = 0;
  if (const Entered call("glGetIntegerv", Need::nothing, Enum{name}, value);
      call && call->get_integer(name, &wide)) {
    *value = narrowed(wide);
  }
}

void GLAD_API_PTR get_integer64_v(GLenum name, GLint64* value) {
  GLint64 wide = 0;
  if (const Entered call("glGetInteger64v", Need::integer64, Enum{name}, value);
      call && call->get_integer(name, &wide)) {
    *value = wide;
  }
}

void GLAD_API_PTR get_integer_i_v(GLenum name, GLuint index, GLint* value) {
  GLint64 wide = 0;
  if (const Entered call("glGetIntegeri_v", Need::map_range, Enum{name}, index, value);
      call && call->get_indexed(name, index, &wide)) {
    *value = narrowed(wide);
  }
}

void GLAD_API_PTR get_integer64_i_v(GLenum name, GLuint index, GLint64* value) {
  GLint64 wide = 0;
  if (const Entered call("glGetInteger64i_v", Need::integer64, Enum{name}, index, value);
      call && call->get_indexed(name, index, &wide)) {
    *value = wide;
  }
}

GLenum GLAD_API_PTR get_error() {
  const Entered call = Entered::even_when_lost("glGetError", Need::nothing);
  return call ? call->get_error() : static_cast<GLenum>(GL_NO_ERROR);
}

GLenum GLAD_API_PTR get_graphics_reset_status() {
  const Entered call = Entered::even_when_lost("glGetGraphicsResetStatus", Need::reset_status);
  return call ? call->reset_status() : static_cast<GLenum>(GL_NO_ERROR);
}

void GLAD_API_PTR enable(GLenum capability) {
  if (const Entered call("glEnable", Need::nothing, Enum{capability}); call) call->enable(capability, true);
}

void GLAD_API_PTR disable(GLenum capability) {
  if (const Entered call("glDisable", Need::nothing, Enum{capability}); call) call->enable(capability, false);
}

// The fake has one viewport.
void GLAD_API_PTR enable_indexed(GLenum capability, GLuint index) {
  if (const Entered call("glEnablei", Need::nothing, Enum{capability}, index); call)
    call->enable(capability, true);
}

void GLAD_API_PTR disable_indexed(GLenum capability, GLuint index) {
  if (const Entered call("glDisablei", Need::nothing, Enum{capability}, index); call)
    call->enable(capability, false);
}

GLboolean GLAD_API_PTR is_enabled(GLenum capability) {
  const Entered call("glIsEnabled", Need::nothing, Enum{capability});
  return call ? call->is_enabled(capability) : static_cast<GLboolean>(GL_FALSE);
}

void GLAD_API_PTR flush() {
  if (const Entered call("glFlush", Need::nothing); call) call->flush();
}

void GLAD_API_PTR finish() {
  if (const Entered call("glFinish", Need::nothing); call) call->finish();
}

void GLAD_API_PTR memory_barrier(GLbitfield bits) {
  if (const Entered call("glMemoryBarrier", Need::memory_barrier, bits); call) call->memory_barrier(bits);
}

GLsync GLAD_API_PTR fence_sync(GLenum condition, GLbitfield flags) {
  const Entered call("glFenceSync", Need::sync, Enum{condition}, flags);
  return call ? call->fence_sync(condition, flags) : nullptr;
}

void GLAD_API_PTR delete_sync(GLsync sync) {
  if (const Entered call("glDeleteSync", Need::sync, sync); call) call->delete_sync(sync);
}

GLenum GLAD_API_PTR client_wait_sync(GLsync sync, GLbitfield flags, GLuint64 timeout) {
  const Entered call = Entered::even_when_lost("glClientWaitSync", Need::sync, sync, flags, timeout);
  if (call) return call->client_wait(sync, flags, timeout);
  if (call.scripted(Action::Kind::timeout_expired)) return GL_TIMEOUT_EXPIRED;
  const bool failed = call.scripted(Action::Kind::wait_failed) || call.scripted(Action::Kind::gl_error);
  return static_cast<GLenum>(failed ? GL_WAIT_FAILED : 0);
}

void GLAD_API_PTR wait_sync(GLsync sync, GLbitfield flags, GLuint64 timeout) {
  if (const Entered call("glWaitSync", Need::sync, sync, flags, timeout); call) {
    call->server_wait(sync, flags, timeout);
  }
}

void GLAD_API_PTR get_sync_iv(GLsync sync, GLenum name, GLsizei count, GLsizei* length, GLint* values) {
  const Entered call =
      Entered::even_when_lost("glGetSynciv", Need::sync, sync, Enum{name}, count, length, values);
  const bool unsignaled = call.scripted(Action::Kind::timeout_expired);
  if (call || unsignaled) call->get_sync(sync, name, count, length, values, unsignaled);
}

GLboolean GLAD_API_PTR is_sync(GLsync sync) {
  const Entered call("glIsSync", Need::sync, sync);
  return call ? call->is_sync(sync) : static_cast<GLboolean>(GL_FALSE);
}

void GLAD_API_PTR object_label(GLenum identifier, GLuint name, GLsizei length, const GLchar* label) {
  if (const Entered call("glObjectLabel", Need::debug, Enum{identifier}, name, length, label); call) {
    call->object_label(identifier, name, length, label);
  }
}

// The callback receives what FakeGl::say() says. The other calls of debug output have no effect; they are logged.
void GLAD_API_PTR debug_message_callback(GLDEBUGPROC callback, const void* user) {
  const Entered call("glDebugMessageCallback", Need::debug, callback, user);
  if (call) call->set_debug_callback(callback, user);
}

void GLAD_API_PTR get_pointer(GLenum name, void** value) {
  const Entered call("glGetPointerv", Need::debug, Enum{name}, value);
  if (call) *value = call->debug_pointer(name);
}

void GLAD_API_PTR debug_message_control(GLenum source, GLenum type, GLenum severity, GLsizei count,
                                        const GLuint* ids, GLboolean enabled) {
  const Entered call("glDebugMessageControl", Need::debug, Enum{source}, Enum{type}, Enum{severity}, count,
                     ids, enabled);
}

void GLAD_API_PTR debug_message_insert(GLenum source, GLenum type, GLuint id, GLenum severity, GLsizei length,
                                       const GLchar* text) {
  const Entered call("glDebugMessageInsert", Need::debug, Enum{source}, Enum{type}, id, Enum{severity},
                     length, text);
}

void GLAD_API_PTR push_debug_group(GLenum source, GLuint id, GLsizei length, const GLchar* text) {
  const Entered call("glPushDebugGroup", Need::debug, Enum{source}, id, length, text);
}

void GLAD_API_PTR pop_debug_group() {
  const Entered call("glPopDebugGroup", Need::debug);
}

// The function for every unknown name. It cannot know its arguments, so it must not return.
void trap() {
  std::fputs("strict_gl: called a GL function that the strict fake GL does not have\n", stderr);
  if (Driver* const driver = Driver::current(); driver != nullptr) {
    driver->begin_simulated("unknown function");
    driver->violation("called, and the strict fake GL does not have it");
    std::fprintf(stderr, "strict_gl: the last known call was %s\n", driver->last_call().c_str());
  }
  std::abort();
}

using Names = std::unordered_map<std::string_view, Proc>;

const Names& names() {
  static const Names kNames = [] {
    Names all;
    for (const EntryPoint& point : buffer_entries()) all.emplace(point.name, point.address);
    for (const EntryPoint& point : context_entries()) all.emplace(point.name, point.address);
    for (const EntryPoint& point : shader_entries()) all.emplace(point.name, point.address);
    for (const EntryPoint& point : texture_entries()) all.emplace(point.name, point.address);
    return all;
  }();
  return kNames;
}

}  // namespace

std::span<const EntryPoint> context_entries() {
  static const EntryPoint kEntries[] = {
      entry<PFNGLGETSTRINGPROC>("glGetString", &get_string),
      entry<PFNGLGETSTRINGIPROC>("glGetStringi", &get_string_i),
      entry<PFNGLGETINTEGERVPROC>("glGetIntegerv", &get_integer_v),
      entry<PFNGLGETINTEGER64VPROC>("glGetInteger64v", &get_integer64_v),
      entry<PFNGLGETINTEGERI_VPROC>("glGetIntegeri_v", &get_integer_i_v),
      entry<PFNGLGETINTEGER64I_VPROC>("glGetInteger64i_v", &get_integer64_i_v),
      entry<PFNGLGETERRORPROC>("glGetError", &get_error),
      entry<PFNGLGETGRAPHICSRESETSTATUSPROC>("glGetGraphicsResetStatus", &get_graphics_reset_status),
      entry<PFNGLGETGRAPHICSRESETSTATUSPROC>("glGetGraphicsResetStatusKHR", &get_graphics_reset_status),
      entry<PFNGLGETGRAPHICSRESETSTATUSPROC>("glGetGraphicsResetStatusARB", &get_graphics_reset_status),
      entry<PFNGLGETGRAPHICSRESETSTATUSPROC>("glGetGraphicsResetStatusEXT", &get_graphics_reset_status),
      entry<PFNGLENABLEPROC>("glEnable", &enable),
      entry<PFNGLDISABLEPROC>("glDisable", &disable),
      entry<PFNGLENABLEIPROC>("glEnablei", &enable_indexed),
      entry<PFNGLDISABLEIPROC>("glDisablei", &disable_indexed),
      entry<PFNGLISENABLEDPROC>("glIsEnabled", &is_enabled),
      entry<PFNGLFLUSHPROC>("glFlush", &flush),
      entry<PFNGLFINISHPROC>("glFinish", &finish),
      entry<PFNGLMEMORYBARRIERPROC>("glMemoryBarrier", &memory_barrier),
      entry<PFNGLFENCESYNCPROC>("glFenceSync", &fence_sync),
      entry<PFNGLDELETESYNCPROC>("glDeleteSync", &delete_sync),
      entry<PFNGLCLIENTWAITSYNCPROC>("glClientWaitSync", &client_wait_sync),
      entry<PFNGLWAITSYNCPROC>("glWaitSync", &wait_sync),
      entry<PFNGLGETSYNCIVPROC>("glGetSynciv", &get_sync_iv),
      entry<PFNGLISSYNCPROC>("glIsSync", &is_sync),
      entry<PFNGLOBJECTLABELPROC>("glObjectLabel", &object_label),
      entry<PFNGLOBJECTLABELPROC>("glObjectLabelKHR", &object_label),
      entry<PFNGLDEBUGMESSAGECALLBACKPROC>("glDebugMessageCallback", &debug_message_callback),
      entry<PFNGLGETPOINTERVPROC>("glGetPointerv", &get_pointer),
      entry<PFNGLDEBUGMESSAGECONTROLPROC>("glDebugMessageControl", &debug_message_control),
      entry<PFNGLDEBUGMESSAGEINSERTPROC>("glDebugMessageInsert", &debug_message_insert),
      entry<PFNGLPUSHDEBUGGROUPPROC>("glPushDebugGroup", &push_debug_group),
      entry<PFNGLPOPDEBUGGROUPPROC>("glPopDebugGroup", &pop_debug_group),
  };
  return kEntries;
}

Proc get_proc_address(const char* name) {
  const auto found = names().find(name);
  if (found != names().end()) return found->second;
  const Driver* const driver = Driver::current();
  return driver != nullptr && driver->unknown_names_null() ? nullptr : &trap;
}

Proc get_proc_address_user(void* /*user*/, const char* name) {
  return get_proc_address(name);
}

std::uint64_t calls_without_context() {
  return g_calls_without_context.load();
}
void reset_calls_without_context() {
  g_calls_without_context.store(0);
}
bool inside_call() {
  return Inside::depth() > 0;
}
int& Inside::depth() {
  thread_local int depth = 0;
  return depth;
}

void count_call_without_context() {
  g_calls_without_context.fetch_add(1);
}

}  // namespace strict_gl
