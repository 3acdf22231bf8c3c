// SPDX-License-Identifier: MIT
//
// The strict fake GL: an in-process set of GL functions that grants nothing which the OpenGL 4.6 core
// specification and ARB_buffer_storage do not grant, so that a missing fence, flush or barrier changes bytes
// and fails a test anywhere.
//
//   strict_gl::FakeGl gl;
//   gl.make_current();
//   gladLoadGLContextUserPtr(&context, &strict_gl::get_proc_address_user, nullptr);
//   ... use GL ...
//   auto read = gl.shader_read(buffer, 0, 16);   // a draw that reads 16 bytes, issued now, executed late
//   ... fence, flush, wait ...
//   EXPECT_EQ(read->bytes(), expected);
//   strict_gl::expect_clean(gl);                 // in strict_gl_gtest.hpp
//
// Order:   commands run when they were flushed *and* then waited for (or their fence was polled often
//          enough), and a wait runs only what stands before its fence. GPU reads see memory as it is when
//          they run.
// Memory:  a coherent mapping is the GPU's memory. A non-coherent one is a copy: glFlushMapped* moves bytes
//          towards the GPU, and barrier, then fence, then wait moves them back. New GPU memory is
//          kNewGpuPoison; a readable mapping that shows nothing yet kUnreadPoison; a write-only one
//          kWriteOnlyPoison (up to kPoisonLimitBytes). Shader stores stay invisible to copies, clears'
//          neighbours, reads and maps until GL_BUFFER_UPDATE_BARRIER_BIT.
// Sharing: what one context of a share group wrote shows in another only behind a server wait for its fence, or
//          once some client saw that fence signalled, and then a binding of the buffer there.
// Threads: a FakeGl belongs to the thread where it is current; being current on two is a violation. Those of one
//          share group may be current on several threads at once.
#pragma once

#include <glad/gl.h>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fake_script.hpp"

namespace strict_gl {

using Bytes = std::vector<std::byte>;
using Proc = void (*)();

inline constexpr std::byte kNewGpuPoison{0xA5};
inline constexpr std::byte kUnreadPoison{0xCD};
inline constexpr std::byte kWriteOnlyPoison{0xEE};
inline constexpr std::int64_t kPoisonLimitBytes = std::int64_t{16} << 20;

// `count` bytes of one value, and the bytes of a list of small integers: for expectations.
Bytes filled(std::size_t count, int value);
Bytes bytes_of(std::initializer_list<int> values);
Bytes copy_of(const void* data, std::size_t count);

// The address of a GL function. A name that the fake lacks gets a trap, non-null as in real GL, that aborts
// when it is called (or null: FakeConfig::unknown_names_null of the current fake).
Proc get_proc_address(const char* name);
// The same in the shape that glad's gladLoad*UserPtr take; `user` is ignored.
Proc get_proc_address_user(void* user, const char* name);

// GL calls made in this process while no fake was current on the calling thread. They do nothing and answer
// 0.
std::uint64_t calls_without_context();
void reset_calls_without_context();

// A simulated GPU read: a draw or dispatch that reads a byte range when it runs.
class GpuRead {
 public:
  [[nodiscard]] bool executed() const { return executed_; }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }  // empty until executed

 private:
  friend class Driver;
  bool executed_ = false;
  Bytes bytes_;
};

struct LoggedCall {
  std::string name;
  std::string args;  // "GL_COPY_READ_BUFFER, 3": enumerants by name, pointers as "null" or "pointer"
  std::vector<std::int64_t> values;  // the same as numbers; pointers as 0 or 1, a sync as its handle
};

// All tracked GL state by name, "GL_COPY_READ_BUFFER" or "GL_UNIFORM_BUFFER[3].offset". Pending errors are
// not part.
struct StateSnapshot {
  std::map<std::string, std::int64_t> values;

  bool operator==(const StateSnapshot&) const = default;
  // One "name: before -> after" line for each difference.
  [[nodiscard]] std::string diff(const StateSnapshot& after) const;
};
std::ostream& operator<<(std::ostream& out, const StateSnapshot& snapshot);

class Driver;  // the implementation; fake_driver.hpp

// One GL context. Destroying it runs what was issued and frees its memory; mapped pointers then fault.
class FakeGl {
 public:
  explicit FakeGl(FakeConfig config = {}, FakeGl* share_with = nullptr);  // shares buffers and syncs
  ~FakeGl();
  FakeGl(const FakeGl&) = delete;
  FakeGl& operator=(const FakeGl&) = delete;

  void make_current();
  static void release_current();
  static void* current();          // the identity of the current fake, null when there is none
  static FakeGl* current_fake();   // the same as its type
  [[nodiscard]] void* identity();  // what current() answers while this fake is current

  [[nodiscard]] const FakeConfig& config() const;
  void set_polls_until_done(int polls);
  void set_lost_wait_answer(LostWaitAnswer answer);
  void set_total_memory_bytes(std::int64_t bytes);

  // Simulated GPU work, queued behind the commands issued so far. Offsets and sizes are in bytes of the
  // buffer; a range outside it, an unknown name or a buffer mapped without PERSISTENT is a violation and
  // queues nothing.
  std::shared_ptr<GpuRead> shader_read(GLuint buffer, std::int64_t offset, std::int64_t size);
  void shader_write(GLuint buffer, std::int64_t offset, std::span<const std::byte> bytes);
  void shader_copy(GLuint source, std::int64_t source_offset, GLuint target, std::int64_t target_offset,
                   std::int64_t size);
  void shader_atomic_add(GLuint buffer, std::int64_t offset, std::uint32_t value);
  // A server write that is no shader store (glReadPixels into a buffer, transform feedback).
  void server_write(GLuint buffer, std::int64_t offset, std::span<const std::byte> bytes);

  // An imageStore into one level, from byte `offset` of its texels as they lie without gaps.
  void image_store(GLuint texture, std::size_t level, std::int64_t offset, std::span<const std::byte> bytes);

  // The nth call of that name, counted from now and from 1, does `action` instead. Each call of a name has at
  // most one scripted answer: the earliest scripted that matches. clear_script forgets all.
  void script(std::string_view call_name, std::uint64_t nth, Action action);
  void clear_script();
  // From now on: reset status answered, GL_SYNC_STATUS is SIGNALED, waits answer as configured, everything
  // else does nothing and generates GL_CONTEXT_LOST. Commands not yet run never do.
  void lose_context();
  [[nodiscard]] bool lost() const;

  // Everything that broke a rule, one sentence each, oldest first.
  [[nodiscard]] const std::vector<std::string>& violations() const;
  [[nodiscard]] bool violated(std::string_view part) const;  // some violation contains `part`
  void clear_violations();

  [[nodiscard]] std::uint64_t calls(std::string_view name) const;  // count of one name since clear_log
  [[nodiscard]] std::uint64_t total_calls() const;
  [[nodiscard]] std::map<std::string, std::uint64_t> call_counts() const;
  [[nodiscard]] const std::vector<LoggedCall>& log() const;  // at most FakeConfig::max_logged_calls
  [[nodiscard]] std::vector<LoggedCall> log_of(std::string_view name) const;
  void clear_log();

  [[nodiscard]] std::size_t live_buffers()
      const;  // buffer names of the share group that exist or are reserved
  [[nodiscard]] std::vector<GLuint> buffer_names() const;
  [[nodiscard]] std::size_t live_syncs() const;
  [[nodiscard]] std::size_t mapped_buffers() const;
  [[nodiscard]] std::int64_t memory_in_use_bytes() const;  // storage of the share group
  [[nodiscard]] std::size_t queued_commands() const;       // issued, not yet run, fences included
  [[nodiscard]] std::size_t unflushed_commands() const;
  [[nodiscard]] GLuint bound_buffer(GLenum target) const;
  [[nodiscard]] std::size_t live_framebuffers() const;
  [[nodiscard]] StateSnapshot state_snapshot() const;
  [[nodiscard]] std::string label_of(GLuint buffer) const;  // what glObjectLabel set

  [[nodiscard]] GLenum pending_error() const;  // what glGetError would answer; does not clear it
  void inject_error(GLenum error);             // an error pending from the caller's own calls

  // The GPU's memory as it is now: runs nothing, waits for nothing. Empty for an unknown name.
  [[nodiscard]] Bytes gpu_bytes(GLuint buffer) const;
  [[nodiscard]] Bytes gpu_bytes(GLuint buffer, std::int64_t offset, std::int64_t size) const;
  // The texels of one level as they are now, images and rows without gaps; and sets them, behind GL's back.
  [[nodiscard]] Bytes texels(GLuint texture, std::size_t level) const;
  void set_texels(GLuint texture, std::size_t level, std::span<const std::byte> bytes);

 private:
  std::unique_ptr<Driver> driver_;
};

}  // namespace strict_gl
