// SPDX-License-Identifier: MIT
//
// The state of one FakeGl and what each GL function does to it. Each fake_*.cpp implements one subject; the C
// functions in fake_buffer_entries.cpp, fake_context_entries.cpp and fake_texture_entries.cpp call it.
#pragma once

#include <glad/gl.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fake_gl.hpp"
#include "fake_storage.hpp"
#include "fake_stream.hpp"
#include "fake_textures.hpp"

namespace strict_gl {

// The version or extension that a function needs. A call without it is a violation, even through a valid pointer.
enum class Need {
  nothing,
  desktop,
  sync,
  map_range,
  copy,
  buffer_storage,
  direct_state_access,
  clear_buffer,
  invalidate,
  memory_barrier,
  compute,
  integer64,
  reset_status,
  texture_storage,
  level_parameter,
  get_sub_image,
  debug,
};

struct BufferObject {
  GLuint name = 0;
  bool exists = false;  // false between glGenBuffers and the first bind
  bool immutable = false;
  std::shared_ptr<Storage> storage;  // null while the size is 0
  std::string label;

  [[nodiscard]] std::int64_t size() const { return storage == nullptr ? 0 : storage->size(); }
  [[nodiscard]] const Mapping* mapping() const {
    return storage != nullptr && storage->mapping() ? &*storage->mapping() : nullptr;
  }
};
using Buffer = std::shared_ptr<BufferObject>;

struct IndexedBinding {
  Buffer buffer;
  std::int64_t offset = 0;
  std::int64_t size = 0;
};

// The target of GL_AMD_pinned_memory; it has no binding query.
inline constexpr GLenum kPinnedMemory = 0x9160;

// One row for each buffer target: its binding query and the first versions with it (major * 10 + minor; 0: none).
struct TargetInfo {
  GLenum target;
  GLenum binding;
  int desktop;
  int es;
};
std::span<const TargetInfo> buffer_targets();

// The client side of a texel transfer: a pixel buffer, which the command accesses when it runs, or client memory,
// which is accessed before the call returns.
struct PixelPlace {
  Buffer buffer = {};
  std::int64_t offset = 0;
  std::byte* memory = nullptr;

  explicit operator bool() const { return buffer != nullptr || memory != nullptr; }
};

// The state that the contexts of a share group share. They may be current on different threads, so each call holds
// the lock.
struct ShareGroup {
  std::mutex mutex;
  int contexts = 0;
  Known observed;  // work that clients saw completed
  std::map<GLuint, Buffer> buffers;
  std::set<GLuint> free_names;
  GLuint next_name = 1;
  std::unordered_map<std::uint64_t, std::shared_ptr<Sync>> syncs;
  std::map<GLuint, Texture> textures;
  GLuint next_texture = 1;
  std::shared_ptr<std::int64_t> used_bytes = std::make_shared<std::int64_t>(0);
  // Stores where a barrier or a fence may change which bytes are visible.
  std::map<const Storage*, std::weak_ptr<Storage>> watched;
};

std::string enum_name(GLenum value);

class Driver {
 public:
  Driver(FakeConfig config, Driver* share_with);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // For functions of FakeGl. GL functions hold the lock through Entered.
  [[nodiscard]] std::unique_lock<std::mutex> lock() const {
    return config_.instant ? std::unique_lock<std::mutex>() : std::unique_lock(share_->mutex);
  }

  static Driver* current();
  static void set_current(Driver* driver);

  // --- one call: fake_calls.cpp ---
  // Counts the call. Returns false if the call must do nothing and return 0; `action` is then the script that
  // replaces it, if any.
  bool enter(const char* name, Need need, bool works_when_lost, const Action** action);
  [[nodiscard]] bool logging() const { return !config_.instant && log_.size() < config_.max_logged_calls; }
  void log(const char* name, std::string args, std::vector<std::int64_t> values);
  void begin_simulated(const char* name) { call_ = name; }
  void violation(const std::string& what);
  void error(GLenum error, const std::string& what);  // a mistake of the client: a violation, too
  void generate(GLenum error);                        // an error without a mistake
  [[nodiscard]] bool has(Need need) const;
  [[nodiscard]] bool has_extension(std::string_view name) const;
  [[nodiscard]] bool at_least(int desktop, int es) const;  // major * 10 + minor; 0: never
  void script(std::string_view name, std::uint64_t nth, Action action);
  [[nodiscard]] bool lies(Lie lie) const { return config_.lie == lie; }
  void lose_context();
  GLenum get_error();
  GLenum reset_status();

  // --- names and bindings: fake_bindings.cpp ---
  void gen_buffers(GLsizei n, GLuint* names, bool create);
  void delete_buffers(GLsizei n, const GLuint* names);
  GLboolean is_buffer(GLuint name) const;
  void bind_buffer(GLenum target, GLuint name);
  void bind_range(GLenum target, GLuint index, GLuint name, GLintptr offset, GLsizeiptr size, bool whole);
  Buffer named(GLuint name);    // INVALID_OPERATION and null when there is no such object
  Buffer bound(GLenum target);  // INVALID_ENUM, or INVALID_OPERATION when zero is bound
  const TargetInfo* target_info(GLenum target) const;
  [[nodiscard]] std::int64_t max_indexed(GLenum target) const;  // 0: not an indexed target
  void enable(GLenum capability, bool on);
  GLboolean is_enabled(GLenum capability);
  void object_label(GLenum identifier, GLuint name, GLsizei length, const GLchar* label);
  void set_debug_callback(GLDEBUGPROC callback, const void* user);
  void* debug_pointer(GLenum name);
  void say(std::string_view message);
  [[nodiscard]] StateSnapshot snapshot() const;

  // --- data stores: fake_buffers.cpp; a null buffer was already reported ---
  void buffer_storage(const Buffer& buffer, GLsizeiptr size, const void* data, GLbitfield flags);
  void pin_memory(const Buffer& buffer, GLsizeiptr size, void* memory, GLenum usage);
  void buffer_data(const Buffer& buffer, GLsizeiptr size, const void* data, GLenum usage);
  void fail_storage(const Buffer& buffer);  // the state after GL_OUT_OF_MEMORY
  void buffer_sub_data(const Buffer& buffer, GLintptr offset, GLsizeiptr size, const void* data);
  void get_buffer_sub_data(const Buffer& buffer, GLintptr offset, GLsizeiptr size, void* data);
  void get_parameter(const Buffer& buffer, GLenum name, GLint64* value, bool narrow);
  void get_pointer(const Buffer& buffer, GLenum name, void** pointer);

  // --- mapping: fake_mapping.cpp ---
  void* map(const Buffer& buffer, GLintptr offset, GLsizeiptr length, GLbitfield access);
  void flush_mapped(const Buffer& buffer, GLintptr offset, GLsizeiptr length);
  GLboolean unmap(const Buffer& buffer, bool keep);

  // --- commands: fake_commands.cpp ---
  void copy(const Buffer& source, const Buffer& target, GLintptr from, GLintptr to, GLsizeiptr size);
  void clear(const Buffer& buffer, GLenum internal_format, GLintptr offset, GLsizeiptr size, GLenum format,
             GLenum type, const void* data, bool whole);
  void invalidate(GLuint name, GLintptr offset, GLsizeiptr length, bool whole);
  void memory_barrier(GLbitfield bits);
  std::shared_ptr<GpuRead> shader_read(GLuint name, std::int64_t offset, std::int64_t size);
  void simulated_write(GLuint name, std::int64_t offset, Bytes bytes, Storage::Writer writer);
  void shader_copy(GLuint source, std::int64_t from, GLuint target, std::int64_t to, std::int64_t size);
  void shader_atomic_add(GLuint name, std::int64_t offset, std::uint32_t value);

  // --- textures: fake_textures.cpp; a null texture was already reported ---
  void gen_textures(GLsizei n, GLuint* names);
  void delete_textures(GLsizei n, const GLuint* names);
  GLboolean is_texture(GLuint name) const;
  void active_texture(GLenum unit);
  void bind_texture(GLenum target, GLuint name);
  Texture named_texture(GLuint name);
  Texture bound_texture(GLenum target, std::int64_t* face);  // accepts a cube face and returns its number
  void texture_storage(GLenum target, GLsizei levels, GLenum internal_format, const Box& size);
  void get_level_parameter(const Texture& texture, GLint level, GLenum name, GLint* value);
  void get_texture_parameter(const Texture& texture, GLenum name, GLint* value);
  void image_store(GLuint name, std::size_t level, std::int64_t offset, Bytes bytes);

  // --- transfers of texels: fake_pixels.cpp ---
  void pixel_store(GLenum name, GLint value);
  void tex_sub_image(const Texture& texture, GLint level, const Box& box, GLenum format, GLenum type,
                     std::int64_t image_size, const void* pointer);
  void get_sub_image(const Texture& texture, GLint level, const Box& box, GLenum format, GLenum type,
                     std::int64_t room, void* pointer);
  void get_image(GLenum target, GLint level, GLenum format, GLenum type, void* pointer);

  // --- framebuffers: fake_framebuffers.cpp ---
  void gen_framebuffers(GLsizei n, GLuint* names);
  void delete_framebuffers(GLsizei n, const GLuint* names);
  void bind_framebuffer(GLenum target, GLuint name);
  void framebuffer_texture(GLenum target, GLenum attachment, GLuint name, GLint level, std::int64_t layer);
  GLenum framebuffer_status(GLenum target);
  void get_attachment_parameter(GLenum target, GLenum point, GLenum name, GLint* value);
  void read_buffer(GLenum buffer);
  void draw_buffers();
  void read_pixels(const Box& box, GLenum format, GLenum type, void* pointer);
  void gen_renderbuffers(GLsizei n, GLuint* names);
  void delete_renderbuffers(GLsizei n, const GLuint* names);
  void bind_renderbuffer(GLuint name);
  void renderbuffer_storage(GLenum internal_format, const Box& size);
  void framebuffer_renderbuffer(GLenum target, GLenum attachment, GLuint name);
  void blit_framebuffer(const std::array<GLint, 4>& from, const std::array<GLint, 4>& to, GLbitfield planes);

  // --- programs and dispatches: fake_shaders.cpp ---
  GLuint create_program(GLenum type, GLsizei count, const GLchar* const* texts);
  void delete_program(GLuint name);
  void use_program(GLuint name);
  void get_program(GLuint name, GLenum parameter, GLint* value);
  void get_program_stage(GLuint name, GLenum parameter, GLint* value);
  void uniform(GLint location, std::vector<std::uint32_t> words);
  void gen_samplers(GLsizei n, GLuint* names);
  void delete_samplers(GLsizei n, const GLuint* names);
  void sampler_parameter(GLuint name, GLenum parameter, GLint value);
  void bind_sampler(GLuint unit, GLuint name);
  void dispatch(std::array<std::uint32_t, 3> groups);

  // --- order: fake_sync.cpp ---
  void issue(Command command);
  void flush();
  void finish();
  void sync_with(const Storage* storage);  // runs the commands of this context that touch it
  GLsync fence_sync(GLenum condition, GLbitfield flags);
  void delete_sync(GLsync sync);
  GLenum client_wait(GLsync sync, GLbitfield flags, GLuint64 timeout);
  void server_wait(GLsync sync, GLbitfield flags, GLuint64 timeout);
  void get_sync(GLsync sync, GLenum name, GLsizei count, GLsizei* length, GLint* values, bool unsignaled);
  GLboolean is_sync(GLsync sync) const;

  // --- queries: fake_queries.cpp ---
  const GLubyte* get_string(GLenum name);
  const GLubyte* get_string_i(GLenum name, GLuint index);
  bool get_integer(GLenum name, GLint64* value);
  bool get_indexed(GLenum name, GLuint index, GLint64* value);

  // --- for FakeGl ---
  struct NameState {
    std::uint64_t total = 0;
    std::uint64_t counted = 0;  // since clear_log
    std::vector<std::pair<std::uint64_t, Action>> scripted;
  };
  [[nodiscard]] bool lost() const { return lost_; }
  [[nodiscard]] bool unknown_names_null() const { return config_.unknown_names_null; }
  [[nodiscard]] std::string last_call() const { return log_.empty() ? "none" : log_.back().name; }

 private:
  friend class FakeGl;

  Buffer find(GLuint name) const;
  std::shared_ptr<Storage> allocate(std::int64_t size, GLbitfield flags, const void* data);
  bool check_range(const Buffer& buffer, GLintptr offset, GLsizeiptr size);  // INVALID_VALUE
  Buffer simulated(GLuint name, std::int64_t offset, std::int64_t size);
  void write(const std::shared_ptr<Storage>& storage, std::uint64_t position, Storage::Writer writer,
             std::int64_t offset, std::span<const std::byte> bytes);
  // These bytes are about to be replaced; other contexts may still see the old ones.
  void note_write(Storage& storage, std::uint64_t position, std::int64_t offset, std::int64_t size);
  void note_binding(const Buffer& buffer);
  Bytes hidden(Storage& storage, const Known& visible, std::int64_t offset, Bytes bytes) const;
  void release_storage(BufferObject& buffer);
  void lose_coherent_bytes();  // Lie::mapping_dies_with_its_context
  void open_mapped_pages();    // Lie::page_protection_is_lifted
  struct Integer {
    bool available = false;
    GLint64 number = 0;
  };
  [[nodiscard]] Integer context_integer(GLenum name) const;
  [[nodiscard]] Integer limit(GLenum name) const;
  bool is_texture_target(GLenum target) const;
  Texture find_texture(GLuint name) const;
  bool get_texture_integer(GLenum name, GLint64* value) const;
  bool get_pixel_integer(GLenum name, GLint64* value);
  bool get_framebuffer_integer(GLenum name, GLint64* value) const;
  bool get_shader_integer(GLenum name, GLint64* value) const;
  void snapshot_shaders(StateSnapshot& snapshot) const;
  Bytes fetch(const Texture& texture, std::int64_t x, std::int64_t y);
  void snapshot_textures(StateSnapshot& snapshot) const;
  void snapshot_pixels(StateSnapshot& snapshot) const;
  void snapshot_framebuffers(StateSnapshot& snapshot) const;
  bool pixel_field(GLenum name, GLint** value);
  TextureLevel* check_box(const Texture& texture, GLint level, const Box& box);
  // Where `bytes` from `pointer` on lie: in a pixel buffer or in client memory. Neither if the transfer is illegal.
  PixelPlace check_pixels(GLenum target, const TexelRow& texels, const void* pointer, std::int64_t bytes);
  bool check_client_memory(const TexelRow& texels, const std::byte* memory, std::int64_t bytes,
                           GLbitfield access);
  void pack_image(const Texture& texture, const TextureLevel& image, const Box& box, bool images,
                  GLbitfield barrier, std::int64_t room, const void* pointer);
  std::shared_ptr<Sync> find_sync(GLsync sync) const;
  bool poll(Sync& sync);
  void observe(const Sync& sync);
  void observe(std::uint32_t context, std::uint64_t position, const Known& known = {});
  template <class Visit>
  void visit_watched(Visit visit);

  FakeConfig config_;
  std::shared_ptr<ShareGroup> share_;
  std::uint32_t id_ = 0;  // of this context, unique in the process
  std::shared_ptr<Stream> stream_ = std::make_shared<Stream>();
  Known known_;  // the work that is done before commands issued now
  std::string version_;
  std::string glsl_version_;
  std::string extension_list_;

  std::map<GLenum, Buffer> bindings_;
  std::map<std::pair<GLenum, GLuint>, IndexedBinding> indexed_;
  std::set<GLenum> enabled_;
  GLDEBUGPROC debug_callback_ = nullptr;
  const void* debug_user_ = nullptr;
  GLenum active_unit_ = GL_TEXTURE0;
  std::map<std::pair<GLenum, GLenum>, Texture> texture_bindings_;  // by unit and target
  PixelStore unpack_;
  PixelStore pack_;
  std::map<GLuint, Framebuffer> framebuffers_;
  GLuint next_framebuffer_ = 1;
  std::map<GLuint, Texture> renderbuffers_;  // each a texture of one level
  GLuint next_renderbuffer_ = 1;
  GLuint renderbuffer_ = 0;  // bound
  std::map<GLuint, Uniforms> programs_;
  GLuint next_program_ = 1;
  GLuint program_ = 0;                 // current
  std::map<GLuint, GLenum> samplers_;  // with their GL_TEXTURE_MIN_FILTER
  GLuint next_sampler_ = 1;
  std::map<GLuint, GLuint> sampler_bindings_;  // by unit
  std::function<void(const Dispatch&)> stand_in_;
  Framebuffer read_framebuffer_;
  Framebuffer draw_framebuffer_;

  const char* call_ = "";
  GLenum pending_error_ = GL_NO_ERROR;
  bool lost_ = false;
  int reset_answers_left_ = -1;
  bool scripted_ = false;
  std::function<std::optional<Action>(std::string_view)> choose_;  // FakeGl::script_every_call
  std::map<std::string, NameState, std::less<>> names_;
  std::vector<LoggedCall> log_;
  std::uint64_t total_calls_ = 0;
  std::vector<std::string> violations_;
  std::atomic<std::thread::id> owner_{};
  Action last_action_;
};

template <class Visit>
void Driver::visit_watched(Visit visit) {
  for (auto entry = share_->watched.begin(); entry != share_->watched.end();) {
    const std::shared_ptr<Storage> storage = entry->second.lock();
    if (storage != nullptr) visit(*storage);
    entry = storage == nullptr || !storage->outstanding() ? share_->watched.erase(entry) : std::next(entry);
  }
}

}  // namespace strict_gl
