// SPDX-License-Identifier: MIT
// Contexts without a window: the list of GPUs, the choice among them, and the independence of contexts in one process.

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <glad/gl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <cctype>
#include <optional>
#include <pmb/headless.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../support/gl_needs.hpp"

namespace {

using pmb::ErrorId;
using pmb::HeadlessContext;
using pmb::HeadlessOptions;

GladGLContext load_gl() {
  GladGLContext gl{};
  EXPECT_NE(gladLoadGLContext(&gl, eglGetProcAddress), 0);
  return gl;
}

std::string text_of(const GladGLContext& gl, GLenum name) {
  const auto* text = reinterpret_cast<const char*>(gl.GetString(name));
  return text == nullptr ? "" : text;
}

GLint integer_of(const GladGLContext& gl, GLenum name) {
  GLint value = -1;
  gl.GetIntegerv(name, &value);
  return value;
}

bool display_has(const HeadlessContext& context, const std::string& extension) {
  const std::string names = std::string(" ") + eglQueryString(context.native_display(), EGL_EXTENSIONS) + " ";
  return names.find(" " + extension + " ") != std::string::npos;
}

// Writes a pattern into a buffer of the current context and reads it back.
bool buffer_round_trip(const GladGLContext& gl, unsigned char seed) {
  std::array<unsigned char, 4096> sent{};
  sent.fill(seed);
  std::array<unsigned char, 4096> received{};
  GLuint buffer = 0;
  gl.GenBuffers(1, &buffer);
  gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  gl.BufferData(GL_COPY_WRITE_BUFFER, sent.size(), sent.data(), GL_STATIC_DRAW);
  gl.GetBufferSubData(GL_COPY_WRITE_BUFFER, 0, received.size(), received.data());
  gl.DeleteBuffers(1, &buffer);
  return sent == received;
}

class Headless : public testing::Test {
 protected:
  void SetUp() override { PMB_NEEDS_SOFTWARE_RENDERER(); }
  void TearDown() override {
    EXPECT_EQ(eglGetCurrentContext(), EGL_NO_CONTEXT) << "the test left a context current";
  }

  static HeadlessContext make(HeadlessOptions options = {}) {
    options.software = true;
    auto context = HeadlessContext::create(options);
    if (!context) ADD_FAILURE() << context.error().message();
    return std::move(context).value();
  }
};

TEST(HeadlessNeeds, AGpuAloneIsNoSoftwareRendererAndNoMissingGl) {
  using gl_needs::software_renderer_among;
  using gl_needs::SoftwareRenderer;
  const pmb::GpuInfo gpu;
  pmb::GpuInfo software;
  software.software = true;
  EXPECT_EQ(software_renderer_among({}), SoftwareRenderer::missing);
  EXPECT_EQ(software_renderer_among({gpu, gpu}), SoftwareRenderer::gpu_alone);
  EXPECT_EQ(software_renderer_among({gpu, software}), SoftwareRenderer::present);
}

TEST_F(Headless, ListCountsFromZeroWithSoftwareLast) {
  const auto gpus = pmb::list_gpus();
  ASSERT_TRUE(gpus) << gpus.error().message();
  ASSERT_FALSE(gpus->empty());
  EXPECT_TRUE(gpus->back().software);
  EXPECT_TRUE(std::is_partitioned(gpus->begin(), gpus->end(), [](const auto& gpu) { return !gpu.software; }));
  for (std::size_t i = 0; i < gpus->size(); ++i) {
    EXPECT_EQ((*gpus)[i].index, static_cast<int>(i));
    EXPECT_FALSE((*gpus)[i].name.empty());
    EXPECT_FALSE((*gpus)[i].driver.empty());
  }
}

TEST_F(Headless, SoftwareIsListedByItsGlName) {
  HeadlessContext context = make();
  ASSERT_TRUE(context.make_current());
  EXPECT_EQ(context.gpu().name, text_of(load_gl(), GL_RENDERER));
  ASSERT_TRUE(context.release_current());
}

TEST_F(Headless, ListingKeepsTheCurrentContext) {
  ASSERT_TRUE(pmb::list_gpus());
  EXPECT_EQ(eglGetCurrentContext(), EGL_NO_CONTEXT);

  HeadlessContext context = make();
  ASSERT_TRUE(context.make_current());
  ASSERT_EQ(eglBindAPI(EGL_OPENGL_ES_API), EGL_TRUE);
  ASSERT_TRUE(pmb::list_gpus());
  EXPECT_EQ(eglGetCurrentContext(), context.native_context());
  EXPECT_EQ(eglGetCurrentDisplay(), context.native_display());
  EXPECT_EQ(eglQueryAPI(), static_cast<EGLenum>(EGL_OPENGL_ES_API));
  EXPECT_EQ(text_of(load_gl(), GL_RENDERER), context.gpu().name);
  ASSERT_TRUE(context.release_current());
}

TEST_F(Headless, CreatingMakesNothingCurrentAndKeepsTheApi) {
  ASSERT_EQ(eglBindAPI(EGL_OPENGL_ES_API), EGL_TRUE);
  HeadlessContext first = make();
  EXPECT_EQ(eglGetCurrentContext(), EGL_NO_CONTEXT);
  EXPECT_EQ(eglQueryAPI(), static_cast<EGLenum>(EGL_OPENGL_ES_API));
  ASSERT_TRUE(first.make_current());
  HeadlessContext second = make();
  EXPECT_EQ(eglGetCurrentContext(), first.native_context());
  ASSERT_TRUE(first.release_current());
}

TEST_F(Headless, IndexChoosesTheEntryOfTheList) {
  const auto gpus = pmb::list_gpus();
  ASSERT_TRUE(gpus);
  const auto context = HeadlessContext::create({.gpu_index = gpus->back().index});
  ASSERT_TRUE(context) << context.error().message();
  EXPECT_EQ(context->gpu().index, gpus->back().index);
  EXPECT_EQ(context->gpu().name, gpus->back().name);
}

TEST_F(Headless, PartOfANameSelectsInAnyCase) {
  const auto gpus = pmb::list_gpus();
  ASSERT_TRUE(gpus);
  std::string part = gpus->back().name.substr(1, 5);
  std::transform(part.begin(), part.end(), part.begin(), [](unsigned char letter) {
    return static_cast<char>(std::isupper(letter) ? std::tolower(letter) : std::toupper(letter));
  });
  const auto context = HeadlessContext::create({.gpu_name = part, .software = true});
  ASSERT_TRUE(context) << context.error().message();
  EXPECT_EQ(context->gpu().name, gpus->back().name);
}

TEST_F(Headless, UnknownNameOrIndexIsNoSuchGpu) {
  for (const HeadlessOptions& options :
       {HeadlessOptions{.gpu_name = "no such thing"}, HeadlessOptions{.gpu_index = 4096},
        HeadlessOptions{.gpu_index = -1}, HeadlessOptions{.gpu_name = "no such thing", .software = true}}) {
    const auto context = HeadlessContext::create(options);
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().id, ErrorId::no_such_gpu);
    EXPECT_EQ(context.error().status, pmb::Status::invalid_argument);
    EXPECT_EQ(context.error().where.function_name(), std::source_location::current().function_name());
  }
}

TEST_F(Headless, TheNewestCoreProfileIsTheDefault) {
  HeadlessContext newest = make();
  ASSERT_TRUE(newest.make_current());
  const GladGLContext gl = load_gl();
  const int major = integer_of(gl, GL_MAJOR_VERSION);
  const int minor = integer_of(gl, GL_MINOR_VERSION);
  EXPECT_EQ(integer_of(gl, GL_CONTEXT_PROFILE_MASK), GL_CONTEXT_CORE_PROFILE_BIT);
  ASSERT_TRUE(newest.release_current());

  HeadlessContext least = make({.gl_major = 3, .gl_minor = 2});
  ASSERT_TRUE(least.make_current());
  EXPECT_EQ(integer_of(load_gl(), GL_MAJOR_VERSION), major);
  EXPECT_EQ(integer_of(load_gl(), GL_MINOR_VERSION), minor);
  ASSERT_TRUE(least.release_current());

  EXPECT_TRUE(HeadlessContext::create({.software = true, .gl_major = major, .gl_minor = minor}));
  const auto newer = HeadlessContext::create({.software = true, .gl_major = major, .gl_minor = minor + 1});
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().id, ErrorId::egl_failed);
  EXPECT_STREQ(newer.error().gl_call, "eglCreateContext");
  EXPECT_EQ(newer.error().numbers[0], static_cast<std::uint64_t>(EGL_BAD_MATCH));
}

TEST_F(Headless, TwoContextsCurrentAlternatelyKeepTheirOwnState) {
  HeadlessContext contexts[] = {make(), make()};
  const GLuint widths[] = {11, 22};
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 2; ++i) {
      ASSERT_TRUE(contexts[i].make_current());
      const GladGLContext gl = load_gl();
      if (round == 0) gl.PixelStorei(GL_PACK_ROW_LENGTH, static_cast<GLint>(widths[i]));
      EXPECT_EQ(integer_of(gl, GL_PACK_ROW_LENGTH), static_cast<GLint>(widths[i]));
    }
  }
  ASSERT_TRUE(contexts[1].release_current());
}

TEST_F(Headless, TwoContextsWorkOnTwoThreadsAndOneOutlivesTheOther) {
  std::barrier both_work(2);
  std::barrier first_is_gone(2);
  const auto work = [&](bool goes_first) {
    std::optional<HeadlessContext> context(make());
    ASSERT_TRUE(context->make_current());
    const GladGLContext gl = load_gl();
    both_work.arrive_and_wait();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(buffer_round_trip(gl, static_cast<unsigned char>(i)));
    if (goes_first) context.reset();
    first_is_gone.arrive_and_wait();
    if (goes_first) return;
    EXPECT_TRUE(buffer_round_trip(gl, 200));
    EXPECT_TRUE(context->release_current());
  };
  std::thread first(work, true);
  std::thread second(work, false);
  first.join();
  second.join();
}

TEST_F(Headless, DestroyingOneContextLeavesTheOtherCurrentAndWorking) {
  HeadlessContext kept = make();
  ASSERT_TRUE(kept.make_current());
  { const HeadlessContext other = make(); }
  EXPECT_EQ(eglGetCurrentContext(), kept.native_context());
  EXPECT_TRUE(buffer_round_trip(load_gl(), 7));
  ASSERT_TRUE(kept.release_current());
  ASSERT_TRUE(kept.make_current()) << "its display was ended with the other context";
  ASSERT_TRUE(kept.release_current());
}

TEST_F(Headless, DestroyingTheCurrentContextLeavesNoneCurrent) {
  {
    HeadlessContext context = make();
    ASSERT_TRUE(context.make_current());
    ASSERT_EQ(eglGetCurrentContext(), context.native_context());
  }
  EXPECT_EQ(eglGetCurrentContext(), EGL_NO_CONTEXT);
}

TEST_F(Headless, ReleasingLeavesNoneCurrentAndMayBeRepeated) {
  HeadlessContext context = make();
  ASSERT_TRUE(context.make_current());
  ASSERT_TRUE(context.release_current());
  EXPECT_EQ(eglGetCurrentContext(), EGL_NO_CONTEXT);
  EXPECT_TRUE(context.release_current());
}

TEST_F(Headless, AContextThatIsCurrentOnOneThreadIsRefusedToAnother) {
  HeadlessContext context = make();
  ASSERT_TRUE(context.make_current());
  std::thread([&] {
    const auto refused = context.make_current();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, ErrorId::egl_failed);
    EXPECT_STREQ(refused.error().gl_call, "eglMakeCurrent");
    EXPECT_EQ(refused.error().numbers[0], static_cast<std::uint64_t>(EGL_BAD_ACCESS));
  }).join();
  ASSERT_TRUE(context.release_current());
}

TEST_F(Headless, MovingTransfersTheContextAndLeavesAnInertObject) {
  HeadlessContext first = make();
  ASSERT_TRUE(first.make_current());
  void* const native = first.native_context();

  HeadlessContext second = std::move(first);
  EXPECT_EQ(second.native_context(), native);
  EXPECT_EQ(eglGetCurrentContext(), native);
  EXPECT_EQ(first.native_context(), nullptr);
  EXPECT_EQ(first.native_display(), nullptr);
  EXPECT_TRUE(first.gpu().name.empty());
  const auto inert = first.make_current();
  ASSERT_FALSE(inert);
  EXPECT_EQ(inert.error().id, ErrorId::egl_failed);
  EXPECT_EQ(inert.error().numbers[0], static_cast<std::uint64_t>(EGL_BAD_CONTEXT));

  HeadlessContext third = make();
  second = std::move(third);
  EXPECT_EQ(eglGetCurrentContext(), EGL_NO_CONTEXT) << "the context that was overwritten is still current";
  ASSERT_TRUE(second.make_current());
  EXPECT_TRUE(buffer_round_trip(load_gl(), 9));
  ASSERT_TRUE(second.release_current());
}

TEST_F(Headless, NoErrorIsSetExactlyIfRequested) {
  HeadlessContext checked = make();
  ASSERT_TRUE(checked.make_current());
  EXPECT_EQ(integer_of(load_gl(), GL_CONTEXT_FLAGS) & GL_CONTEXT_FLAG_NO_ERROR_BIT, 0);
  ASSERT_TRUE(checked.release_current());

  if (!display_has(checked, "EGL_KHR_create_context_no_error")) {
    const auto refused = HeadlessContext::create({.software = true, .no_error = true});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id, ErrorId::egl_failed);
    return;
  }
  HeadlessContext unchecked = make({.no_error = true});
  ASSERT_TRUE(unchecked.make_current());
  EXPECT_NE(integer_of(load_gl(), GL_CONTEXT_FLAGS) & GL_CONTEXT_FLAG_NO_ERROR_BIT, 0);
  ASSERT_TRUE(unchecked.release_current());
}

TEST_F(Headless, RobustContextIsLostOnResetAndAnotherIsNot) {
  for (const bool robust : {true, false}) {
    HeadlessContext context = make({.robust = robust});
    ASSERT_TRUE(context.make_current());
    const GladGLContext gl = load_gl();
    const bool can_ask = gl.VERSION_4_5 || gl.KHR_robustness || gl.ARB_robustness;
    if (can_ask && display_has(context, "EGL_EXT_create_context_robustness")) {
      EXPECT_EQ(integer_of(gl, GL_RESET_NOTIFICATION_STRATEGY),
                robust ? GL_LOSE_CONTEXT_ON_RESET : GL_NO_RESET_NOTIFICATION);
    }
    ASSERT_TRUE(context.release_current());
  }
}

}  // namespace
