// SPDX-License-Identifier: MIT
// A ring that may grow is refused the memory: by GL, by a null map, or by the memory limit. It carries bytes in the capacity that
// it has, and grows once there is memory and it was drained.
#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;

constexpr std::uint64_t kMemory = std::uint64_t{1} << 20;

enum class Shortage : std::uint8_t { storage, null_map, memory_limit };

class RefusedGrowth : public PmbPathTest {
 protected:
  void SetUp() override { start_limited(); }
  void start_limited() {
    pmb::Options options = options_of(GetParam().edit, GetParam().model);
    options.memory_limit_bytes = kMemory;
    start(config_of(GetParam().edit), std::move(options));
    fake_->set_polls_until_done(1000);
  }

  /// Private memory is not mapped.
  std::vector<Shortage> shortages() const {
    if (is_private()) return {Shortage::storage, Shortage::memory_limit};
    return {Shortage::storage, Shortage::null_map, Shortage::memory_limit};
  }
  void refuse(Shortage shortage) {
    if (shortage == Shortage::memory_limit) {
      hog_ = take(pmb::BlockPool::create(
          *context_, {.block_bytes = kMemory - context_->mapped_bytes(), .count = 1, .label = "hog"}));
      return;
    }
    const bool storage = shortage == Shortage::storage;
    fake_->script_every_call([storage](std::string_view call) -> std::optional<strict_gl::Action> {
      const auto has = [call](std::string_view part) { return call.find(part) != call.npos; };
      if (storage && (has("BufferStorage") || has("BufferData")))
        return strict_gl::fail_with(GL_OUT_OF_MEMORY);
      if (!storage && has("glMap")) return strict_gl::return_zero();
      return {};
    });
  }
  void allow() {
    hog_ = {};
    fake_->clear_script();
  }

  pmb::BlockPool hog_;
};
INSTANTIATE_TEST_SUITE_P(Paths, RefusedGrowth, every_waiting_path(), path_name);

TEST_P(RefusedGrowth, UploadsGoOnInTheOldCapacityAndTheRingGrowsLater) {
  for (const Shortage shortage : shortages()) {
    SCOPED_TRACE(static_cast<int>(shortage));
    auto ring =
        take(pmb::UploadRing::create(*context_, {.capacity_bytes = 1024, .max_capacity_bytes = 8192}));
    refuse(shortage);
    const std::size_t buffers = fake_->live_buffers();
    std::vector<std::shared_ptr<strict_gl::GpuRead>> reads;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const pmb::Slice slice = put(ring, pattern(512, seed), 1);
      reads.push_back(draw(slice));
      take(ring.retire(slice, mark()));
    }
    EXPECT_EQ(ring.stats().growths, 0U);
    EXPECT_EQ(ring.stats().capacity_bytes, 1024U);
    EXPECT_GT(ring.stats().waits, 0U) << "nothing was full";
    EXPECT_EQ(fake_->live_buffers(), buffers);
    allow();
    take(ring.drain());
    for (std::uint64_t seed = 0; seed < reads.size(); ++seed) {
      EXPECT_TRUE(reads[seed]->bytes() == pattern(512, seed)) << seed;
    }
    for (int slice = 0; slice < 3; ++slice) take(ring.acquire(512, 1));
    EXPECT_EQ(ring.stats().growths, 1U);
    EXPECT_EQ(ring.stats().capacity_bytes, 2048U);
  }
}

TEST_P(RefusedGrowth, ReadbacksArriveInTheOldCapacityAndTheRingGrowsLater) {
  for (const Shortage shortage : shortages()) {
    SCOPED_TRACE(static_cast<int>(shortage));
    auto ring =
        take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 1024, .max_capacity_bytes = 8192}));
    refuse(shortage);
    std::vector<pmb::PendingReadback> held;
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      held.push_back(take(ring.acquire(256, 1)));
      write_into(held.back(), pattern(256, seed));
    }
    EXPECT_EQ(id_of(ring.acquire(256, 1)), ErrorId::ring_full_unreleased);
    mark();
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      EXPECT_TRUE(copy(take(held[seed].wait(10s)).bytes()) == pattern(256, seed)) << seed;
      take(held[seed].release());
    }
    const auto next = take(ring.acquire(1024, 1));
    write_into(next, pattern(1024, 9));
    mark();
    EXPECT_TRUE(copy(take(next.wait(10s)).bytes()) == pattern(1024, 9));
    take(next.release());
    EXPECT_EQ(ring.stats().growths, 0U);
    allow();
    take(ring.drain());
    for (int slice = 0; slice < 5; ++slice) take(ring.acquire(256, 1));
    EXPECT_EQ(ring.stats().growths, 1U);
    EXPECT_EQ(ring.stats().capacity_bytes, 2048U);
  }
}

}  // namespace
