// SPDX-License-Identifier: MIT
// Where GL itself would wait without a limit, pmb waits for a fence first, at most Options::timeout: the GPU never finishes
// here, and every call returns.
#include <pmb/texture.hpp>

#include "pmb_fixture.hpp"
#include "support/platform.hpp"

namespace {

using namespace pmb_test;
using pmb::MappedBuffer;

class BoundedWaits : public PmbTest {
 protected:
  void SetUp() override {
    FakeConfig config;
    config.extensions.emplace_back("GL_AMD_pinned_memory");
    pmb::Options options;
    options.timeout = 1ms;
    pmb::TransferPlan plan;
    plan.down.steps = {{.path = pmb::Path::traditional}};
    options.transfer = std::make_shared<pmb::TransferPlan>(plan);
    start(config, std::move(options));
  }
  void never_finish() { fake_->script("glClientWaitSync", 1, strict_gl::timeout_expired().for_ever()); }
};

TEST_F(BoundedWaits, NoMemoryWaitsForTheGpuBeforeTheSecondTry) {
  never_finish();
  fake_->script("glNamedBufferStorage", 1, strict_gl::fail_with(GL_OUT_OF_MEMORY));
  const auto buffer = take(MappedBuffer::create(*context_, {.size_bytes = 64}));
  EXPECT_EQ(fake_->calls("glNamedBufferStorage"), 2U);
  EXPECT_GE(fake_->calls("glClientWaitSync"), 1U);
  fake_->script("glNamedBufferStorage", 1, strict_gl::fail_with(GL_OUT_OF_MEMORY).for_ever());
  EXPECT_EQ(id_of(MappedBuffer::create(*context_, {.size_bytes = 64})), ErrorId::storage_failed);
}

class AdoptedMemory : public BoundedWaits {
 protected:
  static constexpr std::size_t kPage = 4096;
  void SetUp() override {
    BoundedWaits::SetUp();
    pages_ = test_support::reserve_pages(kPage);
    ASSERT_NE(pages_, nullptr);
  }
  void TearDown() override {
    BoundedWaits::TearDown();
    test_support::release_pages(pages_, kPage);
  }
  MappedBuffer adopt() { return take(MappedBuffer::adopt_memory(*context_, {pages_, kPage})); }

  std::byte* pages_ = nullptr;
};

TEST_F(AdoptedMemory, DestroyDoesNothingIfTheGpuDoesNotFinish) {
  auto buffer = adopt();
  const GLuint name = buffer.buffer();
  fake_->shader_write(name, 0, pattern(64, 1));
  never_finish();
  EXPECT_EQ(id_of(buffer.destroy()), ErrorId::wait_timed_out);
  EXPECT_TRUE(buffer.is_mapped());
  EXPECT_EQ(buffer.buffer(), name);
  fake_->clear_script();
  take(buffer.destroy());
  EXPECT_EQ(fake_->live_buffers(), 0U);
  EXPECT_EQ(copy({pages_, 64}), pattern(64, 1)) << "destroyed before the GPU had finished";
}

TEST_F(AdoptedMemory, ADestructorEndsAndLeavesThePagesToGl) {
  {
    const auto buffer = adopt();
    never_finish();
  }
  EXPECT_EQ(fake_->live_buffers(), 1U);
  ASSERT_FALSE(log_lines_.empty());
  EXPECT_NE(log_lines_.back().find("did not finish"), std::string::npos) << log_lines_.back();
  fake_->clear_script();
  // pmb has let go of the pages.
  take(adopt().destroy());
  leaks_expected_ = true;
}

TEST_F(AdoptedMemory, NoFenceIsAnErrorAndDoesNothing) {
  auto buffer = adopt();
  fake_->script("glFenceSync", 1, strict_gl::return_zero());
  EXPECT_EQ(status_of(buffer.destroy()), Status::fence_failed);
  EXPECT_TRUE(buffer.is_mapped());
  take(buffer.destroy());
}

}  // namespace
