// SPDX-License-Identifier: MIT
// Blocks of a pool for the frames, a queue of those in flight, and a list on which frames come back from any thread.
#include <pmb/frame_grabber.hpp>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/deadline.hpp"
#include "base/descriptor_write.hpp"
#include "gl/flip_shader.hpp"
#include "gl/flipped_framebuffer.hpp"
#include "gl/read_framebuffer.hpp"
#include "ring/ring_control.hpp"
#include "texture/mapped_texels.hpp"
#include "texture/texture_check.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb {
namespace detail {

/// Frames that the program has released, on any thread, until the context's thread collects them.
struct ReleasedFrames {
  struct One {
    std::uint64_t pool;
    Block block;
  };
  std::mutex mutex;
  std::condition_variable added;
  std::vector<One> frames;  ///< Has room for all, so that a release needs no memory.
};

namespace {

/// Blocks of one size. A larger frame gets a new pool; an older one goes when its frames are back.
struct FramePool {
  BlockPool blocks;
  std::uint64_t id = 0;
  std::uint64_t block_bytes = 0;
  std::uint32_t live = 0;  ///< In flight or held.
};

struct FrameInFlight {
  Block block;
  std::uint64_t pool = 0;
  Ticket arrival;
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

/// What is grabbed: the size, the bytes, and the commands that write them into a block.
struct FrameSource {
  std::uint32_t width;
  std::uint32_t height;
  Result<std::uint64_t> bytes;
  std::function<Result<void>(Block)> read;
};

}  // namespace

struct FrameGrabberState {
  FrameGrabberState(std::shared_ptr<ContextState> owner, const FrameGrabberOptions& given)
      : context(std::move(owner)), options(given), label(given.label) {
    options.label = label;
  }
  ~FrameGrabberState();
  FrameGrabberState(const FrameGrabberState&) = delete;
  FrameGrabberState& operator=(const FrameGrabberState&) = delete;

  Result<void> grab(const FrameSource& source, bool may_wait, std::source_location where);
  FrameSource source_of(const PixelRectangle& pixels, std::source_location where);
  FrameSource source_of(const TextureRegion& texels, std::source_location where);

  /// Makes released blocks free, and frees pools that are no longer needed.
  void collect();
  FramePool& pool_of(std::uint64_t id) noexcept {
    return *std::find_if(pools.begin(), pools.end(), [id](const FramePool& pool) { return pool.id == id; });
  }
  std::chrono::nanoseconds timeout() const noexcept {
    return options.timeout.value_or(context->options.timeout);
  }
  /// Runs `wait` and counts it.
  template <class Wait>
  auto count_wait(Wait&& wait) {
    const auto start = std::chrono::steady_clock::now();
    auto outcome = wait();
    ++counts.waits;
    counts.waited += std::chrono::steady_clock::now() - start;
    return outcome;
  }

  std::shared_ptr<ContextState> context;
  FrameGrabberOptions options;
  std::string label;
  std::vector<FramePool> pools;  ///< The last one serves.
  std::deque<FrameInFlight> in_flight;
  std::shared_ptr<ReleasedFrames> released = std::make_shared<ReleasedFrames>();
  FlipShader flip_shader{options.layout};
  FlippedFramebuffer flipped;
  FrameGrabberStats counts;
  std::uint64_t next_pool = 0;
  std::uint64_t next_number = 0;

 private:
  Result<void> make_room(std::uint64_t bytes, std::source_location where);
  Result<Block> acquire(bool may_wait, std::source_location where);
  Result<void> wait_for_release(std::source_location where);
  Result<void> read_flipped(const PixelRectangle& pixels, Block block, std::source_location where);
  Result<void> read_flipped(const TextureRegion& texels, Block block, std::source_location where);
};

void FrameGrabberState::collect() {
  std::vector<ReleasedFrames::One>& frames = released->frames;
  const std::lock_guard lock(released->mutex);
  for (const auto& [id, block] : frames) {
    FramePool& pool = pool_of(id);
    // On a lost context every block is stale.
    static_cast<void>(pool.blocks.release(block));
    --pool.live;
  }
  frames.clear();
  if (pools.size() > 1) {
    std::erase_if(pools, [&](const FramePool& pool) { return pool.live == 0 && &pool != &pools.back(); });
  }
}

Result<void> FrameGrabberState::make_room(std::uint64_t bytes, std::source_location where) {
  // The shader writes whole words.
  bytes = (bytes + 3) / 4 * 4;
  if (!pools.empty() && bytes <= pools.back().block_bytes) return {};
  // A window that is dragged larger must not allocate at each step.
  if (!pools.empty()) bytes = std::max(bytes, pools.back().block_bytes + pools.back().block_bytes / 2);
  auto blocks = make_block_pool(context,
                                {.block_bytes = bytes,
                                 .count = options.frames,
                                 .access = Access::read,
                                 .label = label,
                                 .timeout = options.timeout},
                                where);
  if (!blocks) return pass_on(blocks);
  if (!pools.empty() && pools.back().live == 0) pools.pop_back();
  pools.push_back({.blocks = std::move(*blocks), .id = next_pool++, .block_bytes = bytes});
  const std::lock_guard lock(released->mutex);
  released->frames.reserve(pools.size() * options.frames);
  return {};
}

Result<void> FrameGrabberState::wait_for_release(std::source_location where) {
  const Deadline deadline(timeout());
  const bool any = count_wait([&] {
    std::unique_lock lock(released->mutex);
    return released->added.wait_until(lock, deadline.at(), [&] { return !released->frames.empty(); });
  });
  if (any) return {};
  return fail(ErrorId::frames_not_released, where, {.numbers = {options.frames, deadline.timeout_ns()}});
}

Result<Block> FrameGrabberState::acquire(bool may_wait, std::source_location where) {
  for (;;) {
    BlockPool& blocks = pools.back().blocks;
    auto block = retry_after_fence(
        *context, where, [&] { return may_wait ? blocks.acquire(where) : blocks.try_acquire(where); });
    if (block || block.error().status != StatusCode::would_block) return block;
    const std::uint64_t serving = pools.back().id;
    const auto not_taken = std::count_if(in_flight.begin(), in_flight.end(),
                                         [&](const FrameInFlight& frame) { return frame.pool == serving; });
    if (not_taken == pools.back().live)
      return fail(ErrorId::frames_not_taken, where, {.numbers = {options.frames}});
    if (!may_wait) return block;
    if (auto given_back = wait_for_release(where); !given_back) return pass_on(given_back);
    collect();
  }
}

Result<void> FrameGrabberState::grab(const FrameSource& source, bool may_wait, std::source_location where) {
  if (auto current = context->check_current(where); !current) return current;
  if (!source.bytes) return pass_on(source.bytes);
  collect();
  if (auto room = make_room(*source.bytes, where); !room) return room;
  const auto block = acquire(may_wait, where);
  if (!block) {
    const bool drops =
        block.error().status == StatusCode::would_block || block.error().status == StatusCode::timed_out;
    if (drops) ++counts.dropped, ++next_number;
    return pass_on(block);
  }
  FramePool& pool = pools.back();
  Result<void> read = source.read(*block);
  Result<Ticket> arrival;
  if (read) arrival = context->timeline().mark(TimelineState::Kind::internal, where);
  if (!read || !arrival) {
    static_cast<void>(pool.blocks.release(*block));
    return read ? pass_on(arrival) : read;
  }
  ++pool.live;
  in_flight.push_back({.block = *block,
                       .pool = pool.id,
                       .arrival = *arrival,
                       .number = next_number++,
                       .bytes = *source.bytes,
                       .width = source.width,
                       .height = source.height});
  ++counts.grabbed;
  // The copy starts now and not with the next frame.
  return context->timeline().flush(where);
}

Result<void> FrameGrabberState::read_flipped(const PixelRectangle& pixels, Block block,
                                             std::source_location where) {
  const GlTable& gl = context->gl;
  if (InvertedRows::exists(gl)) {
    const InvertedRows inverted(gl);
    return read_into_block(*context, pixels, options.layout, block, where);
  }
  const auto texel = texel_format(options.layout.format, options.layout.type, Api::either);
  if (auto readable = context->unless_lost(
          check_readable(gl, options.layout.format, options.layout.type, texel->kind, where), where);
      !readable)
    return readable;
  const auto place = place_to_write(*context, block, where);
  if (!place) return pass_on(place);
  // On NVIDIA the blit takes as long as the bus (bench/results/2026-11-29-frames-h200.json).
  if (flip_shader.write(gl, pixels, place->buffer)) return {};
  const KeptReadFramebuffer kept(gl);
  if (auto taken = context->unless_lost(flipped.take(gl, pixels, texel->kind, where), where); !taken) {
    if (taken.error().id == ErrorId::no_room_to_flip) context->set_caller_errors_aside(GL_OUT_OF_MEMORY);
    return taken;
  }
  return read_into_block(*context, PixelRectangle{.width = pixels.width, .height = pixels.height},
                         options.layout, block, where);
}

Result<void> FrameGrabberState::read_flipped(const TextureRegion& texels, Block block,
                                             std::source_location where) {
  TextureBindings bindings(context->gl);
  const auto checked = check_region(*context, bindings, texels, options.layout, Transfer::read, where);
  if (!checked) return pass_on(checked);
  const TexelKind held = checked->internal_format == 0 ? checked->texels.shape.texel.kind
                                                       : kind_of_internal_format(checked->internal_format);
  TextureFramebuffer framebuffer(context->gl, held);
  if (held == TexelKind::compressed || !framebuffer.show(checked->target, texels, texels.y, texels.z)) {
    if (auto usable = context->check_lost(where); !usable) return usable;
    const Limits& limits = context->gl.limits;
    return fail(ErrorId::texture_unreadable, where,
                {.numbers = {static_cast<std::uint64_t>(limits.gl_major),
                             static_cast<std::uint64_t>(limits.gl_minor), options.layout.format}});
  }
  const bool in_row = texels.target == GL_TEXTURE_1D_ARRAY;
  return read_flipped(PixelRectangle{.x = static_cast<std::int32_t>(texels.x),
                                     .y = in_row ? 0 : static_cast<std::int32_t>(texels.y),
                                     .width = texels.width,
                                     .height = texels.height},
                      block, where);
}

FrameSource FrameGrabberState::source_of(const PixelRectangle& pixels, std::source_location where) {
  return {pixels.width, pixels.height,
          texel_bytes({.width = pixels.width, .height = pixels.height}, options.layout, where),
          [this, pixels, where](Block block) {
            return options.bottom_up ? read_into_block(*context, pixels, options.layout, block, where)
                                     : read_flipped(pixels, block, where);
          }};
}

FrameSource FrameGrabberState::source_of(const TextureRegion& texels, std::source_location where) {
  const std::uint32_t images = texels.target == GL_TEXTURE_1D_ARRAY ? texels.height : texels.depth;
  const auto bytes = images == 1 ? texel_bytes(texels, options.layout, where)
                                 : fail(ErrorId::not_one_image, where, {.numbers = {images}});
  return {texels.width, texels.height, bytes, [this, texels, where](Block block) {
            return options.bottom_up ? read_into_block(*context, texels, options.layout, block, where)
                                     : read_flipped(texels, block, where);
          }};
}

FrameGrabberState::~FrameGrabberState() {
  // Frames that never arrive count as released: their memory stays GL's until its commands are done.
  for (const FrameInFlight& frame : in_flight) {
    static_cast<void>(pool_of(frame.pool).blocks.release(frame.block));
  }
  collect();
  if (!context->is_current()) return;
  flip_shader.destroy(context->gl);
  flipped.destroy(context->gl);
}

void CloseFrameGrabber::operator()(FrameGrabberState* state) const noexcept {
  delete state;
}

}  // namespace detail

using detail::FrameGrabberState;

namespace {

template <class Place>
Result<void> grab_from(FrameGrabberState* state, const Place& place, bool may_wait,
                       std::source_location where) {
  if (!state) return fail(ErrorId::not_mapped, where);
  return guarded(where, [&] { return state->grab(state->source_of(place, where), may_wait, where); });
}

}  // namespace

Frame::Frame(Frame&& other) noexcept = default;

Frame& Frame::operator=(Frame&& other) noexcept {
  if (this != &other) {
    release();
    // The moved-from frame has no list to go to.
    released_ = std::move(other.released_);
    view_ = std::move(other.view_);
    block_ = other.block_;
    pool_ = other.pool_;
    number_ = other.number_;
    size_ = other.size_;
    written_ = other.written_;
    width_ = other.width_;
    height_ = other.height_;
  }
  return *this;
}

std::span<const std::byte> Frame::bytes(std::source_location where) const noexcept {
  if (!released_ || !block_.is_live()) return {};
  const std::span<const std::byte> whole = view_.bytes(where);
  return whole.first(std::min(size_, whole.size()));
}

Result<void> Frame::write_to(int descriptor, std::chrono::nanoseconds timeout, std::source_location where) {
  const std::span<const std::byte> all = bytes(where);
  if (all.empty()) return fail(ErrorId::stale_slice, where);
  auto outcome = detail::write_descriptor(descriptor, all, written_, timeout, where);
  if (outcome) written_ = 0;
  return outcome;
}

void Frame::release() noexcept {
  if (!released_) return;
  {
    const std::lock_guard lock(released_->mutex);
    released_->frames.push_back({pool_, block_});
  }
  released_->added.notify_one();
  released_.reset();
}

Result<FrameGrabber> FrameGrabber::create(Context& context, const FrameGrabberOptions& options,
                                          std::source_location where) {
  if (options.frames == 0) return fail(ErrorId::zero_size, where);
  if (auto legal = texel_bytes({.width = 1}, options.layout, where); !legal) return pass_on(legal);
  return guarded(where, [&]() -> Result<FrameGrabber> {
    auto state = detail::ContextState::share(context);
    if (auto current = state->check_current(where); !current) return pass_on(current);
    return FrameGrabber(new FrameGrabberState(std::move(state), options));
  });
}

Result<void> FrameGrabber::grab(const PixelRectangle& pixels, std::source_location where) {
  return grab_from(state_.get(), pixels, true, where);
}
Result<void> FrameGrabber::grab_texture(const TextureRegion& texels, std::source_location where) {
  return grab_from(state_.get(), texels, true, where);
}
Result<void> FrameGrabber::try_grab(const PixelRectangle& pixels, std::source_location where) {
  return grab_from(state_.get(), pixels, false, where);
}
Result<void> FrameGrabber::try_grab_texture(const TextureRegion& texels, std::source_location where) {
  return grab_from(state_.get(), texels, false, where);
}

Result<Frame> FrameGrabber::next(std::uint32_t latency, std::source_location where) {
  if (!state_) return fail(ErrorId::not_mapped, where);
  FrameGrabberState& state = *state_;
  if (auto usable = state.context->check_thread(where); !usable) return pass_on(usable);
  state.collect();
  if (state.in_flight.empty()) return fail(ErrorId::no_frame, where);
  const detail::FrameInFlight oldest = state.in_flight.front();
  BlockPool& blocks = state.pool_of(oldest.pool).blocks;
  auto view = blocks.try_view(oldest.block, oldest.arrival, where);
  const bool waits =
      !view && view.error().status == StatusCode::would_block && state.in_flight.size() > latency;
  if (waits) {
    view = state.count_wait(
        [&] { return blocks.wait_view(oldest.block, oldest.arrival, state.timeout(), where); });
  }
  if (!view) return pass_on(view);
  state.in_flight.pop_front();
  Frame frame;
  frame.released_ = state.released;
  frame.view_ = *view;
  frame.block_ = oldest.block;
  frame.pool_ = oldest.pool;
  frame.number_ = oldest.number;
  frame.size_ = static_cast<std::size_t>(oldest.bytes);
  frame.width_ = oldest.width;
  frame.height_ = oldest.height;
  return frame;
}

FrameGrabberStats FrameGrabber::stats() const noexcept {
  if (!state_) return {};
  FrameGrabberStats stats = state_->counts;
  std::uint32_t live = 0;
  for (const auto& pool : state_->pools) live += pool.live;
  const std::lock_guard lock(state_->released->mutex);
  stats.in_flight = static_cast<std::uint32_t>(state_->in_flight.size());
  stats.held = live - stats.in_flight - static_cast<std::uint32_t>(state_->released->frames.size());
  return stats;
}

}  // namespace pmb
