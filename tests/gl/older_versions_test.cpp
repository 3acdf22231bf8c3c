// SPDX-License-Identifier: MIT
// Contexts without some features, such as direct state access. Mesa can pretend to be an older version, in a new
// process.

#include <EGL/egl.h>

#include <cstdlib>
#include <optional>

#include "gl_fixture.hpp"
#include "gl_spy.hpp"

namespace gl_test {
namespace {

using pmb::Access;
using pmb::ErrorId;
using pmb::Model;

class Older : public GlTest {
 protected:
  // Both directions through every object that copies.
  void round_trip(Model model) {
    SCOPED_TRACE(to_string(model));
    const Bytes bytes = pattern(10000, 1);
    const GLuint buffer = plain_buffer(10000);
    ASSERT_TRUE(pmb::upload(context(), buffer, 0, bytes));
    Bytes found(10000);
    ASSERT_TRUE(pmb::download(context(), buffer, 0, found));
    EXPECT_EQ(first_difference(found, bytes), -1);

    auto upload = pmb::UploadRing::create(context(), {.capacity_bytes = 4096, .model = model});
    auto readback = pmb::ReadbackRing::create(context(), {.capacity_bytes = 4096, .model = Model::coherent});
    ASSERT_TRUE(upload && readback);
    for (std::uint32_t i = 0; i < 20; ++i) {
      const auto slice = upload->acquire(1000);
      ASSERT_TRUE(slice) << slice.error().message();
      const Bytes sent = pattern(1000, i);
      ASSERT_TRUE(slice->copy_from(sent));
      ASSERT_TRUE(upload->publish(*slice, 1000));
      const auto pending = readback->request(slice->buffer(), slice->offset_bytes(), 1000);
      ASSERT_TRUE(pending) << pending.error().message();
      ASSERT_TRUE(upload->retire(mark()));
      const auto view = pending->wait(kPatience);
      ASSERT_TRUE(view);
      EXPECT_EQ(first_difference(view->bytes(), sent), -1) << i;
      ASSERT_TRUE(pending->release());
    }
    expect_no_gl_error();
  }
};

struct OlderSteps : Older {
  using Older::expect_no_gl_error;
  using Older::round_trip;
};

TEST(OlderVersionsDeathTest, VersionFourThreeWithTheExtensionWorksLikeALaterOne) {
  PMB_EXPECT_CHILD_PASSES({
    setenv("MESA_GL_VERSION_OVERRIDE", "4.3", 1);
    ChildFixture<OlderSteps> child;
    child.open({.headless = {.software = true}});
    if (child.is_open()) {
      EXPECT_EQ(child.context().limits().gl_minor, 3);
      child.round_trip(Model::coherent);
      child.round_trip(Model::explicit_flush);
    }
    child.finish();
  });
}

TEST(OlderVersionsDeathTest, VersionThreeThreeWithoutDirectStateAccessWorksByBinding) {
  PMB_EXPECT_CHILD_PASSES({
    setenv("MESA_GL_VERSION_OVERRIDE", "3.3", 1);
    setenv("MESA_EXTENSION_OVERRIDE", "-GL_ARB_direct_state_access", 1);
    ChildFixture<OlderSteps> child;
    child.open({.headless = {.software = true}});
    if (child.is_open()) {
      EXPECT_EQ(child.context().limits().gl_major, 3);
      EXPECT_FALSE(child.context().limits().direct_state_access);
      child.round_trip(Model::coherent);
      child.round_trip(Model::explicit_flush);
    }
    child.finish();
  });
}

TEST(OlderVersionsDeathTest, WithoutBarriersOnlyCoherentReadbackIsOffered) {
  PMB_EXPECT_CHILD_PASSES({
    setenv("MESA_GL_VERSION_OVERRIDE", "3.3", 1);
    setenv("MESA_EXTENSION_OVERRIDE", "-GL_ARB_shader_image_load_store", 1);
    ChildFixture<OlderSteps> child;
    child.open({.headless = {.software = true}});
    if (child.is_open()) {
      EXPECT_FALSE(child.context().limits().memory_barrier);
      child.round_trip(Model::explicit_flush);
      const auto read = pmb::MappedBuffer::create(
          child.context(), {.size_bytes = 64, .access = Access::read, .model = Model::explicit_flush});
      EXPECT_FALSE(read);
      if (!read) {
        EXPECT_EQ(read.error().id, ErrorId::barrier_missing);
      }
    }
    child.finish();
  });
}

// The function pointers exist, which proves nothing.
TEST(OlderVersionsDeathTest, WithoutBufferStorageMappedBufferNamesItAndMakesNoCall) {
  PMB_EXPECT_CHILD_PASSES({
    setenv("MESA_GL_VERSION_OVERRIDE", "4.3", 1);
    setenv("MESA_EXTENSION_OVERRIDE", "-GL_ARB_buffer_storage", 1);
    auto headless = pmb::HeadlessContext::create({.software = true});
    // This is no Mesa that could pretend to be older.
    if (!headless) std::exit(gl_test::kChildSkipped);
    EXPECT_TRUE(headless->make_current());
    EXPECT_NE(eglGetProcAddress("glBufferStorage"), nullptr);
    auto context = pmb::Context::from_current(&GlSpy::load);
    EXPECT_TRUE(context) << context.error().message();
    if (context) {
      EXPECT_FALSE(context->limits().buffer_storage);
      GlSpy::clear();
      const auto buffer = pmb::MappedBuffer::create(*context, {.size_bytes = 64});
      EXPECT_FALSE(buffer);
      if (!buffer) {
        EXPECT_EQ(buffer.error().id, ErrorId::buffer_storage_missing);
        EXPECT_EQ(buffer.error().numbers[0], 4u);
        EXPECT_EQ(buffer.error().numbers[1], 3u);
      }
      EXPECT_EQ(GlSpy::names(), "");
    }
    finish_child();
  });
}

}  // namespace
}  // namespace gl_test
