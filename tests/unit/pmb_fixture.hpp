// SPDX-License-Identifier: MIT
// The fixture of the library's tests on the strict fake GL: a fake, a pmb context on it, and what its sink
// and log received. Every test ends with no rule of GL broken and nothing left behind.
#pragma once

#include <glad/gl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <ostream>
#include <pmb/pmb.hpp>
#include <pmb/tune/profile.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/machine_memory.hpp"
#include "fake_gl.hpp"
#include "flip_stand_in.hpp"
#include "strict_gl_gtest.hpp"

namespace pmb_test {

using namespace std::chrono_literals;
using pmb::Access;
using pmb::ErrorId;
using pmb::Model;
using pmb::Status;
using strict_gl::Bytes;
using strict_gl::FakeConfig;
using strict_gl::FakeGl;
using strict_gl::filled;

/// `count` bytes that differ from their neighbours and from those of other seeds.
inline Bytes pattern(std::size_t count, std::uint64_t seed) {
  Bytes bytes(count);
  std::uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
  for (std::size_t at = 0; at < count; at += sizeof state) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const std::uint64_t mixed = state ^ (state >> 29U) ^ (state << 17U);
    std::memcpy(bytes.data() + at, &mixed, std::min(sizeof mixed, count - at));
  }
  return bytes;
}

inline Bytes copy(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

template <class T>
ErrorId id_of(const pmb::Result<T>& result) {
  return result ? ErrorId::none : result.error().id;
}

/// The value, or an exception that ends the test with the error's sentence.
template <class T>
T take(pmb::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// A report that owns its label.
struct Seen {
  ErrorId id;
  std::string label;
  std::uint32_t buffer;
  std::uint64_t begin;
  std::uint64_t end;
  std::source_location acquired_at;
  std::source_location noticed_at;
  std::string message;
  std::vector<void*> noticed_stack = {};
};

class PmbTest : public testing::Test {
 protected:
  PmbTest() { strict_gl::reset_calls_without_context(); }

  /// Ends and checks the previous fake, then starts a new one with a context.
  void start(const FakeConfig& config = {}, pmb::Options options = {}) {
    stop();
    fake_.emplace(config);
    fake_->make_current();
    fake_->stand_in(flip_stand_in);
    gl_ = {};
    const auto load_table = config.es ? &gladLoadGLES2ContextUserPtr : &gladLoadGLContextUserPtr;
    if (load_table(&gl_, &strict_gl::get_proc_address_user, nullptr) == 0) {
      throw std::runtime_error("the fake's entry points cannot be loaded");
    }
    if (config.es) gl_.BufferStorage = gl_.BufferStorageEXT;
    context_.emplace(take(open(std::move(options))));
    fake_->clear_log();
  }

  /// A pmb context on the current fake.
  pmb::Result<pmb::Context> open(pmb::Options options = {}) {
    options.current_context = &FakeGl::current;
    if (!options.log) {
      options.log = [this](pmb::LogLevel, std::string_view line) { log_lines_.emplace_back(line); };
    }
    return pmb::Context::from_current(&strict_gl::get_proc_address, std::move(options));
  }

  /// Options with a sink that keeps every report.
  pmb::Options validating(pmb::Options options = {}) {
    options.validation = [this](const pmb::Report& report) {
      reports_.push_back({report.id,
                          std::string(report.label),
                          report.buffer,
                          report.begin_bytes,
                          report.end_bytes,
                          report.acquired_at,
                          report.noticed_at,
                          report.message(),
                          {report.noticed_stack.begin(), report.noticed_stack.end()}});
    };
    return options;
  }

  std::size_t reports_of(ErrorId id) const {
    std::size_t count = 0;
    for (const Seen& seen : reports_) count += seen.id == id ? 1 : 0;
    return count;
  }

  /// Ends the context and its fake; expects no broken rule and no leak.
  void stop() {
    if (!fake_) return;
    fake_->make_current();
    context_.reset();
    strict_gl::expect_clean(*fake_);
    if (!leaks_expected_) {
      for (const GLuint name : own_buffers_) gl_.DeleteBuffers(1, &name);
      EXPECT_EQ(fake_->live_syncs(), 0U) << "fences left behind";
      EXPECT_EQ(fake_->mapped_buffers(), 0U) << "mappings left behind";
      EXPECT_EQ(fake_->live_buffers(), 0U) << "buffers left behind";
    }
    own_buffers_.clear();
    fake_.reset();
  }

  void TearDown() override {
    stop();
    EXPECT_EQ(pmb::detail::process_mapped_bytes(), 0U) << "bytes still booked against the memory limit";
    EXPECT_EQ(strict_gl::calls_without_context(), 0U) << "GL calls with no context current";
    strict_gl::reset_calls_without_context();
  }

  pmb::Timeline& timeline() { return context_->timeline(); }
  pmb::Ticket mark() { return take(timeline().mark()); }

  /// A buffer that the program creates with glBufferData.
  GLuint plain_buffer(std::size_t size, const void* data = nullptr) {
    GLuint name = 0;
    gl_.GenBuffers(1, &name);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    gl_.BufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(size), data, GL_STATIC_DRAW);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, 0);
    own_buffers_.push_back(name);
    return name;
  }

  /// A persistent mapping that the program creates: `length` bytes at `offset` of a new buffer.
  pmb::AdoptedMapping map_own(std::int64_t size, std::int64_t offset, std::int64_t length,
                              GLbitfield map_flags) {
    GLuint name = 0;
    gl_.GenBuffers(1, &name);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    gl_.BufferStorage(GL_COPY_WRITE_BUFFER, size, nullptr,
                      map_flags & ~static_cast<GLbitfield>(GL_MAP_FLUSH_EXPLICIT_BIT));
    void* pointer = gl_.MapBufferRange(GL_COPY_WRITE_BUFFER, offset, length, map_flags);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, 0);
    own_buffers_.push_back(name);
    return {.buffer = name,
            .pointer = pointer,
            .offset_bytes = static_cast<std::uint64_t>(offset),
            .size_bytes = static_cast<std::uint64_t>(length),
            .label = "adopted"};
  }

  /// Acquires, fills and publishes.
  pmb::Slice put(pmb::UploadRing& ring, const Bytes& bytes, std::uint64_t alignment = 0) {
    const pmb::Slice slice = take(ring.acquire(bytes.size(), alignment));
    EXPECT_TRUE(slice.copy_from(bytes));
    take(ring.publish(slice, bytes.size()));
    return slice;
  }

  /// The same, then retires the slice with a new mark, unread.
  void put_and_retire(pmb::UploadRing& ring, const Bytes& bytes, std::uint64_t alignment = 0) {
    const pmb::Slice slice = put(ring, bytes, alignment);
    take(ring.retire(slice, mark()));
  }

  /// A draw that reads a published slice.
  std::shared_ptr<strict_gl::GpuRead> draw(const pmb::Slice& slice) {
    return fake_->shader_read(slice.buffer(), static_cast<std::int64_t>(slice.offset_bytes()),
                              static_cast<std::int64_t>(slice.size_bytes()));
  }

  /// A command that writes a buffer: a shader's store where shaders can store, else another of the server's writes.
  void write_on_gpu(GLuint buffer, std::int64_t offset, const Bytes& bytes) {
    if (context_->limits().memory_barrier) {
      fake_->shader_write(buffer, offset, bytes);
    } else {
      fake_->server_write(buffer, offset, bytes);
    }
  }

  /// A command that writes directly into a readback's bytes, as glReadPixels does.
  void write_into(const pmb::PendingReadback& target, const Bytes& bytes) {
    fake_->server_write(target.buffer(), static_cast<std::int64_t>(target.offset_bytes()), bytes);
  }

  std::optional<FakeGl> fake_;
  std::optional<pmb::Context> context_;
  GladGLContext gl_{};
  std::vector<GLuint> own_buffers_;
  std::vector<Seen> reports_;
  std::vector<std::string> log_lines_;
  bool leaks_expected_ = false;  ///< The GL context died first, with its objects.
};

/// How buffers are edited.
enum class Edit : std::uint8_t {
  by_name,      ///< Direct state access.
  by_binding,   ///< Forced by Options::bind_to_edit.
  old_context,  ///< OpenGL 4.3 with GL_ARB_buffer_storage and nothing else.
  es,           ///< OpenGL ES 3.2 with GL_EXT_buffer_storage.
  no_storage,   ///< OpenGL 4.3 without buffer storage: private memory.
  oldest,       ///< OpenGL 3.1 with GL_ARB_sync, the least that pmb takes.
  oldest_es,    ///< OpenGL ES 3.0, likewise.
  traditional,  ///< Private memory, forced.
  orphaned,     ///< The same, and buffers specified anew.
};

inline FakeConfig config_of(Edit edit) {
  FakeConfig config;
  const auto set = [&](int major, int minor, std::vector<std::string> extensions) {
    config.major = major;
    config.minor = minor;
    config.extensions = std::move(extensions);
  };
  config.es = edit == Edit::es || edit == Edit::oldest_es;
  if (edit == Edit::old_context) set(4, 3, {"GL_ARB_buffer_storage"});
  if (edit == Edit::es) set(3, 2, {"GL_EXT_buffer_storage"});
  if (edit == Edit::no_storage) set(4, 3, {"GL_KHR_debug"});
  if (edit == Edit::oldest) set(3, 1, {"GL_ARB_sync"});
  if (edit == Edit::oldest_es) set(3, 0, {"GL_OES_mapbuffer"});
  return config;
}

/// Rings and pools keep their bytes in process memory.
inline bool is_private(Edit edit) {
  return edit >= Edit::no_storage;
}
/// MappedBuffer works.
inline bool has_storage(Edit edit) {
  return edit <= Edit::es || edit >= Edit::traditional;
}

inline pmb::Options options_of(Edit edit, std::optional<Model> model = {}) {
  pmb::Options options;
  options.bind_to_edit = edit == Edit::by_binding;
  options.model = model;
  if (edit == Edit::traditional) options.path = pmb::Path::traditional;
  if (edit == Edit::orphaned) options.path = pmb::Path::orphaned;
  return options;
}

/// How buffers are edited, and a model, for tests that must hold on every path.
struct PathCase {
  Edit edit;
  Model model;
};

inline std::string path_name(const testing::TestParamInfo<PathCase>& info) {
  static constexpr const char* kEdits[] = {"ByName", "ByBinding", "OldContext",  "Es",      "NoStorage",
                                           "Oldest", "OldestEs",  "Traditional", "Orphaned"};
  if (is_private(info.param.edit)) return kEdits[static_cast<int>(info.param.edit)];
  return std::string(kEdits[static_cast<int>(info.param.edit)]) +
         (info.param.model == Model::coherent ? "Coherent" : "ExplicitFlush");
}

inline constexpr PathCase kEveryPath[] = {{Edit::by_name, Model::coherent},
                                          {Edit::by_name, Model::explicit_flush},
                                          {Edit::by_binding, Model::coherent},
                                          {Edit::by_binding, Model::explicit_flush},
                                          {Edit::old_context, Model::coherent},
                                          {Edit::old_context, Model::explicit_flush},
                                          {Edit::es, Model::coherent},
                                          {Edit::es, Model::explicit_flush},
                                          {Edit::no_storage, Model::explicit_flush},
                                          {Edit::oldest, Model::explicit_flush},
                                          {Edit::oldest_es, Model::explicit_flush},
                                          {Edit::traditional, Model::explicit_flush},
                                          {Edit::orphaned, Model::explicit_flush}};

template <class Wanted>
auto paths_where(Wanted wanted) {
  std::vector<PathCase> paths;
  std::copy_if(std::begin(kEveryPath), std::end(kEveryPath), std::back_inserter(paths), wanted);
  return testing::ValuesIn(paths);
}

/// Where rings, pools and transfers work.
inline auto every_path() {
  return testing::ValuesIn(kEveryPath);
}
/// Where rings are mapped.
inline auto every_mapped_path() {
  return paths_where([](const PathCase& path) { return !is_private(path.edit); });
}
/// The paths on which a full ring waits for its fences: all except orphaning.
inline auto every_waiting_path() {
  return paths_where([](const PathCase& path) { return path.edit != Edit::orphaned; });
}
/// Where mapped bytes need a flush.
inline auto every_flushing_path() {
  return paths_where(
      [](const PathCase& path) { return !is_private(path.edit) && path.model == Model::explicit_flush; });
}

class PmbPathTest : public PmbTest, public testing::WithParamInterface<PathCase> {
 protected:
  void SetUp() override { start(config_of(GetParam().edit), options_of(GetParam().edit, GetParam().model)); }
  bool is_private() const { return pmb_test::is_private(GetParam().edit); }
  bool waits() const { return GetParam().edit != Edit::orphaned; }
  bool has_storage() const { return pmb_test::has_storage(GetParam().edit); }
  bool explicit_flush() const { return GetParam().model == Model::explicit_flush; }
  /// Starts again with a sink, on the same path.
  void start_validating() {
    start(config_of(GetParam().edit), validating(options_of(GetParam().edit, GetParam().model)));
  }
};

}  // namespace pmb_test
