// SPDX-License-Identifier: MIT
// The GL context is lost with work of each kind of object in flight. The first call reports it, every later one makes no GL call
// and touches no memory of GL's, and a new context carries bytes in every kind of object.
#include "whole_uses.hpp"

namespace {

using namespace pmb_test;
using strict_gl::LostWaitAnswer;

/// Handles outlive their objects.
struct Handles {
  std::vector<pmb::Slice> slices;
  std::vector<pmb::PendingReadback> pendings;
  std::vector<pmb::Block> blocks;
  pmb::Arena arena;
  pmb::Ticket ticket;

  void expect_inert() const {
    for (const pmb::Slice& slice : slices) {
      EXPECT_FALSE(slice.is_live());
      EXPECT_TRUE(slice.raw_bytes().empty());
      EXPECT_FALSE(slice.fill(std::byte{1}));
    }
    for (const pmb::PendingReadback& pending : pendings) EXPECT_FALSE(pending.is_live());
    for (const pmb::Block& block : blocks) {
      EXPECT_FALSE(block.is_live());
      EXPECT_TRUE(block.raw_bytes().empty());
    }
    EXPECT_FALSE(arena.take(1));
    EXPECT_FALSE(ticket.passed());
  }
};

/// Fills, publishes and draws.
pmb::Slice stream_and_draw(World& world, pmb::UploadRing& ring) {
  const pmb::Slice slice = need(ring.acquire(256));
  EXPECT_TRUE(slice.copy_from(pattern(256, 1)));
  need(ring.publish(slice, 256));
  world.draw(slice.buffer(), slice.offset_bytes(), 256);
  return slice;
}

// Each kind puts work in flight, notices the loss by a call of its own, and lists its further calls.

struct RingInFlight {
  pmb::UploadRing ring;
  Handles handles;

  explicit RingInFlight(World& world)
      : ring(need(pmb::UploadRing::create(world.context(), {.capacity_bytes = 2048, .label = "ring"}))) {
    const pmb::Slice retired = stream_and_draw(world, ring);
    handles.ticket = world.mark();
    need(ring.retire(retired, handles.ticket));
    handles.arena = need(ring.lend(512));
    EXPECT_TRUE(handles.arena.take(64));
    handles.slices = {retired, stream_and_draw(world, ring), need(ring.acquire(256))};
  }
  Status notice(World&) { return status_of(handles.ticket.wait(10s)); }
  std::vector<Status> call_everything(World&) {
    const pmb::Slice published = handles.slices[1];
    const pmb::Slice filling = handles.slices[2];
    return {status_of(ring.acquire(64)),
            status_of(ring.try_acquire(64)),
            status_of(ring.lend(64)),
            status_of(ring.publish(filling, 64)),
            status_of(ring.publish(std::span(&filling, 1))),
            status_of(ring.publish(handles.arena)),
            status_of(ring.cancel(filling)),
            status_of(ring.cancel(handles.arena)),
            status_of(ring.retire(published, handles.ticket)),
            status_of(ring.retire(handles.ticket)),
            status_of(ring.retire_issued()),
            status_of(ring.drain())};
  }
};

struct PoolInFlight {
  pmb::BlockPool pool;
  Handles handles;

  explicit PoolInFlight(World& world)
      : pool(need(
            pmb::BlockPool::create(world.context(), {.block_bytes = 256, .count = 4, .label = "blocks"}))) {
    handles.blocks = {need(pool.acquire()), need(pool.acquire()), need(pool.acquire())};
    for (const std::size_t given : {1U, 2U}) {
      need(pool.publish(handles.blocks[given], 256));
      world.write_on_gpu(handles.blocks[given].buffer(), 0, pattern(256, given));
    }
    const pmb::Ticket early = world.mark();
    need(pool.wait_view(handles.blocks[2], early, 10s));
    handles.ticket = world.mark();
  }
  Status notice(World&) { return status_of(pool.wait_view(handles.blocks[1], handles.ticket, 10s)); }
  std::vector<Status> call_everything(World&) {
    const pmb::Block acquired = handles.blocks[0];
    const pmb::Block published = handles.blocks[1];
    const pmb::Block viewed = handles.blocks[2];
    EXPECT_EQ(pool.free_count(), 0U);
    return {status_of(pool.acquire()),
            status_of(pool.try_acquire()),
            status_of(pool.publish(acquired, 64)),
            status_of(pool.retire(published, handles.ticket)),
            status_of(pool.try_view(published, handles.ticket)),
            status_of(pool.wait_view(published, handles.ticket, 10s)),
            status_of(pool.release(acquired)),
            status_of(pool.release(viewed))};
  }
};

/// A readback ring of the program, and the one of download_async().
struct ReadbackInFlight {
  pmb::ReadbackRing ring;
  Handles handles;

  explicit ReadbackInFlight(World& world)
      : ring(
            need(pmb::ReadbackRing::create(world.context(), {.capacity_bytes = 2048, .label = "readback"}))) {
    handles.pendings = {need(pmb::download_async(world.context(), world.source(), 0, 256)),
                        need(ring.request(world.source(), 0, 256)), need(ring.acquire(256))};
    world.write_on_gpu(handles.pendings[2].buffer(), handles.pendings[2].offset_bytes(), pattern(256, 2));
    handles.ticket = world.mark();
  }
  Status notice(World&) { return status_of(handles.pendings[0].wait(10s)); }
  std::vector<Status> call_everything(World& world) {
    Bytes bytes(256);
    std::vector<Status> seen = {status_of(ring.acquire(64)),
                                status_of(ring.request(world.source(), 0, 64)),
                                status_of(ring.drain()),
                                status_of(pmb::download_async(world.context(), world.source(), 0, 64)),
                                status_of(pmb::download(world.context(), world.source(), 0, bytes)),
                                status_of(pmb::upload(world.context(), world.target(), 0, bytes))};
    for (const pmb::PendingReadback& pending : handles.pendings) {
      seen.push_back(status_of(pending.try_view()));
      seen.push_back(status_of(pending.wait(10s)));
      seen.push_back(status_of(pending.copy_to(bytes, 10s)));
      seen.push_back(status_of(pending.release()));
    }
    EXPECT_TRUE(bytes == Bytes(256)) << "nothing was copied";
    return seen;
  }
};

/// Memory of the program: adopted where that exists, and pinned.
struct AdoptedInFlight {
  pmb::MappedBuffer mapping;
  pmb::MappedBuffer memory;
  Handles handles;

  explicit AdoptedInFlight(World& world)
      : mapping(world.has_storage() ? need(pmb::MappedBuffer::adopt(world.context(), world.own_mapping()))
                                    : pmb::MappedBuffer()),
        memory(need(pmb::MappedBuffer::adopt_memory(world.context(), world.memory()))) {
    need(mapping.write(0, pattern(256, 3)));
    world.draw(mapping.buffer(), 0, 256);
    world.write_on_gpu(memory.buffer(), 0, pattern(256, 4));
    handles.ticket = world.mark();
  }
  Status notice(World&) {
    Bytes bytes(64);
    return status_of(memory.read(0, bytes, handles.ticket));
  }
  std::vector<Status> call_everything(World& world) {
    std::vector<Status> seen;
    Bytes bytes(64);
    for (pmb::MappedBuffer* buffer : {&mapping, &memory}) {
      seen.push_back(status_of(buffer->write(0, bytes)));
      seen.push_back(status_of(buffer->read(0, bytes, handles.ticket)));
      seen.push_back(status_of(buffer->flush(0, 64)));
      EXPECT_FALSE(buffer->is_mapped());
      EXPECT_TRUE(buffer->raw_bytes().empty());
      EXPECT_EQ(buffer->buffer(), 0U);
    }
    seen.push_back(status_of(pmb::MappedBuffer::adopt(world.context(), world.own_mapping())));
    seen.push_back(status_of(pmb::MappedBuffer::adopt_memory(world.context(), world.memory())));
    seen.push_back(status_of(pmb::MappedBuffer::create(world.context(), {.size_bytes = 64})));
    seen.push_back(status_of(memory.destroy()));
    EXPECT_TRUE(bytes == Bytes(64)) << "nothing was read";
    return seen;
  }
};

struct FeederInFlight {
  Bytes image;
  pmb::TextureFeeder feeder;
  pmb::UploadRing ring;
  Handles handles;

  explicit FeederInFlight(World& world)
      : image(pattern(world.large().bytes(), 5)),
        feeder(need(pmb::TextureFeeder::create(world.context(), {.bytes_per_feed = image.size() / 4}))),
        ring(need(pmb::UploadRing::create(world.context(), {.capacity_bytes = 2048, .label = "ring"}))) {
    need(feeder.queue({world.large().region(), pmb::TexelLayout::rgba8(), image}));
    need(feeder.feed());
    handles.ticket = feeder.ticket();
    handles.slices = {need(ring.acquire(256))};
    need(ring.publish(handles.slices[0], 256));
    need(feeder.queue(world.small().region(), pmb::TexelLayout::rgba8(), handles.slices[0]));
  }
  Status notice(World&) { return status_of(feeder.feed()); }
  std::vector<Status> call_everything(World& world) {
    EXPECT_FALSE(feeder.is_fed(0)) << "most of its rows were not uploaded";
    EXPECT_FALSE(feeder.is_fed(1));
    return {status_of(feeder.feed()),
            status_of(feeder.queue({world.large().region(), pmb::TexelLayout::rgba8(), image})),
            status_of(feeder.queue(world.small().region(), pmb::TexelLayout::rgba8(), handles.slices[0])),
            status_of(pmb::TextureFeeder::create(world.context())),
            status_of(pmb::upload_texture(world.context(), world.large().region(), pmb::TexelLayout::rgba8(),
                                          image))};
  }
};

struct GrabberInFlight {
  pmb::FrameGrabber grabber;
  pmb::Frame held;
  Handles handles;

  explicit GrabberInFlight(World& world)
      : grabber(need(pmb::FrameGrabber::create(world.context(), {.frames = 2, .label = "frames"}))) {
    world.paint(world.small(), 6);
    need(grabber.grab(world.small().pixels()));
    held = need(grabber.next(0));
    world.paint(world.large(), 7);
    need(grabber.grab(world.large().pixels()));
  }
  Status notice(World& world) { return status_of(grabber.grab(world.large().pixels())); }
  std::vector<Status> call_everything(World& world) {
    Bytes bytes(world.small().bytes());
    EXPECT_TRUE(held.bytes().empty());
    EXPECT_EQ(status_of(held.write_to(-1)), Status::stale_handle);
    held.release();
    return {status_of(grabber.next(0)),
            status_of(grabber.next(UINT32_MAX)),
            status_of(grabber.grab(world.small().pixels())),
            status_of(grabber.try_grab(world.large().pixels())),
            status_of(grabber.grab_texture(world.small().region())),
            status_of(grabber.try_grab_texture(world.small().region())),
            status_of(pmb::FrameGrabber::create(world.context())),
            status_of(
                pmb::read_pixels(world.context(), world.small().pixels(), pmb::TexelLayout::rgba8(), bytes)),
            status_of(pmb::read_texture(world.context(), world.small().region(), pmb::TexelLayout::rgba8(),
                                        bytes))};
  }
};

class LostObjects : public testing::TestWithParam<std::tuple<PathCase, LostWaitAnswer>> {
 protected:
  void TearDown() override {
    EXPECT_EQ(pmb::detail::process_mapped_bytes(), 0U) << "bytes still booked against the memory limit";
    EXPECT_EQ(strict_gl::calls_without_context(), 0U) << "GL calls with no context current";
    strict_gl::reset_calls_without_context();
  }

  /// Touching memory that GL mapped, or that it uses in place, ends the process from now on.
  static void forbid_memory(World& world) {
    constexpr std::uintptr_t kPage = 4096;
    pmb::detail::ContextState::of(world.context())
        .registry.visit_mappings([&](const void* address, const pmb::detail::Mapping& mapping) {
          if (mapping.is_private()) return;
          const auto begin = reinterpret_cast<std::uintptr_t>(address);
          const std::uintptr_t first = begin / kPage * kPage;
          const std::uintptr_t end = (begin + mapping.size + kPage - 1) / kPage * kPage;
          test_support::forbid_pages(reinterpret_cast<std::byte*>(first), end - first);
        });
  }

  template <class Kind>
  void lose_and_recover() {
    for (const bool validates : {false, true}) {
      for (const bool destroyed_first : {true, false}) {
        SCOPED_TRACE(std::string(validates ? "validated, " : "") +
                     (destroyed_first ? "destroyed before" : "destroyed beside") + " the new context");
        lose_and_recover<Kind>(validates, destroyed_first);
      }
    }
  }

 private:
  template <class Kind>
  void lose_and_recover(bool validates, bool destroyed_first) {
    const auto& [path, answer] = GetParam();
    const WorldOptions options = {.validates = validates, .wait_answer = answer};
    std::optional<World> lost(std::in_place, path, options);
    std::optional<Kind> kind(std::in_place, *lost);
    lost->fake().lose_context();
    EXPECT_EQ(kind->notice(*lost), Status::context_lost);
    EXPECT_TRUE(lost->context().lost());
    forbid_memory(*lost);
    const std::uint64_t calls = lost->fake().total_calls();
    for (int turn = 0; turn < 2; ++turn) {
      int at = 0;
      for (const Status status : kind->call_everything(*lost)) {
        EXPECT_EQ(status, Status::context_lost) << "call " << at++ << " of the list";
      }
      kind->handles.expect_inert();
    }
    EXPECT_EQ(lost->fake().total_calls(), calls) << "GL calls on a lost context";
    EXPECT_EQ(lost->losses_logged(), 1U);
    EXPECT_EQ(lost->log_lines().size(), 1U);
    EXPECT_TRUE(lost->reports().empty()) << "a loss is no misuse: " << lost->reports().front();
    const Handles handles = kind->handles;
    const auto end = [&] {
      kind.reset();
      EXPECT_EQ(lost->log_lines().size(), 1U) << lost->log_lines().back();
      lost.reset();
    };
    if (destroyed_first) end();

    World fresh(path, options);
    {
      // It reuses the control blocks of objects that are gone.
      const Kind successor(fresh);
      handles.expect_inert();
    }
    if (!destroyed_first) {
      const std::uint64_t fresh_calls = fresh.fake().total_calls();
      const std::uint64_t lost_calls = lost->fake().total_calls();
      kind.reset();
      EXPECT_EQ(lost->fake().total_calls(), lost_calls);
      lost.reset();
      EXPECT_EQ(fresh.fake().total_calls(), fresh_calls) << "the end of lost objects touched the new context";
    }
    for (const WholeUse& whole : kWholeUses) {
      const auto outcome = whole.run(fresh);
      EXPECT_TRUE(outcome) << whole.name << ": " << outcome.error().message();
    }
    EXPECT_FALSE(fresh.context().lost());
  }
};

std::string path_and_answer(const testing::TestParamInfo<std::tuple<PathCase, LostWaitAnswer>>& info) {
  return path_name({std::get<0>(info.param), info.index}) +
         (std::get<1>(info.param) == LostWaitAnswer::zero ? "WaitsAnswerZero" : "WaitsAnswerAlreadySignaled");
}
/// GL reports a loss here.
constexpr PathCase kReportingPaths[] = {
    {Edit::by_name, Model::coherent},          {Edit::by_name, Model::explicit_flush},
    {Edit::by_binding, Model::explicit_flush}, {Edit::es, Model::coherent},
    {Edit::traditional, Model::coherent},      {Edit::orphaned, Model::explicit_flush}};
INSTANTIATE_TEST_SUITE_P(Paths, LostObjects,
                         testing::Combine(testing::ValuesIn(kReportingPaths),
                                          testing::Values(LostWaitAnswer::zero,
                                                          LostWaitAnswer::already_signaled)),
                         path_and_answer);

TEST_P(LostObjects, SlicesAndArenas) {
  lose_and_recover<RingInFlight>();
}
TEST_P(LostObjects, Blocks) {
  lose_and_recover<PoolInFlight>();
}
TEST_P(LostObjects, ReadbacksAndDownloads) {
  lose_and_recover<ReadbackInFlight>();
}
TEST_P(LostObjects, MemoryOfTheProgram) {
  lose_and_recover<AdoptedInFlight>();
}
TEST_P(LostObjects, ImagesOfAFeeder) {
  lose_and_recover<FeederInFlight>();
}
TEST_P(LostObjects, FramesOfAGrabber) {
  lose_and_recover<GrabberInFlight>();
}

}  // namespace
