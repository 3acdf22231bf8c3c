// SPDX-License-Identifier: MIT
// The GL context is lost under a program in C. Every call reports it, every handle is inert, the destroy functions return, and a
// new context in the same process carries bytes in every kind of object.
#include <array>

#include "capi_fixture.hpp"
#include "whole_uses.hpp"

namespace {

using namespace pmb_test;
using strict_gl::LostWaitAnswer;

constexpr std::int64_t kWait = 10'000'000'000;

/// A context of pmb.h with an object of each kind.
class CObjects {
 public:
  explicit CObjects(World& world) : world_(world) {
    auto options = c_options();
    options.log_user = this;
    options.log = [](void* user, pmb_log_level, const char* line) {
      static_cast<CObjects*>(user)->log_lines_.emplace_back(line);
    };
    ok(pmb_context_from_current(&load, &options, &context_));
    const auto ring = c_ring_options(2048);
    const auto buffer = c_buffer_options(256, PMB_ACCESS_BIDIRECTIONAL);
    const auto pool = c_pool_options(256, 2);
    ok(pmb_upload_ring_create(context_, &ring, &ring_));
    ok(pmb_readback_ring_create(context_, &ring, &readback_));
    ok(pmb_mapped_buffer_create(context_, &buffer, &buffer_));
    ok(pmb_block_pool_create(context_, &pool, &pool_));
    ok(pmb_frame_grabber_create(context_, nullptr, &grabber_));
    ok(pmb_texture_feeder_create(context_, nullptr, &feeder_));
    target_.buffer = world.target();
  }
  CObjects(const CObjects&) = delete;
  CObjects& operator=(const CObjects&) = delete;
  ~CObjects() {
    pmb_frame_release(&frame_);
    pmb_arena_destroy(&arena_);
    pmb_texture_feeder_destroy(&feeder_);
    pmb_frame_grabber_destroy(&grabber_);
    pmb_block_pool_destroy(&pool_);
    EXPECT_EQ(pmb_mapped_buffer_destroy(&buffer_), lost_ ? PMB_CONTEXT_LOST : PMB_OK);
    pmb_readback_ring_destroy(&readback_);
    pmb_upload_ring_destroy(&ring_);
    pmb_context_destroy(&context_);
    EXPECT_EQ(log_lines_.size(), lost_ ? 1U : 0U);
  }

  /// Leaves a slice, an arena, a block, readbacks, a download, a frame in flight, a held frame, and images in the queue.
  void put_in_flight() {
    ok(pmb_upload_ring_acquire(ring_, 256, 0, &slice_));
    ok(pmb_slice_fill(slice_, 1));
    ok(pmb_upload_ring_publish(ring_, slice_, 256));
    draw(pmb_slice_buffer(slice_), pmb_slice_offset_bytes(slice_));
    ok(pmb_upload_ring_lend(ring_, 256, &arena_));
    ok(pmb_block_pool_acquire(pool_, &block_));
    ok(pmb_block_pool_publish(pool_, block_, 256));
    ok(pmb_readback_ring_request(readback_, target_, 0, 256, &pending_));
    ok(pmb_download_async(context_, target_, 0, 256, &download_));
    paint_and_grab();
    ok(pmb_frame_grabber_next(grabber_, 0, &frame_));
    paint_and_grab();
    queue();
    ok(pmb_timeline_mark(context_, &ticket_));
  }

  void expect_everything_lost() {
    lost_ = true;
    std::array<std::byte, 256> bytes = {};
    pmb_slice slice = {};
    pmb_block block = {};
    pmb_pending_readback pending = {};
    pmb_ticket ticket = {};
    pmb_read_view view = {};
    pmb_arena* arena = nullptr;
    pmb_frame* frame = nullptr;
    pmb_upload_ring* ring = nullptr;
    std::int64_t fed = 0;
    const auto options = c_ring_options(256);
    const pmb_pixel_rectangle pixels = {0, 0, World::kSmall, World::kSmall};
    const pmb_texture_upload image = upload();
    int at = 0;
    for (const pmb_status status :
         {pmb_timeline_poll(context_),
          pmb_timeline_mark(context_, &ticket),
          pmb_timeline_flush(context_),
          pmb_ticket_wait(ticket_, kWait),
          pmb_upload_ring_create(context_, &options, &ring),
          pmb_upload_ring_acquire(ring_, 64, 0, &slice),
          pmb_upload_ring_try_acquire(ring_, 64, 0, &slice),
          pmb_upload_ring_lend(ring_, 64, &arena),
          pmb_upload_ring_publish_arena(ring_, arena_, &slice),
          pmb_upload_ring_cancel_arena(ring_, arena_),
          pmb_upload_ring_cancel(ring_, slice_),
          pmb_upload_ring_retire(ring_, slice_, ticket_),
          pmb_upload_ring_retire_all(ring_, ticket_),
          pmb_upload_ring_retire_issued(ring_),
          pmb_upload_ring_drain(ring_, kWait),
          pmb_readback_ring_request(readback_, target_, 0, 64, &pending),
          pmb_readback_ring_acquire(readback_, 64, 0, &pending),
          pmb_readback_ring_drain(readback_, kWait),
          pmb_pending_readback_try_view(pending_, &view),
          pmb_pending_readback_wait(download_, kWait, &view),
          pmb_pending_readback_copy_to(download_, bytes.data(), bytes.size(), kWait),
          pmb_pending_readback_release(pending_),
          pmb_mapped_buffer_write(buffer_, 0, bytes.data(), 64),
          pmb_mapped_buffer_flush(buffer_, 0, 64),
          pmb_mapped_buffer_read(buffer_, 0, bytes.data(), 64, ticket_),
          pmb_block_pool_acquire(pool_, &block),
          pmb_block_pool_try_acquire(pool_, &block),
          pmb_block_pool_retire(pool_, block_, ticket_),
          pmb_block_pool_try_view(pool_, block_, ticket_, &view),
          pmb_block_pool_wait_view(pool_, block_, ticket_, kWait, &view),
          pmb_block_pool_release(pool_, block_),
          pmb_upload(context_, target_, 0, bytes.data(), bytes.size()),
          pmb_download(context_, target_, 0, bytes.data(), bytes.size()),
          pmb_download_async(context_, target_, 0, 64, &pending),
          pmb_upload_texture(context_, &image.region, &image.layout, image.bytes, image.size_bytes, &ticket),
          pmb_frame_grabber_grab(grabber_, &pixels),
          pmb_frame_grabber_try_grab(grabber_, &pixels),
          pmb_frame_grabber_next(grabber_, 0, &frame),
          pmb_texture_feeder_queue(feeder_, &image, &fed),
          pmb_texture_feeder_feed(feeder_, &fed)}) {
      EXPECT_EQ(status, PMB_CONTEXT_LOST) << "call " << at << " of the list";
      ++at;
    }
    EXPECT_TRUE(pmb_context_lost(context_));
    EXPECT_TRUE(ring == nullptr && arena == nullptr && frame == nullptr);
    expect_inert_handles();
  }
  void expect_inert_handles() const {
    EXPECT_FALSE(pmb_slice_is_live(slice_));
    EXPECT_EQ(pmb_slice_raw_bytes(slice_), nullptr);
    EXPECT_FALSE(pmb_block_is_live(block_));
    EXPECT_EQ(pmb_block_raw_bytes(block_), nullptr);
    EXPECT_FALSE(pmb_pending_readback_is_live(pending_));
    EXPECT_FALSE(pmb_pending_readback_is_live(download_));
    EXPECT_FALSE(pmb_ticket_passed(ticket_));
    EXPECT_FALSE(pmb_mapped_buffer_is_mapped(buffer_));
    EXPECT_EQ(pmb_mapped_buffer_raw_bytes(buffer_), nullptr);
    EXPECT_EQ(pmb_frame_bytes(frame_), nullptr);
  }

  void expect_bytes_to_arrive() {
    ok(pmb_upload_ring_acquire(ring_, 256, 0, &slice_));
    ok(pmb_slice_copy_from(slice_, 0, pattern(256, 1).data(), 256));
    ok(pmb_upload_ring_publish(ring_, slice_, 256));
    const auto read = draw(pmb_slice_buffer(slice_), pmb_slice_offset_bytes(slice_));
    ok(pmb_block_pool_acquire(pool_, &block_));
    std::ranges::copy(pattern(256, 2), static_cast<std::byte*>(pmb_block_raw_bytes(block_)));
    ok(pmb_block_pool_publish(pool_, block_, 256));
    ok(pmb_mapped_buffer_write(buffer_, 0, pattern(256, 3).data(), 256));
    const auto written = draw(pmb_mapped_buffer_buffer(buffer_), 0);
    ok(pmb_upload(context_, target_, 0, pattern(256, 4).data(), 256));
    ok(pmb_readback_ring_request(readback_, target_, 0, 256, &pending_));
    ok(pmb_download_async(context_, target_, 0, 256, &download_));
    const Bytes frame = paint_and_grab();
    queue();
    std::int64_t fed = 0;
    ok(pmb_texture_feeder_feed(feeder_, &fed));
    ok(pmb_timeline_mark(context_, &ticket_));
    ok(pmb_upload_ring_retire(ring_, slice_, ticket_));
    ok(pmb_ticket_wait(ticket_, kWait));
    pmb_read_view view = {};
    ok(pmb_block_pool_wait_view(pool_, block_, ticket_, kWait, &view));
    EXPECT_TRUE(bytes_of(view.bytes, view.size_bytes) == pattern(256, 2));
    ok(pmb_pending_readback_wait(pending_, kWait, &view));
    EXPECT_TRUE(bytes_of(view.bytes, view.size_bytes) == pattern(256, 4));
    Bytes arrived(256);
    ok(pmb_pending_readback_copy_to(download_, arrived.data(), 256, kWait));
    EXPECT_TRUE(arrived == pattern(256, 4));
    EXPECT_TRUE(read->bytes() == pattern(256, 1));
    EXPECT_TRUE(written->bytes() == pattern(256, 3));
    ok(pmb_frame_grabber_next(grabber_, 0, &frame_));
    EXPECT_TRUE(bytes_of(pmb_frame_bytes(frame_), pmb_frame_size_bytes(frame_)) == frame);
    EXPECT_TRUE(world_.fake().texels(world_.large().texture, 0) == image_);
    ok(pmb_pending_readback_release(pending_));
    ok(pmb_block_pool_release(pool_, block_));
  }

 private:
  static Bytes bytes_of(const void* bytes, std::int64_t size) {
    return strict_gl::copy_of(bytes, static_cast<std::size_t>(size));
  }
  std::shared_ptr<strict_gl::GpuRead> draw(std::uint32_t buffer, std::int64_t offset) {
    return world_.draw(buffer, static_cast<std::uint64_t>(offset), 256);
  }
  /// Returns the bytes of the frame.
  Bytes paint_and_grab() {
    const Bytes pixels = world_.paint(world_.small(), 5);
    const pmb_pixel_rectangle rectangle = {0, 0, World::kSmall, World::kSmall};
    ok(pmb_frame_grabber_grab(grabber_, &rectangle));
    return from_the_top(pixels, World::kSmall);
  }
  pmb_texture_upload upload() const {
    pmb_texture_upload image = {};
    image.region.texture = world_.large().texture;
    image.region.target = GL_TEXTURE_2D;
    image.region.width = World::kLarge;
    image.region.height = World::kLarge;
    image.layout.format = GL_RGBA;
    image.layout.type = GL_UNSIGNED_BYTE;
    image.bytes = image_.data();
    image.size_bytes = static_cast<std::int64_t>(image_.size());
    return image;
  }
  void queue() {
    const pmb_texture_upload image = upload();
    std::int64_t number = 0;
    ok(pmb_texture_feeder_queue(feeder_, &image, &number));
  }

  World& world_;
  const Bytes image_ = pattern(world_.large().bytes(), 6);
  std::vector<std::string> log_lines_;
  bool lost_ = false;
  pmb_context* context_ = nullptr;
  pmb_upload_ring* ring_ = nullptr;
  pmb_readback_ring* readback_ = nullptr;
  pmb_mapped_buffer* buffer_ = nullptr;
  pmb_block_pool* pool_ = nullptr;
  pmb_frame_grabber* grabber_ = nullptr;
  pmb_texture_feeder* feeder_ = nullptr;
  pmb_arena* arena_ = nullptr;
  pmb_frame* frame_ = nullptr;
  pmb_slice slice_ = {};
  pmb_block block_ = {};
  pmb_pending_readback pending_ = {};
  pmb_pending_readback download_ = {};
  pmb_ticket ticket_ = {};
  pmb_buffer_target target_ = {};
};

class CapiLostContext : public testing::TestWithParam<LostWaitAnswer> {
 protected:
  void TearDown() override {
    EXPECT_EQ(pmb::detail::process_mapped_bytes(), 0U);
    EXPECT_EQ(strict_gl::calls_without_context(), 0U);
    strict_gl::reset_calls_without_context();
  }
};
INSTANTIATE_TEST_SUITE_P(Answers, CapiLostContext,
                         testing::Values(LostWaitAnswer::zero, LostWaitAnswer::already_signaled),
                         [](const testing::TestParamInfo<LostWaitAnswer>& tested) {
                           return tested.param == LostWaitAnswer::zero ? "WaitsAnswerZero"
                                                                       : "WaitsAnswerAlreadySignaled";
                         });

TEST_P(CapiLostContext, EveryCallReportsItAndANewContextWorks) {
  constexpr PathCase kPath = {Edit::by_name, Model::coherent};
  for (const bool destroyed_first : {true, false}) {
    SCOPED_TRACE(destroyed_first ? "destroyed before the new context" : "destroyed beside it");
    const WorldOptions options = {.wait_answer = GetParam()};
    std::optional<World> lost(std::in_place, kPath, options);
    std::optional<CObjects> objects(std::in_place, *lost);
    objects->put_in_flight();
    lost->fake().lose_context();
    for (int turn = 0; turn < 2; ++turn) objects->expect_everything_lost();
    const auto end = [&] {
      objects.reset();
      lost.reset();
    };
    if (destroyed_first) end();
    World fresh(kPath, options);
    {
      CObjects successors(fresh);
      successors.expect_bytes_to_arrive();
      if (!destroyed_first) objects->expect_inert_handles();
    }
    if (!destroyed_first) end();
  }
}

}  // namespace
