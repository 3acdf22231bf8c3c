// SPDX-License-Identifier: MIT
// Memory of the program as a GL buffer: it is used in place, it is refused by name where that cannot work, and it is the
// program's again once the buffer is destroyed.
#include "pmb_fixture.hpp"
#include "support/platform.hpp"

namespace {

using namespace pmb_test;
using pmb::MappedBuffer;

constexpr std::size_t kPage = 4096;

/// Whole pages that fault once they are freed.
class Pages {
 public:
  explicit Pages(std::size_t size_bytes) : size_(size_bytes) {
    data_ = test_support::reserve_pages(size_);
    if (!data_) throw std::runtime_error("no memory");
  }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() { free(); }
  void free() {
    if (data_) test_support::release_pages(std::exchange(data_, nullptr), size_);
  }
  std::span<std::byte> bytes() const { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_;
};

class AdoptMemory : public PmbPathTest {
 protected:
  void SetUp() override { start_with({"GL_AMD_pinned_memory"}); }
  void start_with(const std::vector<std::string>& more, pmb::Options options = {}) {
    FakeConfig config = config_of(GetParam().edit);
    config.extensions.insert(config.extensions.end(), more.begin(), more.end());
    options.bind_to_edit = GetParam().edit == Edit::by_binding;
    start(config, std::move(options));
  }
  Bytes bytes_on_gpu(const MappedBuffer& buffer, std::size_t offset, std::size_t size) {
    return fake_->gpu_bytes(buffer.buffer(), static_cast<std::int64_t>(offset),
                            static_cast<std::int64_t>(size));
  }
};
// The extension asks for no version, so that the oldest contexts can have it too.
INSTANTIATE_TEST_SUITE_P(Paths, AdoptMemory, paths_where([](const PathCase& path) {
                           return path.edit < Edit::traditional &&
                                  (path.model == Model::coherent || is_private(path.edit));
                         }),
                         path_name);

TEST_P(AdoptMemory, IsUsedInPlaceBothWays) {
  const Pages memory(2 * kPage);
  const Bytes before = pattern(2 * kPage, 1);
  std::ranges::copy(before, memory.bytes().begin());
  const auto buffer =
      take(MappedBuffer::adopt_memory(*context_, memory.bytes(), Access::bidirectional, "frames"));
  EXPECT_EQ(buffer.raw_bytes().data(), memory.bytes().data());
  EXPECT_EQ(buffer.raw_bytes().size(), 2 * kPage);
  EXPECT_EQ(buffer.offset_bytes(), 0U);
  EXPECT_EQ(buffer.label(), "frames");
  EXPECT_EQ(buffer.plan().model, Model::coherent);
  EXPECT_EQ(bytes_on_gpu(buffer, 0, 2 * kPage), before) << "the bytes that were there";

  const Bytes written = pattern(100, 2);
  std::ranges::copy(written, memory.bytes().begin() + 500);
  const auto read = fake_->shader_read(buffer.buffer(), 500, 100);
  take(mark().wait(10s));
  EXPECT_EQ(read->bytes(), written) << "the GPU reads what the program wrote";

  const Bytes stored = pattern(100, 3);
  write_on_gpu(buffer.buffer(), 5000, stored);
  take(mark().wait(10s));
  EXPECT_EQ(copy(memory.bytes().subspan(5000, 100)), stored) << "the program reads what the GPU wrote";
}

TEST_P(AdoptMemory, WriteAndReadKeepTheRulesOfMappedBuffers) {
  const Pages memory(kPage);
  auto buffer = take(MappedBuffer::adopt_memory(*context_, memory.bytes()));
  const Bytes bytes = pattern(64, 4);
  take(buffer.write(64, bytes));
  EXPECT_EQ(bytes_on_gpu(buffer, 64, 64), bytes);
  Bytes arrived(64);
  write_on_gpu(buffer.buffer(), 128, bytes);
  const pmb::Ticket ticket = mark();
  EXPECT_EQ(id_of(buffer.read(128, arrived, ticket)), ErrorId::not_passed_yet);
  take(ticket.wait(10s));
  take(buffer.read(128, arrived, ticket));
  EXPECT_EQ(arrived, bytes);
  EXPECT_EQ(id_of(buffer.write(kPage - 1, bytes)), ErrorId::range_outside);

  const Pages results(kPage);
  auto read_only = take(MappedBuffer::adopt_memory(*context_, results.bytes(), Access::read));
  EXPECT_EQ(id_of(read_only.write(0, bytes)), ErrorId::not_writable);
  const Pages inputs(kPage);
  auto write_only = take(MappedBuffer::adopt_memory(*context_, inputs.bytes(), Access::sequential_write));
  EXPECT_EQ(id_of(write_only.read(0, arrived, mark())), ErrorId::not_readable);
}

// The extension does not say that a fence shows the stores of shaders to the CPU.
TEST_P(AdoptMemory, MarksIssueTheBarrierWhileReadableMemoryIsAdopted) {
  const Pages memory(kPage);
  const bool has_barrier = context_->limits().memory_barrier && context_->limits().buffer_storage;
  static_cast<void>(mark());
  EXPECT_EQ(fake_->calls("glMemoryBarrier"), 0U);
  {
    const auto inputs = take(MappedBuffer::adopt_memory(*context_, memory.bytes(), Access::sequential_write));
    static_cast<void>(mark());
    EXPECT_EQ(fake_->calls("glMemoryBarrier"), 0U);
  }
  const auto results = take(MappedBuffer::adopt_memory(*context_, memory.bytes(), Access::read));
  static_cast<void>(mark());
  EXPECT_EQ(fake_->calls("glMemoryBarrier"), has_barrier ? 1U : 0U);
}

TEST_P(AdoptMemory, IsTheProgramsAgainAfterDestroy) {
  for (const bool by_destructor : {false, true}) {
    Pages memory(kPage);
    const Bytes stored = pattern(kPage, 5);
    {
      auto buffer = take(MappedBuffer::adopt_memory(*context_, memory.bytes()));
      write_on_gpu(buffer.buffer(), 0, stored);
      ASSERT_GT(fake_->queued_commands(), 0U) << "the GPU is late";
      if (!by_destructor) take(buffer.destroy());
    }
    EXPECT_EQ(fake_->queued_commands(), 0U);
    EXPECT_EQ(copy(memory.bytes()), stored);
    memory.free();
    gl_.Finish();
  }
  EXPECT_EQ(fake_->live_buffers(), 0U);
}

TEST_P(AdoptMemory, CountsNeitherAsMappedNorTouchesOtherBindings) {
  const Pages memory(kPage);
  const GLuint plain = plain_buffer(64);
  gl_.BindBuffer(GL_ARRAY_BUFFER, plain);
  auto before = fake_->state_snapshot();
  {
    const auto buffer = take(MappedBuffer::adopt_memory(*context_, memory.bytes()));
    EXPECT_EQ(context_->mapped_bytes(), 0U) << "the program has booked it";
    auto after = fake_->state_snapshot();
    for (auto* snapshot : {&before, &after}) snapshot->values.erase("GL_COPY_WRITE_BUFFER");
    EXPECT_EQ(before, after) << before.diff(after);
  }
  gl_.BindBuffer(GL_ARRAY_BUFFER, 0);
}

TEST_P(AdoptMemory, WhatIsNotWholePagesIsRefusedBeforeGl) {
  const Pages memory(4 * kPage);
  fake_->clear_log();
  for (const auto part : {memory.bytes().subspan(1, kPage), memory.bytes().subspan(64, kPage),
                          memory.bytes().first(kPage - 1), memory.bytes().first(100)}) {
    const auto buffer = MappedBuffer::adopt_memory(*context_, part);
    ASSERT_EQ(id_of(buffer), ErrorId::memory_not_whole_pages);
    EXPECT_EQ(buffer.error().status, Status::invalid_argument);
    EXPECT_NE(buffer.error().message().find("4096 bytes"), std::string::npos) << buffer.error().message();
  }
  EXPECT_EQ(id_of(MappedBuffer::adopt_memory(*context_, {})), ErrorId::zero_size);
  EXPECT_EQ(fake_->total_calls(), 0U);
}

TEST_P(AdoptMemory, MemoryHasOneOwner) {
  const Pages memory(4 * kPage);
  const auto middle = take(MappedBuffer::adopt_memory(*context_, memory.bytes().subspan(kPage, 2 * kPage)));
  for (const auto part : {memory.bytes(), memory.bytes().subspan(kPage, kPage),
                          memory.bytes().first(2 * kPage), memory.bytes().subspan(2 * kPage)}) {
    const auto again = MappedBuffer::adopt_memory(*context_, part);
    ASSERT_EQ(id_of(again), ErrorId::already_adopted);
    EXPECT_EQ(again.error().numbers[0], middle.buffer());
  }
  const auto first = take(MappedBuffer::adopt_memory(*context_, memory.bytes().first(kPage)));
  const auto last = take(MappedBuffer::adopt_memory(*context_, memory.bytes().last(kPage)));
}

TEST_P(AdoptMemory, WithoutTheExtensionTheErrorNamesTheWayWithOneCopy) {
  start_with({});
  const Pages memory(kPage);
  fake_->clear_log();
  const auto buffer = MappedBuffer::adopt_memory(*context_, memory.bytes());
  ASSERT_EQ(id_of(buffer), ErrorId::pinned_memory_missing);
  EXPECT_EQ(buffer.error().status, Status::unsupported);
  EXPECT_NE(buffer.error().message().find("write()"), std::string::npos);
  EXPECT_EQ(fake_->total_calls(), 0U);
}

TEST_P(AdoptMemory, RefusalsOfTheDriverLeaveNothingBehind) {
  const Pages memory(kPage);
  const auto refused_with = [&](GLenum error) {
    fake_->script("glBufferData", 1, strict_gl::fail_with(error));
    const auto buffer = MappedBuffer::adopt_memory(*context_, memory.bytes());
    EXPECT_EQ(fake_->live_buffers(), 0U);
    return id_of(buffer);
  };
  EXPECT_EQ(refused_with(GL_INVALID_OPERATION), ErrorId::memory_not_pinned);
  EXPECT_EQ(refused_with(GL_INVALID_VALUE), ErrorId::memory_not_pinned);
  EXPECT_EQ(refused_with(GL_OUT_OF_MEMORY), ErrorId::storage_failed);
  fake_->script("glBufferData", 1, strict_gl::return_zero());
  EXPECT_EQ(id_of(MappedBuffer::adopt_memory(*context_, memory.bytes())), ErrorId::memory_not_pinned)
      << "a driver that ignores the call";
  const auto buffer = take(MappedBuffer::adopt_memory(*context_, memory.bytes()));
  EXPECT_TRUE(buffer.is_mapped());
}

TEST_P(AdoptMemory, RingsAndPendingErrorsWorkAsOnMappedStorage) {
  const Pages memory(kPage);
  fake_->inject_error(GL_INVALID_ENUM);
  auto buffer = take(MappedBuffer::adopt_memory(*context_, memory.bytes()));
  EXPECT_EQ(context_->take_caller_error(), static_cast<std::uint32_t>(GL_INVALID_ENUM));
  auto ring = take(pmb::UploadRing::create_on(*context_, std::move(buffer)));
  for (std::uint64_t round = 0; round < 8; ++round) {
    const Bytes bytes = pattern(1024, round);
    const pmb::Slice slice = put(ring, bytes);
    EXPECT_EQ(copy(memory.bytes().subspan(slice.offset_bytes(), 1024)), bytes);
    const auto read = draw(slice);
    const pmb::Ticket ticket = mark();
    take(ring.retire(slice, ticket));
    take(ticket.wait(10s));
    EXPECT_EQ(read->bytes(), bytes);
  }
}

TEST_P(AdoptMemory, BecomesInertWithItsContext) {
  const Pages memory(kPage);
  auto buffer = take(MappedBuffer::adopt_memory(*context_, memory.bytes()));
  leaks_expected_ = true;
  context_.reset();
  EXPECT_FALSE(buffer.is_mapped());
  EXPECT_EQ(id_of(buffer.destroy()), ErrorId::not_mapped);
}

}  // namespace
