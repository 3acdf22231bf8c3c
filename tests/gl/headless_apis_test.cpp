// SPDX-License-Identifier: MIT
// Contexts without a window: OpenGL ES beside desktop OpenGL, and contexts that share objects.

#include <EGL/egl.h>
#include <EGL/eglext.h>

#include <array>
#include <barrier>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "gl_fixture.hpp"

namespace gl_test {
namespace {

using pmb::ErrorId;
using pmb::HeadlessContext;
using pmb::HeadlessOptions;

std::string text_of(const GladGLContext& gl, GLenum name) {
  const auto* text = reinterpret_cast<const char*>(gl.GetString(name));
  return text == nullptr ? "" : text;
}

GLint integer_of(const GladGLContext& gl, GLenum name) {
  GLint value = -1;
  gl.GetIntegerv(name, &value);
  return value;
}

class HeadlessApis : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    PMB_NEEDS_SOFTWARE_RENDERER();
    const auto context = HeadlessContext::create({.software = true, .gles = GetParam()});
    if (!context) PMB_SKIP("no such software GL here: " << context.error().message());
  }
  void TearDown() override {
    EXPECT_EQ(eglGetCurrentContext(), EGL_NO_CONTEXT) << "the test left a context current";
  }

  static HeadlessContext make(HeadlessOptions options = {}) {
    options.software = true;
    options.gles = GetParam();
    auto context = HeadlessContext::create(options);
    if (!context) ADD_FAILURE() << context.error().message();
    return std::move(context).value();
  }
};

TEST_P(HeadlessApis, TheApiIsTheRequestedOneInItsNewestVersion) {
  HeadlessContext newest = make();
  ASSERT_TRUE(newest.make_current());
  const GladGLContext gl = load_gl();
  EXPECT_EQ(text_of(gl, GL_VERSION).starts_with("OpenGL ES "), GetParam());
  const int major = integer_of(gl, GL_MAJOR_VERSION);
  const int minor = integer_of(gl, GL_MINOR_VERSION);
  EXPECT_GE(major, 3);
  ASSERT_TRUE(newest.release_current());

  HeadlessContext exact = make({.gl_major = major, .gl_minor = minor});
  ASSERT_TRUE(exact.make_current());
  EXPECT_EQ(integer_of(load_gl(), GL_MINOR_VERSION), minor);
  ASSERT_TRUE(exact.release_current());
  const auto newer = HeadlessContext::create(
      {.software = true, .gles = GetParam(), .gl_major = major, .gl_minor = minor + 1});
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().id, ErrorId::egl_failed);
}

TEST_P(HeadlessApis, CreatingKeepsTheApiThatWasBound) {
  for (const int api : {EGL_OPENGL_ES_API, EGL_OPENGL_API}) {
    ASSERT_EQ(eglBindAPI(static_cast<EGLenum>(api)), EGL_TRUE);
    const HeadlessContext context = make();
    EXPECT_EQ(eglQueryAPI(), static_cast<EGLenum>(api));
  }
}

TEST_P(HeadlessApis, RobustAndNoErrorAsRequested) {
  for (const bool wanted : {true, false}) {
    HeadlessContext context = make({.robust = wanted});
    ASSERT_TRUE(context.make_current());
    EXPECT_EQ(integer_of(load_gl(), GL_RESET_NOTIFICATION_STRATEGY),
              wanted ? GL_LOSE_CONTEXT_ON_RESET : GL_NO_RESET_NOTIFICATION);
    ASSERT_TRUE(context.release_current());
  }
  HeadlessContext unchecked = make({.no_error = true});
  ASSERT_TRUE(unchecked.make_current());
  const GladGLContext gl = load_gl();
  gl.Enable(0xFFFF);
  EXPECT_EQ(gl.GetError(), static_cast<GLenum>(GL_NO_ERROR));
  ASSERT_TRUE(unchecked.release_current());
}

// One context writes a buffer, and the other reads the same bytes.
TEST_P(HeadlessApis, SharedBuffersAreSeenByBothAndOutliveTheFirst) {
  std::optional<HeadlessContext> first(make());
  HeadlessContext second = make({.share_with = &*first});
  EXPECT_EQ(second.gpu().index, first->gpu().index);
  EXPECT_EQ(second.native_display(), first->native_display());

  const Bytes sent = pattern(5000, 3);
  GLuint buffer = 0;
  ASSERT_TRUE(first->make_current());
  GladGLContext gl = load_gl();
  gl.GenBuffers(1, &buffer);
  gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  gl.BufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(sent.size()), sent.data(), GL_STATIC_DRAW);
  gl.Finish();
  first.reset();

  ASSERT_TRUE(second.make_current());
  gl = load_gl();
  ASSERT_EQ(gl.IsBuffer(buffer), GL_TRUE);
  gl.BindBuffer(GL_COPY_READ_BUFFER, buffer);
  const void* const found =
      gl.MapBufferRange(GL_COPY_READ_BUFFER, 0, static_cast<GLsizeiptr>(sent.size()), GL_MAP_READ_BIT);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(first_difference({static_cast<const std::byte*>(found), sent.size()}, sent), -1);
  gl.UnmapBuffer(GL_COPY_READ_BUFFER);
  ASSERT_TRUE(second.release_current());

  HeadlessContext alone = make();
  ASSERT_TRUE(alone.make_current());
  EXPECT_EQ(load_gl().IsBuffer(buffer), GL_FALSE) << "contexts share that were not told to";
  ASSERT_TRUE(alone.release_current());
}

TEST_P(HeadlessApis, SharingWorksWhileTheOtherIsCurrentOnItsThread) {
  HeadlessContext first = make();
  ASSERT_TRUE(first.make_current());
  GLuint buffer = 0;
  const GladGLContext gl = load_gl();
  gl.GenBuffers(1, &buffer);
  gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  std::thread([&] {
    HeadlessContext second = make({.share_with = &first});
    ASSERT_TRUE(second.make_current());
    EXPECT_EQ(load_gl().IsBuffer(buffer), GL_TRUE);
    ASSERT_TRUE(second.release_current());
  }).join();
  EXPECT_EQ(eglGetCurrentContext(), first.native_context());
  ASSERT_TRUE(first.release_current());
}

TEST_P(HeadlessApis, SharingWithNothingOrOnAnotherGpuIsRefused) {
  HeadlessContext first = make();
  const auto elsewhere =
      HeadlessContext::create({.gpu_index = first.gpu().index + 1, .gles = GetParam(), .share_with = &first});
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().id, ErrorId::no_such_gpu);

  const HeadlessContext moved = std::move(first);
  const auto inert = HeadlessContext::create({.gles = GetParam(), .share_with = &first});
  ASSERT_FALSE(inert);
  EXPECT_EQ(inert.error().id, ErrorId::egl_failed);
  EXPECT_EQ(inert.error().numbers[0], static_cast<std::uint64_t>(EGL_BAD_CONTEXT));
  EXPECT_TRUE(HeadlessContext::create({.gles = GetParam(), .share_with = &moved}));
}

INSTANTIATE_TEST_SUITE_P(Apis, HeadlessApis, testing::Bool(), [](const testing::TestParamInfo<bool>& api) {
  return api.param ? "OpenGlEs" : "OpenGl";
});

// Each keeps its state and its API.
TEST(HeadlessBothApis, ContextsOfBothApisAlternate) {
  PMB_NEEDS_SOFTWARE_RENDERER();
  auto desktop = HeadlessContext::create({.software = true});
  auto es = HeadlessContext::create({.software = true, .gles = true});
  if (!desktop || !es) PMB_SKIP("not both APIs in software here");
  for (int round = 0; round < 3; ++round) {
    for (HeadlessContext* context : {&*desktop, &*es}) {
      ASSERT_TRUE(context->make_current());
      const GladGLContext gl = load_gl();
      EXPECT_EQ(text_of(gl, GL_VERSION).starts_with("OpenGL ES "), context == &*es);
      if (round == 0) gl.PixelStorei(GL_PACK_ROW_LENGTH, context == &*es ? 7 : 5);
      EXPECT_EQ(integer_of(gl, GL_PACK_ROW_LENGTH), context == &*es ? 7 : 5);
    }
  }
  ASSERT_TRUE(es->release_current());
}

}  // namespace
}  // namespace gl_test
