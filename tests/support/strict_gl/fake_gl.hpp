// SPDX-License-Identifier: MIT
//
// The strict fake GL: an in-process set of GL functions. It grants only what the OpenGL 4.6 core specification
// and ARB_buffer_storage grant, so a missing fence, flush or barrier changes bytes and fails a test on any
// machine. README.md describes how a command travels through it.
//
//   strict_gl::FakeGl gl;
//   gl.make_current();
//   gladLoadGLContextUserPtr(&context, &strict_gl::get_proc_address_user, nullptr);
//   ... use GL ...
//   auto read = gl.shader_read(buffer, 0, 16);   // a draw that reads 16 bytes: issued now, executed late
//   ... fence, flush, wait ...
//   EXPECT_EQ(read->bytes(), expected);
//   strict_gl::expect_clean(gl);                 // in strict_gl_gtest.hpp
//
// Order:   a command runs after it was flushed *and* then waited for, or after its fence was polled often
//          enough. A wait runs only the commands before its fence. GPU reads see memory as it is when they run.
// Memory:  a coherent mapping is the GPU's memory. A non-coherent mapping is a copy: glFlushMapped* moves bytes
//          to the GPU; a barrier, then a fence, then a wait move bytes back. New GPU memory is filled with
//          kNewGpuPoison, a readable mapping without bytes yet with kUnreadPoison, and a write-only mapping
//          with kWriteOnlyPoison (up to kPoisonLimitBytes). Shader stores stay invisible to copies, reads and
//          maps, and to the bytes beside a clear, until GL_BUFFER_UPDATE_BARRIER_BIT.
// Sharing: a write of one context shows in another context of the share group after two steps. The fence behind
//          it has to be waited for on that server, or seen signalled by a client; then the buffer has to be bound
//          there again.
// Threads: a FakeGl belongs to the thread where it is current. Being current on two threads is a violation.
//          Different contexts of a share group may be current on different threads at the same time.
#pragma once

#include <glad/gl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
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

// Bytes for expectations: `count` times one value, a list of small integers, a copy.
Bytes filled(std::size_t count, int value);
Bytes bytes_of(std::initializer_list<int> values);
Bytes copy_of(const void* data, std::size_t count);

// The address of a GL function. For an unknown name it returns a trap, which is non-null as in real GL and aborts
// when called; with FakeConfig::unknown_names_null of the current fake it returns null.
Proc get_proc_address(const char* name);
// The same for glad's gladLoad*UserPtr; `user` is ignored.
Proc get_proc_address_user(void* user, const char* name);

// The number of GL calls in this process while no fake was current on the calling thread. Such calls do nothing
// and return 0.
std::uint64_t calls_without_context();
void reset_calls_without_context();

// True on a thread that is inside a GL function of a fake, or issues a simulated read or server write.
bool inside_call();

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

using Uniforms = std::map<GLint, std::vector<std::uint32_t>>;  // by location, as words

// A dispatch that runs, for the function that stands in for its shader.
struct Dispatch {
  std::array<std::uint32_t, 3> groups;
  Uniforms uniforms;
  std::int64_t storage_bytes;  // of the range at index 0 of GL_SHADER_STORAGE_BUFFER
  // A texel of level 0 of the 2D texture of a unit.
  std::function<Bytes(GLuint unit, std::int64_t x, std::int64_t y)> fetch;
  // Stores into that range.
  std::function<void(std::int64_t offset, const Bytes& bytes)> store;
};

struct LoggedCall {
  std::string name;
  std::string args;  // "GL_COPY_READ_BUFFER, 3": enumerants by name, pointers as "null" or "pointer"
  std::vector<std::int64_t> values;  // the same as numbers: pointers are 0 or 1, a sync is its handle
};

// All tracked GL state by name: "GL_COPY_READ_BUFFER" or "GL_UNIFORM_BUFFER[3].offset". It excludes pending
// errors.
struct StateSnapshot {
  std::map<std::string, std::int64_t> values;

  bool operator==(const StateSnapshot&) const = default;
  // One "name: before -> after" line for each difference.
  [[nodiscard]] std::string diff(const StateSnapshot& after) const;
};
std::ostream& operator<<(std::ostream& out, const StateSnapshot& snapshot);

class Driver;  // the implementation; fake_driver.hpp

// One GL context. Its destructor runs all issued commands and frees its memory; mapped pointers then fault.
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
  [[nodiscard]] void* identity();  // what current() returns while this fake is current

  [[nodiscard]] const FakeConfig& config() const;
  void set_polls_until_done(int polls);
  void set_lost_wait_answer(LostWaitAnswer answer);
  void set_total_memory_bytes(std::int64_t bytes);

  // Simulated GPU work, queued after the commands issued so far. Offsets and sizes count bytes of the buffer.
  // A range outside the buffer, an unknown name, or a buffer mapped without PERSISTENT is a violation and queues
  // nothing.
  std::shared_ptr<GpuRead> shader_read(GLuint buffer, std::int64_t offset, std::int64_t size);
  void shader_write(GLuint buffer, std::int64_t offset, std::span<const std::byte> bytes);
  void shader_copy(GLuint source, std::int64_t source_offset, GLuint target, std::int64_t target_offset,
                   std::int64_t size);
  void shader_atomic_add(GLuint buffer, std::int64_t offset, std::uint32_t value);
  // A server write that is not a shader store, such as glReadPixels into a buffer or transform feedback.
  void server_write(GLuint buffer, std::int64_t offset, std::span<const std::byte> bytes);

  // An imageStore into one level, starting at byte `offset` of its tightly packed texels.
  void image_store(GLuint texture, std::size_t level, std::int64_t offset, std::span<const std::byte> bytes);

  // The fake runs no GLSL: this function is every shader.
  void stand_in(std::function<void(const Dispatch&)> shader);

  // For a fake of another API that shares memory with GL. `commands_so_far` flushes, and returns a function that runs all
  // commands issued before, and reports false if they cannot end. `wait_for` issues a command that runs `done`.
  std::function<bool()> commands_so_far();
  void wait_for(std::function<void()> done);
  // The GPU's memory of a buffer, valid as long as its storage; empty for an unknown name.
  [[nodiscard]] std::span<std::byte> memory_of(GLuint buffer);
  // The flags of the mapping of a buffer and of its storage together; 0 if it is not mapped.
  [[nodiscard]] GLbitfield mapping_flags(GLuint buffer) const;
  void move_away_from_mapping(GLuint buffer);

  // Replaces the nth call of that name from now on (1 is the next) with `action`. If several scripts match a
  // call, the earliest one applies. clear_script removes all, and what script_every_call set.
  void script(std::string_view call_name, std::uint64_t nth, Action action);
  // Sees every call from now on by its name, and returns what replaces it, if anything. Scripts apply first. It runs
  // inside the call, so it calls no GL.
  void script_every_call(std::function<std::optional<Action>(std::string_view call_name)> choose);
  void clear_script();
  // From now on the reset status is reported, GL_SYNC_STATUS is SIGNALED, and waits return as configured. Every
  // other call does nothing and generates GL_CONTEXT_LOST. Queued commands never run.
  void lose_context();
  [[nodiscard]] bool lost() const;

  // The broken rules, one sentence each, oldest first.
  [[nodiscard]] const std::vector<std::string>& violations() const;
  [[nodiscard]] bool violated(std::string_view part) const;  // some violation contains `part`
  void clear_violations();

  [[nodiscard]] std::uint64_t calls(std::string_view name) const;  // count of one name since clear_log
  [[nodiscard]] std::uint64_t total_calls() const;
  [[nodiscard]] std::map<std::string, std::uint64_t> call_counts() const;
  [[nodiscard]] const std::vector<LoggedCall>& log() const;  // at most FakeConfig::max_logged_calls
  [[nodiscard]] std::vector<LoggedCall> log_of(std::string_view name) const;
  void clear_log();

  [[nodiscard]] std::size_t live_buffers() const;  // names of the share group, reserved ones included
  [[nodiscard]] std::vector<GLuint> buffer_names() const;
  [[nodiscard]] std::size_t live_syncs() const;
  [[nodiscard]] std::size_t mapped_buffers() const;
  [[nodiscard]] std::int64_t memory_in_use_bytes() const;  // storage of the share group
  [[nodiscard]] std::size_t queued_commands() const;       // issued, not yet run, fences included
  [[nodiscard]] std::size_t unflushed_commands() const;
  [[nodiscard]] GLuint bound_buffer(GLenum target) const;
  [[nodiscard]] std::size_t live_framebuffers() const;
  [[nodiscard]] std::size_t live_renderbuffers() const;
  [[nodiscard]] std::size_t live_programs() const;
  [[nodiscard]] std::size_t live_samplers() const;
  [[nodiscard]] StateSnapshot state_snapshot() const;
  [[nodiscard]] std::string label_of(GLuint buffer) const;  // what glObjectLabel set

  // Sends a message of the driver to the callback of glDebugMessageCallback, if there is one and debug output is enabled.
  void say(std::string_view message);

  [[nodiscard]] GLenum pending_error() const;  // what glGetError would return; does not clear it
  void inject_error(GLenum error);             // a pending error from calls of the program

  // The GPU's memory as it is now; runs no command. Empty for an unknown name.
  [[nodiscard]] Bytes gpu_bytes(GLuint buffer) const;
  [[nodiscard]] Bytes gpu_bytes(GLuint buffer, std::int64_t offset, std::int64_t size) const;
  // The tightly packed texels of one level as they are now. set_texels replaces them outside the command stream.
  [[nodiscard]] Bytes texels(GLuint texture, std::size_t level) const;
  void set_texels(GLuint texture, std::size_t level, std::span<const std::byte> bytes);

 private:
  std::unique_ptr<Driver> driver_;
};

}  // namespace strict_gl
