// SPDX-License-Identifier: MIT
// Contexts: what is read from GL, loaders of every shape, and where calls are refused.
#include <thread>

#include "pmb_fixture.hpp"
#include "support/environment.hpp"
#include "support/live_mappings.hpp"

namespace {

using namespace pmb_test;

class ContextTest : public PmbTest {};

void* proc_with_user_last(const char* name, void* user) {
  ++*static_cast<int*>(user);
  return reinterpret_cast<void*>(strict_gl::get_proc_address(name));
}
void* proc_with_user_first(void* user, const char* name) {
  return proc_with_user_last(name, user);
}
strict_gl::Proc proc_as_of_glx(const GLubyte* name) {
  return strict_gl::get_proc_address(reinterpret_cast<const char*>(name));
}
void* proc_nothing(const char*) {
  return nullptr;
}
const GLubyte* broken_string(GLenum) {
  return nullptr;
}
void* proc_without_context(const char* name) {
  return std::string_view(name) == "glGetString" ? reinterpret_cast<void*>(&broken_string) : nullptr;
}

TEST_F(ContextTest, TakesLoadersOfEveryShape) {
  start();
  pmb::Options options;
  options.current_context = &FakeGl::current;
  int asked = 0;
  EXPECT_TRUE(pmb::Context::from_current({proc_with_user_last, &asked}, options));
  EXPECT_GT(asked, 0);
  asked = 0;
  EXPECT_TRUE(pmb::Context::from_current({proc_with_user_first, &asked}, options));
  EXPECT_GT(asked, 0);
  auto lambda = [](const char* name) { return reinterpret_cast<void*>(strict_gl::get_proc_address(name)); };
  EXPECT_TRUE(pmb::Context::from_current(lambda, options));
  EXPECT_TRUE(pmb::Context::from_current(&strict_gl::get_proc_address, options));
  EXPECT_TRUE(pmb::Context::from_current(&proc_as_of_glx, options));
  EXPECT_EQ(id_of(pmb::Context::from_current(&proc_nothing, options)), ErrorId::loader_failed);
  EXPECT_EQ(id_of(pmb::Context::from_current(&proc_nothing)), ErrorId::no_current_context);
  EXPECT_EQ(id_of(pmb::Context::from_current(&proc_without_context, options)), ErrorId::no_current_context);
}

TEST_F(ContextTest, ReadsLimitsAndIdentity) {
  FakeConfig config;
  config.vendor = "NVIDIA Corporation";
  config.uniform_offset_alignment = 128;
  config.shader_storage_offset_alignment = 32;
  start(config);
  const pmb::Limits& limits = context_->limits();
  EXPECT_EQ(limits.gl_major, 4);
  EXPECT_EQ(limits.gl_minor, 6);
  EXPECT_TRUE(limits.buffer_storage);
  EXPECT_TRUE(limits.direct_state_access);
  EXPECT_TRUE(limits.memory_barrier);
  EXPECT_TRUE(limits.reset_notification);
  EXPECT_FALSE(limits.no_error);
  EXPECT_EQ(limits.uniform_offset_alignment, 128U);
  EXPECT_EQ(limits.storage_offset_alignment, 32U);
  EXPECT_EQ(limits.map_alignment, 64U);
  EXPECT_EQ(context_->driver().kind, "nvidia");
  EXPECT_TRUE(context_->has_extension("GL_ARB_buffer_storage"));
  EXPECT_FALSE(context_->has_extension("GL_NV_nothing"));
}

TEST_F(ContextTest, DriversOfWindowsAreDistrustedThereAlone) {
#if defined(_WIN32)
  constexpr bool kTrusted = false;
#else
  constexpr bool kTrusted = true;
#endif
  FakeConfig config;
  config.vendor = "NVIDIA Corporation";
  config.version_suffix = "NVIDIA 572.83";
  start(config);
  EXPECT_EQ(context_->limits().direct_state_access, kTrusted);
  config.vendor = "Intel";
  config.version_suffix = "Build 31.0.101.4502";
  start(config);
  EXPECT_EQ(context_->driver().kind, "intel");
  EXPECT_EQ(context_->limits().direct_state_access, kTrusted);
}

TEST_F(ContextTest, BindToEditSwitchesDirectStateAccessOff) {
  start({}, options_of(Edit::by_binding));
  EXPECT_FALSE(context_->limits().direct_state_access);
  const auto buffer = take(pmb::MappedBuffer::create(*context_, {.size_bytes = 64}));
  EXPECT_EQ(fake_->calls("glNamedBufferStorage"), 0U);
  EXPECT_EQ(fake_->calls("glBufferStorage"), 1U);
}

TEST_F(ContextTest, ContextsThatAreTooOldAreRefusedByName) {
  struct Old {
    bool es;
    int major;
    int minor;
    const char* extension;
    ErrorId answer;
  };
  for (const Old& old :
       {Old{false, 3, 1, "GL_KHR_debug", ErrorId::version_too_old},
        Old{false, 3, 0, "GL_ARB_sync", ErrorId::version_too_old},
        Old{false, 3, 1, "GL_ARB_sync", ErrorId::none}, Old{false, 3, 2, "GL_KHR_debug", ErrorId::none},
        Old{true, 2, 0, "GL_OES_mapbuffer", ErrorId::gles_unsupported},
        Old{true, 3, 0, "GL_OES_mapbuffer", ErrorId::none}}) {
    FakeConfig config;
    config.es = old.es;
    config.major = old.major;
    config.minor = old.minor;
    config.extensions = {old.extension};
    FakeGl fake(config);
    fake.make_current();
    const auto opened = open();
    EXPECT_EQ(id_of(opened), old.answer) << old.es << old.major << old.minor;
    if (!opened) {
      EXPECT_NE(opened.error().message().find(std::to_string(old.major) + "." + std::to_string(old.minor)),
                std::string::npos);
    }
    strict_gl::expect_clean(fake);
  }
}

TEST_F(ContextTest, ReadsTheFeaturesOfAnEsContext) {
  FakeConfig config;
  config.es = true;
  config.major = 3;
  config.minor = 2;
  config.extensions = {"GL_EXT_buffer_storage"};
  start(config);
  const pmb::Limits& limits = context_->limits();
  EXPECT_TRUE(limits.gles);
  EXPECT_TRUE(limits.buffer_storage);
  EXPECT_TRUE(limits.memory_barrier);
  EXPECT_TRUE(limits.compute);
  EXPECT_TRUE(limits.reset_notification);
  EXPECT_FALSE(limits.direct_state_access);
  EXPECT_FALSE(limits.core_profile);
  EXPECT_EQ(limits.storage_offset_alignment, 16U);
  EXPECT_EQ(limits.texture_offset_alignment, 16U);
  // OpenGL ES has context flags from 3.2 on. Earlier versions cannot report a no-error context.
  config.minor = 1;
  config.extensions = {"GL_EXT_buffer_storage", "GL_KHR_debug", "GL_KHR_no_error"};
  start(config);
  EXPECT_TRUE(context_->limits().buffer_storage);
  EXPECT_FALSE(context_->limits().no_error);
  // The extension needs OpenGL ES 3.1.
  config.minor = 0;
  start(config);
  EXPECT_FALSE(context_->limits().buffer_storage);
  EXPECT_FALSE(context_->limits().memory_barrier);
  EXPECT_FALSE(context_->limits().compute);
}

// Buffer textures accept ranges where a version or an extension allows it; slices are then aligned for them.
TEST_F(ContextTest, BufferTexturesHaveLimitsWhereTheyExist) {
  struct Case {
    bool es;
    int major;
    int minor;
    std::vector<std::string> extensions;
    bool textures;
    bool ranges;
  };
  const Case cases[] = {
      {false, 4, 6, {"GL_KHR_debug"}, true, true},
      {false, 4, 2, {"GL_KHR_debug"}, true, false},
      {false, 4, 2, {"GL_ARB_texture_buffer_range"}, true, true},
      {false, 3, 2, {"GL_ARB_texture_buffer_range"}, true, true},
      {true, 3, 2, {"GL_KHR_debug"}, true, true},
      {true, 3, 1, {"GL_KHR_debug"}, false, false},
      {true, 3, 1, {"GL_EXT_texture_buffer"}, true, true},
      {true, 3, 0, {"GL_KHR_debug"}, false, false},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(std::to_string(one.major) + "." + std::to_string(one.minor) + (one.es ? " ES" : ""));
    FakeConfig config;
    config.es = one.es;
    config.major = one.major;
    config.minor = one.minor;
    config.extensions = one.extensions;
    config.texture_buffer_offset_alignment = 128;
    start(config);
    EXPECT_EQ(context_->limits().max_texture_buffer_texels != 0, one.textures);
    EXPECT_EQ(context_->limits().texture_offset_alignment, one.ranges ? 128U : 1U);
    auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
    take(ring.cancel(take(ring.acquire(1))));
    const auto first = take(ring.acquire(1));
    const auto second = take(ring.acquire(1));
    if (one.ranges) {
      EXPECT_EQ((second.offset_bytes() - first.offset_bytes()) % 128, 0U);
    }
    take(ring.cancel(second));
    take(ring.cancel(first));
  }
}

// The entry points exist, but the extension is missing.
TEST_F(ContextTest, CreateNamesMissingBufferStorageAndMakesNoCall) {
  FakeConfig config;
  config.minor = 3;
  config.extensions = {"GL_KHR_debug"};
  start(config);
  const auto buffer = pmb::MappedBuffer::create(*context_, {.size_bytes = 64});
  EXPECT_EQ(id_of(buffer), ErrorId::buffer_storage_missing);
  EXPECT_NE(buffer.error().message().find("GL_ARB_buffer_storage"), std::string::npos);
  EXPECT_EQ(fake_->total_calls(), 0U);
  pmb::Options forced;
  forced.path = pmb::Path::direct;
  start(config, forced);
  EXPECT_EQ(id_of(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 2})),
            ErrorId::buffer_storage_missing);
  EXPECT_EQ(fake_->total_calls(), 0U);
}

// Every call that needs GL, made where it is not allowed. `forbidden` runs each call and compares the id.
class WrongPlace : public PmbTest {
 protected:
  void SetUp() override {
    start({}, validating(options_of(Edit::by_name, Model::explicit_flush)));
    upload_ = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
    readback_ = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
    pool_ = take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 1}));
    buffer_ = take(pmb::MappedBuffer::create(*context_, {.size_bytes = 64}));
    plain_ = plain_buffer(64);
    slice_ = take(upload_.acquire(64));
    pending_ = take(readback_.request(plain_, 0, 64));
    ticket_ = mark();
    fake_->clear_log();
    strict_gl::reset_calls_without_context();
  }

  void TearDown() override {
    fake_->make_current();
    upload_ = {};
    readback_ = {};
    pool_ = {};
    buffer_ = {};
    PmbTest::TearDown();
  }

  void expect_all(ErrorId id) {
    Bytes bytes(64);
    EXPECT_EQ(id_of(timeline().mark()), id);
    EXPECT_EQ(id_of(timeline().poll()), id);
    // On any other thread a wait sleeps until the owner polls.
    const ErrorId waited = id == ErrorId::wrong_thread ? ErrorId::wait_timed_out : id;
    EXPECT_EQ(id_of(ticket_.wait(1ms)), waited);
    EXPECT_EQ(id_of(pmb::wait_any({&ticket_, 1}, 1ms)), waited);
    EXPECT_EQ(id_of(timeline().flush()), id);
    EXPECT_EQ(id_of(ticket_.wait_on_gpu(*context_)), id);
    EXPECT_EQ(id_of(timeline().adopt(&bytes)), id);
    EXPECT_EQ(id_of(pmb::MappedBuffer::create(*context_, {.size_bytes = 64})), id);
    EXPECT_EQ(
        id_of(pmb::MappedBuffer::adopt(*context_, {.buffer = 1, .pointer = bytes.data(), .size_bytes = 64})),
        id);
    EXPECT_EQ(id_of(pmb::UploadRing::create(*context_, {.capacity_bytes = 64})), id);
    EXPECT_EQ(id_of(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 64})), id);
    EXPECT_EQ(id_of(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 1})), id);
    EXPECT_EQ(id_of(upload_.publish(slice_, 64)), id) << "publishing flushes";
    EXPECT_EQ(id_of(readback_.request(plain_, 0, 64)), id);
    EXPECT_EQ(id_of(pending_.try_view()), id);
    EXPECT_EQ(id_of(pending_.wait(1ms)), id);
    EXPECT_EQ(id_of(buffer_.write(0, bytes)), id);
    EXPECT_EQ(id_of(buffer_.flush(0, 64)), id);
    EXPECT_EQ(id_of(buffer_.destroy()), id);
    EXPECT_EQ(id_of(pmb::upload(*context_, plain_, 0, bytes)), id);
    EXPECT_EQ(id_of(pmb::download(*context_, plain_, 0, bytes)), id);
    EXPECT_EQ(fake_->total_calls(), 0U) << "nothing reached GL";
    EXPECT_EQ(strict_gl::calls_without_context(), 0U);
    EXPECT_GE(reports_of(id), 1U);
    EXPECT_TRUE(buffer_.is_mapped()) << "a refused destroy changes nothing";
    EXPECT_TRUE(slice_.is_live());
  }

  pmb::UploadRing upload_;
  pmb::ReadbackRing readback_;
  pmb::BlockPool pool_;
  pmb::MappedBuffer buffer_;
  GLuint plain_ = 0;
  pmb::Slice slice_;
  pmb::PendingReadback pending_;
  pmb::Ticket ticket_;
};

TEST_F(WrongPlace, WithNoContextNothingReachesGl) {
  FakeGl::release_current();
  EXPECT_EQ(id_of(open()), ErrorId::no_current_context);
  expect_all(ErrorId::no_current_context);
}

TEST_F(WrongPlace, WithAnotherContextCurrentNothingReachesGl) {
  FakeGl other;
  other.make_current();
  expect_all(ErrorId::other_context_current);
  EXPECT_EQ(other.total_calls(), 0U);
}

/// Every call of rings and pools that changes them.
class WrongThread : public PmbPathTest {
 protected:
  void SetUp() override {
    start(config_of(GetParam().edit), validating(options_of(GetParam().edit, GetParam().model)));
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, WrongThread, every_path(), path_name);

TEST_P(WrongThread, EveryCallOfARingIsRefusedAndReported) {
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
  auto readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  auto pool = take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 3}));
  const pmb::Slice filling = take(ring.acquire(64));
  const pmb::Slice published = put(ring, pattern(64, 1));
  const pmb::Arena arena = take(ring.lend(64));
  const pmb::PendingReadback pending = take(readback.acquire(64));
  const pmb::Block block = take(pool.acquire());
  const pmb::Ticket ticket = take(timeline().mark());
  fake_->clear_log();
  std::size_t calls = 0;
  const auto refused = [&](const auto& result) {
    EXPECT_EQ(id_of(result), ErrorId::wrong_thread) << "call " << calls;
    ++calls;
  };
  std::thread([&] {
    Bytes bytes(64);
    refused(ring.acquire(64));
    refused(ring.try_acquire(64));
    refused(ring.lend(64));
    refused(ring.publish(filling, 64));
    refused(ring.publish(std::span(&filling, 1)));
    refused(ring.publish(arena));
    refused(ring.cancel(filling));
    refused(ring.cancel(arena));
    refused(ring.retire(published, ticket));
    refused(ring.retire(ticket));
    refused(ring.retire_issued());
    refused(ring.drain());
    refused(readback.acquire(64));
    refused(readback.request(1, 0, 64));
    refused(readback.drain());
    refused(pending.try_view());
    refused(pending.wait(1ms));
    refused(pending.copy_to(bytes, 1ms));
    refused(pending.release());
    refused(pool.acquire());
    refused(pool.try_acquire());
    refused(pool.publish(block, 64));
    refused(pool.retire(block, ticket));
    refused(pool.try_view(block, ticket));
    refused(pool.wait_view(block, ticket, 1ms));
    refused(pool.release(block));
  }).join();
  EXPECT_EQ(reports_of(ErrorId::wrong_thread), calls);
  EXPECT_EQ(reports_.size(), calls);
  EXPECT_EQ(fake_->total_calls(), 0U);
  // Nothing was changed.
  take(ring.publish(filling, 64));
  take(ring.retire(published, ticket));
  take(ring.cancel(arena));
  take(ring.retire(filling, take(timeline().mark())));
  take(pool.release(block));
  take(pending.release());
}

TEST_P(WrongThread, WithoutValidationCallsOffTheHotPathAreRefused) {
  start(config_of(GetParam().edit), options_of(GetParam().edit, GetParam().model));
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
  auto pool = take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 1}));
  const pmb::Slice filling = take(ring.acquire(64));
  std::thread([&] {
    EXPECT_EQ(id_of(ring.lend(64)), ErrorId::wrong_thread);
    EXPECT_EQ(id_of(ring.publish(std::span(&filling, 1))), ErrorId::wrong_thread);
    EXPECT_EQ(id_of(ring.cancel(filling)), ErrorId::wrong_thread);
    EXPECT_EQ(id_of(ring.retire_issued()), ErrorId::wrong_thread);
    EXPECT_EQ(id_of(pool.acquire()), ErrorId::wrong_thread);
  }).join();
  take(ring.cancel(filling));
}

TEST_F(WrongPlace, OnAnotherThreadNothingReachesGl) {
  std::thread([this] { expect_all(ErrorId::wrong_thread); }).join();
}

TEST_F(WrongPlace, AnotherThreadMayQueryATicketAndFillASlice) {
  take(ticket_.wait(1s));
  bool passed = false;
  std::thread([&] {
    passed = ticket_.passed();
    EXPECT_TRUE(slice_.fill(std::byte{1}));
  }).join();
  EXPECT_TRUE(passed);
  take(upload_.publish(slice_, 64));
}

// A context refuses the objects of every other context, in the same share group or not.
TEST_F(ContextTest, TicketsBuffersAndMappingsOfAnotherContextAreRefused) {
  start();
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
  const pmb::Slice slice = put(ring, pattern(64, 1));
  FakeGl other_fake;
  other_fake.make_current();
  {
    auto other = take(open());
    const pmb::Ticket foreign = take(other.timeline().mark());
    auto buffer = take(pmb::MappedBuffer::create(other, {.size_bytes = 64}));
    fake_->make_current();
    EXPECT_EQ(id_of(ring.retire(slice, foreign)), ErrorId::foreign_ticket);
    EXPECT_EQ(id_of(ring.retire(foreign)), ErrorId::foreign_ticket);
    EXPECT_EQ(id_of(foreign.wait(1ms)), ErrorId::other_context_current);
    EXPECT_TRUE(slice.is_live());
    const auto on_foreign = pmb::UploadRing::create_on(*context_, std::move(buffer));
    EXPECT_FALSE(on_foreign);
    EXPECT_EQ(on_foreign.error().status, Status::wrong_context);
    EXPECT_EQ(id_of(pmb::upload(*context_, 9999, 0, pattern(64, 1))), ErrorId::not_a_buffer);
    other_fake.make_current();
  }
  strict_gl::expect_clean(other_fake);
  fake_->make_current();
}

/// Without any variable of pmb, until its end.
class OptionsFromEnvironment : public ContextTest {
 protected:
  static pmb::Options with(const char* name, const char* value) {
    test_support::set_variable(name, value);
    pmb::Options options = pmb::Options::from_environment();
    test_support::set_variable(name, nullptr);
    return options;
  }

  test_support::Environment environment_{"PMB_PATH",    "PMB_MODEL", "PMB_BIND_TO_EDIT", "PMB_DISABLE_QUIRKS",
                                         "PMB_PROFILE", "PMB_LOG",   "PMB_VALIDATE",     "PMB_PAGE_GUARD"};
};

TEST_F(OptionsFromEnvironment, ThePageGuard) {
  EXPECT_FALSE(with("PMB_PAGE_GUARD", "0").page_guard);
  EXPECT_TRUE(with("PMB_PAGE_GUARD", "1").page_guard);
}

TEST_F(OptionsFromEnvironment, CountOnlyWhenAskedFor) {
  test_support::set_variable("PMB_MODEL", "explicit_flush");
  test_support::set_variable("PMB_BIND_TO_EDIT", "1");
  start();
  EXPECT_TRUE(context_->limits().direct_state_access);
  EXPECT_EQ(take(context_->plan(Access::sequential_write, 64)).model, Model::coherent);
}

TEST_F(OptionsFromEnvironment, AreTheDefaultsWithoutVariables) {
  const pmb::Options options = pmb::Options::from_environment();
  EXPECT_FALSE(options.path);
  EXPECT_FALSE(options.model);
  EXPECT_FALSE(options.bind_to_edit);
  EXPECT_TRUE(options.disabled_quirks.empty());
  EXPECT_EQ(options.profile, "");
  EXPECT_FALSE(options.log);
  EXPECT_FALSE(options.validation);
}

TEST_F(OptionsFromEnvironment, TakeTheNameOfEachChoice) {
  EXPECT_EQ(with("PMB_PATH", "direct").path, pmb::Path::direct);
  EXPECT_EQ(with("PMB_PATH", "staged").path, pmb::Path::staged);
  EXPECT_EQ(with("PMB_PATH", "traditional").path, pmb::Path::traditional);
  EXPECT_EQ(with("PMB_PATH", "orphaned").path, pmb::Path::orphaned);
  EXPECT_FALSE(with("PMB_PATH", "sideways").path);
  EXPECT_EQ(with("PMB_MODEL", "coherent").model, Model::coherent);
  EXPECT_EQ(with("PMB_MODEL", "explicit_flush").model, Model::explicit_flush);
  EXPECT_FALSE(with("PMB_MODEL", "flush").model);
  EXPECT_TRUE(with("PMB_BIND_TO_EDIT", "1").bind_to_edit);
  EXPECT_FALSE(with("PMB_BIND_TO_EDIT", "0").bind_to_edit);
  EXPECT_EQ(with("PMB_DISABLE_QUIRKS", "one,,two").disabled_quirks, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(with("PMB_PROFILE", "/some/file").profile, "/some/file");
  EXPECT_TRUE(with("PMB_VALIDATE", "1").validation);
  EXPECT_FALSE(with("PMB_VALIDATE", "0").validation);
}

TEST_F(OptionsFromEnvironment, LogLinesGoToTheErrorStream) {
  EXPECT_FALSE(with("PMB_LOG", "0").log);
  const pmb::Options options = with("PMB_LOG", "1");
  ASSERT_TRUE(options.log);
  testing::internal::CaptureStderr();
  options.log(pmb::LogLevel::info, std::string_view("a line, cut", 6));
  options.log(pmb::LogLevel::warning, "another");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "pmb: a line\npmb: warning: another\n");
}

TEST_F(ContextTest, ADisabledQuirkThatDoesNotExistIsLogged) {
  pmb::Options options;
  options.disabled_quirks = {"software_direct", "sotfware_direct"};
  start({}, options);
  const auto names_it = [](const std::string& line) {
    return line.find("sotfware_direct") != std::string::npos;
  };
  EXPECT_EQ(std::ranges::count_if(log_lines_, names_it), 1);
  EXPECT_TRUE(std::ranges::none_of(log_lines_, [](const std::string& line) {
    return line.find("named software_direct") != std::string::npos;
  }));
}

TEST_F(ContextTest, AMappedBufferCountsUntilItIsDestroyed) {
  start();
  auto buffer = take(pmb::MappedBuffer::create(*context_, {.size_bytes = 640, .label = "vertices"}));
  EXPECT_EQ(pmb::test::live_mappings(*context_), std::vector<std::string>{"vertices"});
  EXPECT_EQ(context_->mapped_bytes(), 640U);
  EXPECT_EQ(fake_->label_of(buffer.buffer()), "vertices");
  take(buffer.destroy());
  EXPECT_TRUE(pmb::test::live_mappings(*context_).empty());
  EXPECT_EQ(context_->mapped_bytes(), 0U);
}

TEST_F(ContextTest, MovingKeepsItsObjectsValid) {
  start();
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
  pmb::Context moved = std::move(*context_);
  const pmb::Slice slice = put(ring, pattern(64, 1));
  take(ring.retire(slice, take(moved.timeline().mark())));
  *context_ = std::move(moved);
  EXPECT_FALSE(context_->lost());
}

}  // namespace
