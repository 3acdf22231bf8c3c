// SPDX-License-Identifier: MIT
// GL refuses storage or a mapping from some creating call on: a typed error that leaves nothing behind. An object that existed
// before carries bytes meanwhile, and the same use succeeds once there is memory.
#include "whole_uses.hpp"

namespace {

using namespace pmb_test;
using strict_gl::Action;

/// How memory is refused.
struct Refusal {
  const char* name;
  std::initializer_list<std::string_view> calls;  ///< Parts of names.
  Action action;
  Status status;

  bool concerns(std::string_view call) const {
    return std::ranges::any_of(calls, [&](std::string_view part) { return call.find(part) != call.npos; });
  }
};
const Refusal kStorage = {"no storage",
                          {"ufferStorage", "BufferData"},
                          strict_gl::fail_with(GL_OUT_OF_MEMORY),
                          Status::out_of_memory};
const Refusal kNullMap = {"a null map", {"glMap"}, strict_gl::return_zero(), Status::map_failed};
const Refusal kNullMapWithError = {
    "a null map with an error", {"glMap"}, strict_gl::fail_with(GL_OUT_OF_MEMORY), Status::map_failed};

/// A ring from before, with a draw in flight.
class Bystander {
 public:
  explicit Bystander(World& world)
      : world_(world),
        ring_(
            take(pmb::UploadRing::create(world.context(), {.capacity_bytes = 1024, .label = "bystander"}))) {
    stream();
  }
  /// Carries bytes once more: these and the earlier ones arrive.
  void expect_service() {
    take(stream().wait(10s));
    for (const auto& [seed, read] : draws_) EXPECT_TRUE(read->bytes() == pattern(512, seed));
    draws_.clear();
  }

 private:
  pmb::Ticket stream() {
    const pmb::Slice slice = take(ring_.acquire(512));
    EXPECT_TRUE(slice.copy_from(pattern(512, ++seed_)));
    take(ring_.publish(slice, 512));
    draws_.emplace_back(seed_, world_.draw(slice.buffer(), slice.offset_bytes(), 512));
    const pmb::Ticket ticket = take(world_.context().timeline().mark());
    take(ring_.retire(slice, ticket));
    return ticket;
  }

  World& world_;
  pmb::UploadRing ring_;
  std::vector<std::pair<std::uint64_t, std::shared_ptr<strict_gl::GpuRead>>> draws_;
  std::uint64_t seed_ = 0;
};

class RefusedMemory : public testing::TestWithParam<PathCase> {
 protected:
  void TearDown() override {
    EXPECT_EQ(pmb::detail::process_mapped_bytes(), 0U) << "bytes still booked against the memory limit";
  }

  /// Refuses every call of that kind from the one of this number on.
  static void refuse(World& world, const Refusal& refusal, std::uint64_t from) {
    world.fake().script_every_call(
        [&refusal, from, calls = std::uint64_t{0}](std::string_view name) mutable -> std::optional<Action> {
          if (!refusal.concerns(name) || ++calls < from) return {};
          return refusal.action;
        });
  }

  static std::uint64_t calls_of(const WholeUse& whole, const Refusal& refusal) {
    World world(GetParam());
    world.fake().clear_log();
    const auto outcome = whole.run(world);
    EXPECT_TRUE(outcome) << whole.name << ": " << outcome.error().message();
    std::uint64_t calls = 0;
    for (const auto& [name, count] : world.fake().call_counts()) calls += refusal.concerns(name) ? count : 0;
    return calls;
  }

  static void refuse_each(const Refusal& refusal) {
    std::uint64_t refused = 0;
    for (const WholeUse& whole : kWholeUses) {
      const std::uint64_t calls = calls_of(whole, refusal);
      for (std::uint64_t from = 1; from <= calls; ++from, ++refused) {
        SCOPED_TRACE(std::string(whole.name) + ", " + refusal.name + " from call " + std::to_string(from));
        World world(GetParam());
        Bystander bystander(world);
        refuse(world, refusal, from);
        const auto outcome = whole.run(world);
        EXPECT_EQ(status_of(outcome), refusal.status);
        EXPECT_EQ(world.buffers_of_objects(), 1U) << "buffers of the failed use are left";
        EXPECT_EQ(world.context().mapped_bytes(), world.bytes_of_mappings());
        EXPECT_EQ(world.fake().pending_error(), static_cast<GLenum>(GL_NO_ERROR)) << "pmb's own error";
        EXPECT_EQ(world.context().take_caller_error(), 0U);
        bystander.expect_service();
        world.fake().clear_script();
        const auto again = whole.run(world);
        EXPECT_TRUE(again) << again.error().message();
        bystander.expect_service();
        if (HasFailure()) return;
      }
    }
    EXPECT_GT(refused, refusal.status == Status::map_failed && is_private(GetParam().edit) ? 0U : 9U);
  }
};
// Orphaning asks for storage without a creating call; the program sees a refusal by glGetError.
INSTANTIATE_TEST_SUITE_P(Paths, RefusedMemory, every_waiting_path(), path_name);

TEST_P(RefusedMemory, WithoutStorageEveryCreatingCallFailsAsAWhole) {
  refuse_each(kStorage);
}

class RefusedMappings : public RefusedMemory {};
INSTANTIATE_TEST_SUITE_P(Paths, RefusedMappings, every_mapped_path(), path_name);

TEST_P(RefusedMappings, WithoutAMappingEveryCreatingCallFailsAsAWhole) {
  refuse_each(kNullMap);
  refuse_each(kNullMapWithError);
}

TEST_P(RefusedMemory, ALargerFrameThatFindsNoneLeavesTheOlderOnes) {
  World world(GetParam());
  auto grabber = take(pmb::FrameGrabber::create(world.context(), {.frames = 3}));
  const Bytes first = from_the_top(world.paint(world.small(), 1), World::kSmall);
  take(grabber.grab(world.small().pixels()));
  const pmb::Frame held = take(grabber.next(0));
  const Bytes second = from_the_top(world.paint(world.small(), 2), World::kSmall);
  take(grabber.grab(world.small().pixels()));
  const std::size_t buffers = world.buffers_of_objects();
  refuse(world, kStorage, 1);
  const Bytes larger = from_the_top(world.paint(world.large(), 3), World::kLarge);
  EXPECT_EQ(status_of(grabber.grab(world.large().pixels())), Status::out_of_memory);
  EXPECT_EQ(world.buffers_of_objects(), buffers);
  EXPECT_EQ(grabber.stats().in_flight, 1U);
  {
    const pmb::Frame arrived = take(grabber.next(0));
    EXPECT_TRUE(copy(arrived.bytes()) == second);
  }
  const Bytes third = from_the_top(world.paint(world.small(), 4), World::kSmall);
  take(grabber.grab(world.small().pixels()));
  EXPECT_TRUE(copy(take(grabber.next(0)).bytes()) == third) << "frames of the old size go on";
  world.fake().clear_script();
  world.paint(world.large(), 3);
  take(grabber.grab(world.large().pixels()));
  EXPECT_TRUE(copy(take(grabber.next(0)).bytes()) == larger);
  EXPECT_TRUE(copy(held.bytes()) == first);
}

}  // namespace
