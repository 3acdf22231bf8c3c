// SPDX-License-Identifier: MIT
//
// Scripted results, which replace the work of chosen calls, and the configuration of a fake.
#pragma once

#include <glad/gl.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace strict_gl {

// The result of glClientWaitSync after the context is lost. OpenGL 4.6 section 2.3.2 allows ALREADY_SIGNALED.
// Mesa returns 0, which is not among the four values of section 4.1.
enum class LostWaitAnswer { zero, already_signaled };

// One scripted result for FakeGl::script, made by the functions below.
struct Action {
  enum class Kind {
    gl_error,  // generate `error`, have no effect, return 0
    zero,      // return 0 or null without an error; glUnmapBuffer unmaps, loses the bytes, returns GL_FALSE
    timeout_expired,  // glClientWaitSync: GL_TIMEOUT_EXPIRED; glGetSynciv: GL_UNSIGNALED
    wait_failed,      // glClientWaitSync: GL_WAIT_FAILED with `error`
    lose_context,     // the context is lost before this call does anything
  };
  Kind kind = Kind::zero;
  GLenum error = GL_NO_ERROR;
  bool forever = false;  // from the nth call on, instead of on the nth call only

  // The same action on the nth call and on every later one.
  [[nodiscard]] Action for_ever() const {
    Action action = *this;
    action.forever = true;
    return action;
  }
};

// A storage call that fails with GL_OUT_OF_MEMORY also leaves its buffer immutable with size 0, as Mesa does.
inline Action fail_with(GLenum error) {
  return {Action::Kind::gl_error, error, false};
}
inline Action return_zero() {
  return {Action::Kind::zero, GL_NO_ERROR, false};
}
inline Action timeout_expired() {
  return {Action::Kind::timeout_expired, GL_NO_ERROR, false};
}
inline Action wait_failed(GLenum error = GL_INVALID_VALUE) {
  return {Action::Kind::wait_failed, error, false};
}
inline Action lose_the_context() {
  return {Action::Kind::lose_context, GL_NO_ERROR, false};
}

// A way in which the fake breaks the specification, for tests of checks that must find it.
enum class Lie {
  none,
  polled_fence_signals_early,   // before its commands have run
  polled_fence_never_signals,   // a wait still ends
  flush_bit_is_ignored,         // glFlush still works
  wait_outlives_its_bound,      // by 60 ms
  foreign_fence_signals_early,  // a fence of another context of the share group
  server_wait_is_ignored,
  coherent_writes_are_late,  // the GPU never sees them
  coherent_reads_are_late,   // the CPU never sees the GPU's writes
  flush_is_lost,
  flush_counts_from_buffer,     // not from the start of the mapping
  flush_leaves_shader_caches,   // shaders see flushed bytes after a storage barrier
  update_leaves_shader_caches,  // the same of glBufferSubData
  barrier_is_ignored,
  update_overtakes,          // glBufferSubData runs before earlier commands
  read_overtakes,            // glGetBufferSubData runs before earlier commands
  new_store_is_the_old_one,  // glBufferData makes none, and glBufferSubData runs at once
  pointer_is_aligned_to_16,
  access_flags_lack_coherent,
  size_has_32_bits,
  memory_stays_exhausted,         // after GL_OUT_OF_MEMORY every allocation fails
  mapping_dies_with_its_context,  // coherent bytes are lost when another context becomes current
  pixels_need_draw_framebuffer,
  frames_end_after_64_kib,  // glReadPixels into a buffer writes no more
  page_protection_is_lifted,  // from mappings by each glFlush, as by a tool that watches writes by protecting pages
};

// The properties of a fake. The defaults are a 4.6 core context of a driver without quirks.
struct FakeConfig {
  int major = 4;
  int minor = 6;
  bool es = false;  // an OpenGL ES context: set major and minor (3.0 to 3.2) and the extensions too
  std::vector<std::string> extensions = {"GL_ARB_buffer_storage",
                                         "GL_ARB_clear_buffer_object",
                                         "GL_ARB_copy_buffer",
                                         "GL_ARB_direct_state_access",
                                         "GL_ARB_map_buffer_alignment",
                                         "GL_ARB_map_buffer_range",
                                         "GL_ARB_shader_image_load_store",
                                         "GL_ARB_shader_storage_buffer_object",
                                         "GL_ARB_sync",
                                         "GL_KHR_debug",
                                         "GL_KHR_robustness"};
  std::string vendor = "strict fake";
  std::string renderer = "strict fake GL";
  std::string version_suffix = "strict fake 1.0";  // after "4.6 (Core Profile) " in GL_VERSION
  bool no_error_context = false;                   // misuse is still a violation, but generates no GL error
  bool unknown_names_null = false;  // get_proc_address returns null, not a trap, for unknown names
  bool reuse_names = false;         // deleted buffer names are reused at once, as by real drivers

  GLenum reset_notification_strategy = GL_LOSE_CONTEXT_ON_RESET;
  GLenum reset_status = GL_GUILTY_CONTEXT_RESET;  // of glGetGraphicsResetStatus after the loss
  // How often it is returned before GL_NO_ERROR ("reset completed"); -1: for ever.
  int reset_status_answers = -1;
  LostWaitAnswer lost_wait_answer = LostWaitAnswer::zero;

  std::int64_t uniform_offset_alignment = 256;
  std::int64_t shader_storage_offset_alignment = 16;
  std::int64_t texture_buffer_offset_alignment = 16;
  std::int64_t max_shader_storage_block_bytes = std::int64_t{1} << 27;
  std::int64_t max_uniform_block_bytes = 65536;
  std::int64_t min_map_alignment_bytes = 64;
  std::map<GLenum, std::int64_t> more_limits =
      {};  // results of glGetInteger*v that replace the built-in ones

  std::int64_t total_memory_bytes = std::int64_t{16} << 30;  // storage beyond this: GL_OUT_OF_MEMORY
  int polls_until_done = 1;  // zero-timeout polls of a flushed fence that expire before its commands run

  // The GPU reaches mapped memory through other addresses, as hardware does. Page protection of a mapping does not stop it.
  bool gpu_has_own_addresses = false;
  std::size_t max_logged_calls = 65536;  // the ordered log stops here; counting continues
  Lie lie = Lie::none;
  bool instant = false;  // for counting instructions: no log, no checks of order, commands run when issued
};

}  // namespace strict_gl
