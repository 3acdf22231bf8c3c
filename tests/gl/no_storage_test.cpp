// SPDX-License-Identifier: MIT
// GL without buffer storage: MappedBuffer reports the missing extension and makes no call; rings, pools and transfers
// work.

#include <string>

#include "gl_fixture.hpp"
#include "gl_spy.hpp"

namespace gl_test {
namespace {

using pmb::ErrorId;

class NoStorage : public GlTest {
 protected:
  void SetUp() override {
    GlTest::SetUp();
    if (context_ && !IsSkipped() && context().limits().buffer_storage)
      GTEST_SKIP() << "this GL has buffer storage";
  }
  TestOptions test_options() const override { return {.spy = true}; }
};

// The entry points may exist, which proves nothing.
TEST_F(NoStorage, MappedBuffersAreRefusedByNameBeforeAnyGlCall) {
  GlSpy::clear();
  for (const pmb::Access access :
       {pmb::Access::sequential_write, pmb::Access::read, pmb::Access::bidirectional}) {
    const auto buffer = pmb::MappedBuffer::create(context(), {.size_bytes = 64, .access = access});
    ASSERT_FALSE(buffer);
    EXPECT_EQ(buffer.error().id, ErrorId::buffer_storage_missing);
    EXPECT_EQ(buffer.error().status, pmb::Status::unsupported);
    EXPECT_EQ(buffer.error().numbers[0], static_cast<std::uint64_t>(context().limits().gl_major));
    EXPECT_EQ(buffer.error().numbers[1], static_cast<std::uint64_t>(context().limits().gl_minor));
    EXPECT_NE(buffer.error().message().find(context().limits().gles ? "GL_EXT_buffer_storage"
                                                                    : "GL_ARB_buffer_storage"),
              std::string::npos);
  }
  EXPECT_EQ(GlSpy::names(), "");
}

TEST_F(NoStorage, RingsUseTheTraditionalPathAndKeepNoMapping) {
  const auto plan = context().plan(pmb::Access::sequential_write, 4096);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->path, pmb::Path::traditional);
  auto up = pmb::UploadRing::create(context(), {.capacity_bytes = 8192});
  auto down = pmb::ReadbackRing::create(context(), {.capacity_bytes = 8192});
  ASSERT_TRUE(up && down);
  for (std::uint32_t lap = 0; lap < 20; ++lap) {
    const Bytes sent = pattern(1000 + lap, lap);
    const auto slice = up->acquire(sent.size());
    ASSERT_TRUE(slice) << slice.error().message();
    ASSERT_TRUE(slice->copy_from(sent));
    ASSERT_TRUE(up->publish(*slice, sent.size()));
    const auto pending = down->request(slice->buffer(), slice->offset_bytes(), sent.size());
    ASSERT_TRUE(pending) << pending.error().message();
    ASSERT_TRUE(up->retire(mark()));
    const auto view = pending->wait(kPatience);
    ASSERT_TRUE(view) << view.error().message();
    EXPECT_EQ(first_difference(view->bytes(), sent), -1) << "in lap " << lap;
    ASSERT_TRUE(pending->release());
  }
  EXPECT_EQ(GlSpy::count("glBufferStorage") + GlSpy::count("glBufferStorageEXT"), 0u);
  EXPECT_EQ(GlSpy::count("glMapBufferRange"), GlSpy::count("glUnmapBuffer"));
  EXPECT_EQ(GlSpy::count("glMapNamedBufferRange"), GlSpy::count("glUnmapNamedBuffer"));
}

}  // namespace
}  // namespace gl_test
