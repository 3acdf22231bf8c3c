// SPDX-License-Identifier: MIT
// Arenas, many slices at once and growing rings on a real driver: the bytes arrive, and memory grows and shrinks.

#include <array>
#include <thread>
#include <vector>

#include "gl_fixture.hpp"

namespace gl_test {
namespace {

class Growing : public EveryVariant {
 protected:
  GLuint target(std::size_t bytes) {
    GLuint name = 0;
    gl_.GenBuffers(1, &name);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, name);
    gl_.BufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(bytes), nullptr, GL_STATIC_DRAW);
    return name;
  }
  void copy(GLuint from, std::uint64_t offset, GLuint to, std::size_t at, std::size_t bytes) {
    gl_.BindBuffer(GL_COPY_READ_BUFFER, from);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, to);
    gl_.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(offset),
                          static_cast<GLintptr>(at), static_cast<GLsizeiptr>(bytes));
  }
  std::vector<std::byte> contents(GLuint buffer, std::size_t bytes) {
    std::vector<std::byte> all(bytes);
    EXPECT_TRUE(pmb::download(context(), buffer, 0, all));
    return all;
  }
};

PMB_EVERY_VARIANT(Growing);

TEST_P(Growing, ARingGrowsUnderLoadShrinksAndEveryByteArrives) {
  constexpr std::size_t kSlices = 64;
  constexpr std::size_t kBytes = 4096;
  auto made = pmb::UploadRing::create(
      context(), {.capacity_bytes = 16 << 10, .label = "growing", .max_capacity_bytes = 4 << 20});
  ASSERT_TRUE(made) << made.error().message();
  pmb::UploadRing ring = std::move(*made);
  const GLuint to = target(kSlices * kBytes);
  for (int frame = 0; frame < 4; ++frame) {
    std::vector<pmb::Slice> slices;
    for (std::size_t i = 0; i < kSlices; ++i) {
      const auto slice = ring.acquire(kBytes);
      ASSERT_TRUE(slice) << slice.error().message();
      ASSERT_TRUE(slice->fill(static_cast<std::byte>(i + static_cast<std::size_t>(frame))));
      slices.push_back(*slice);
    }
    ASSERT_TRUE(ring.publish(slices));
    for (std::size_t i = 0; i < kSlices; ++i)
      copy(slices[i].buffer(), slices[i].offset_bytes(), to, i * kBytes, kBytes);
    ASSERT_TRUE(ring.retire(mark()));
    const auto arrived = contents(to, kSlices * kBytes);
    for (std::size_t i = 0; i < arrived.size(); ++i)
      ASSERT_EQ(arrived[i], static_cast<std::byte>(i / kBytes + static_cast<std::size_t>(frame))) << i;
    expect_no_gl_error();
  }
  EXPECT_GE(ring.stats().growths, 4u);
  EXPECT_EQ(ring.stats().would_blocks, 0u);
  EXPECT_GE(ring.stats().high_water_bytes, kSlices * kBytes / 2);
  ASSERT_TRUE(ring.drain());
  EXPECT_EQ(ring.stats().held_bytes, std::uint64_t{16} << 10);
  gl_.DeleteBuffers(1, &to);
}

TEST_P(Growing, ThreadsFillAnArenaAndSlicesTogether) {
  constexpr std::size_t kThreads = 8;
  auto made = pmb::UploadRing::create(context(), {.capacity_bytes = 256 << 10});
  ASSERT_TRUE(made) << made.error().message();
  pmb::UploadRing ring = std::move(*made);
  const GLuint to = target(kThreads * 2048);
  for (int frame = 0; frame < 20; ++frame) {
    const auto arena = ring.lend(32 << 10);
    ASSERT_TRUE(arena) << arena.error().message();
    std::array<pmb::Slice, kThreads> slices;
    for (pmb::Slice& slice : slices) {
      const auto acquired = ring.acquire(1024);
      ASSERT_TRUE(acquired) << acquired.error().message();
      slice = *acquired;
    }
    std::array<pmb::ArenaPiece, kThreads> pieces;
    std::vector<std::thread> threads;
    for (std::size_t own = 0; own < kThreads; ++own) {
      threads.emplace_back([&, own, span = slices[own].raw_bytes()] {
        pieces[own] = arena->take(1024, 48).value();
        std::fill(pieces[own].bytes.begin(), pieces[own].bytes.end(), static_cast<std::byte>(own + 1));
        std::fill(span.begin(), span.end(), static_cast<std::byte>(own + 101));
        pmb::Arena::finish();
      });
    }
    for (std::thread& thread : threads) thread.join();
    const auto slice = ring.publish(*arena);
    ASSERT_TRUE(slice) << slice.error().message();
    ASSERT_TRUE(ring.publish(slices));
    for (std::size_t own = 0; own < kThreads; ++own) {
      copy(pieces[own].buffer, pieces[own].offset_bytes, to, own * 2048, 1024);
      copy(slices[own].buffer(), slices[own].offset_bytes(), to, own * 2048 + 1024, 1024);
    }
    ASSERT_TRUE(ring.retire(mark()));
    const auto arrived = contents(to, kThreads * 2048);
    for (std::size_t i = 0; i < arrived.size(); ++i) {
      const std::size_t own = i / 2048;
      ASSERT_EQ(arrived[i], static_cast<std::byte>(i % 2048 < 1024 ? own + 1 : own + 101)) << i;
    }
    expect_no_gl_error();
  }
  gl_.DeleteBuffers(1, &to);
}

TEST_P(Growing, ReadbackRingsGrowToo) {
  auto made = pmb::ReadbackRing::create(context(), {.capacity_bytes = 4096, .max_capacity_bytes = 1 << 20});
  ASSERT_TRUE(made) << made.error().message();
  pmb::ReadbackRing ring = std::move(*made);
  const std::vector<std::byte> bytes(64 << 10, std::byte{42});
  const GLuint from = target(bytes.size());
  ASSERT_TRUE(pmb::upload(context(), from, 0, bytes));
  std::vector<pmb::PendingReadback> pending;
  for (std::uint64_t i = 0; i < 8; ++i) {
    const auto one = ring.request(from, i * 3000, 3000 + i * 5000);
    ASSERT_TRUE(one) << one.error().message();
    pending.push_back(*one);
  }
  mark();
  for (const auto& one : pending) {
    const auto view = one.wait(std::chrono::seconds(10));
    ASSERT_TRUE(view) << view.error().message();
    for (const std::byte byte : view->bytes()) ASSERT_EQ(byte, std::byte{42});
    ASSERT_TRUE(one.release());
  }
  EXPECT_GE(ring.stats().growths, 2u);
  ASSERT_TRUE(ring.drain());
  EXPECT_EQ(ring.stats().held_bytes, 4096u);
  expect_no_gl_error();
  gl_.DeleteBuffers(1, &from);
}

}  // namespace
}  // namespace gl_test
