// SPDX-License-Identifier: MIT
// read_pixels() and read_texture(): at once through the kept pack ring or into the caller's memory itself, or later through
// a ring of the caller's.
#include <array>
#include <pmb/context.hpp>
#include <pmb/copy.hpp>
#include <pmb/texture.hpp>

#include "context/copy_options.hpp"
#include "context/mapping.hpp"
#include "gl/pixel_state.hpp"
#include "ring/ring_access.hpp"
#include "texture/client_texels.hpp"
#include "texture/texel_source.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb {

using detail::Band;
using detail::BandLimit;
using detail::ContextState;
using detail::ImageShape;
using detail::PixelState;
using detail::TexelSource;
using detail::TextureBindings;
using detail::TransferRings;

namespace {

/// Commands that write a pack buffer or the process's memory, with the state they need while this lives.
class Packing {
 public:
  explicit Packing(const ContextState& state) noexcept : pixels_(state.gl, PixelState::Direction::pack) {
    // What shaders stored into images and framebuffers is read, and what they stored into this memory before is
    // overwritten (OpenGL 4.6 core, section 7.13.2).
    if (state.gl.limits.memory_barrier) {
      state.gl.MemoryBarrier(GL_TEXTURE_UPDATE_BARRIER_BIT | GL_FRAMEBUFFER_BARRIER_BIT |
                             GL_PIXEL_BUFFER_BARRIER_BIT);
    }
  }

  /// Reads a region of the source to where `shape` has it in the memory of `pending`.
  void issue(TexelSource& source, const TextureRegion& region, const ImageShape& shape,
             const PendingReadback& pending) noexcept {
    issue(source, region, shape, pending.buffer(), pending.offset_bytes());
    detail::note_writer_issued(pending);
  }
  /// The same in memory that starts at `base`: an offset into a pixel buffer, or, of buffer 0, an address.
  void issue(TexelSource& source, const TextureRegion& region, const ImageShape& shape, GLuint buffer,
             std::uint64_t base) noexcept {
    pixels_.use_buffer(buffer);
    const detail::Arranged arranged = arrange(shape, source.has_images());
    pixels_.use(arranged.arrangement);
    const BandLimit most = source.limit(shape);
    const BandLimit limit = {std::min(most.images, arranged.limit.images),
                             std::min(most.rows, arranged.limit.rows)};
    static_cast<void>(for_each_band(shape, limit, [&](const Band& band) -> Result<void> {
      const ImageShape part = shape.part(band);
      source.read(part_of(region, shape, band), base + part.offset, shape.image_stride);
      return {};
    }));
  }

 private:
  PixelState pixels_;
};

/// A band under way.
struct Piece {
  PendingReadback pending;
  ImageShape packed;
  ImageShape place;
};

/// Two bands are under way: while the CPU copies one out, the GPU fills the other.
class Reading {
 public:
  Reading(ContextState& state, ReadbackRing& ring, TexelSource& source, std::span<std::byte> target,
          std::source_location where) noexcept
      : state_(state), ring_(ring), source_(source), target_(target), where_(where), packing_(state) {}

  Result<void> read(const BandLimit& limit) {
    Result<void> outcome = for_each_band(source_.shape, limit, [&](const Band& band) { return start(band); });
    for (int i = 0; i < 2; ++i) {
      auto finished = finish();
      if (outcome) outcome = finished;
    }
    return outcome;
  }

 private:
  Result<void> start(const Band& band) {
    if (auto finished = finish(); !finished) return finished;
    const ImageShape packed = source_.shape.packed(band);
    auto pending = retry_after_fence(state_, where_, [&] { return ring_.acquire(packed.end, 0, where_); });
    if (!pending) return pass_on(pending);
    packing_.issue(source_, part_of(source_.region, source_.shape, band), packed, *pending);
    if (auto fenced = fence_behind(state_, *pending, where_); !fenced) return fenced;
    newest() = {*pending, packed, source_.shape.part(band)};
    return {};
  }

  /// Copies the older piece out and gives its memory back.
  Result<void> finish() {
    Piece& piece = pieces_[oldest_];
    oldest_ ^= 1;
    if (!piece.pending.is_live()) return {};
    auto view = piece.pending.wait(state_.options.timeout, where_);
    if (view && piece.place.is_packed()) {
      copy_from_mapped(target_.subspan(piece.place.offset), view->bytes(),
                       copy_options(state_, state_.plans.transfers.down, view->bytes().size()));
    } else if (view) {
      copy_rows(piece.packed, view->bytes().data(), piece.place, target_.data());
    }
    static_cast<void>(piece.pending.release(where_));
    piece = {};
    if (!view) return pass_on(view);
    return {};
  }

  /// The place that finish() has just emptied.
  Piece& newest() noexcept { return pieces_[oldest_ ^ 1]; }

  ContextState& state_;
  ReadbackRing& ring_;
  TexelSource& source_;
  std::span<std::byte> target_;
  std::source_location where_;
  Packing packing_;
  std::array<Piece, 2> pieces_ = {};
  std::size_t oldest_ = 0;
};

/// By one of GL's own calls, which waits and copies.
Result<void> read_directly(ContextState& state, TexelSource& source, std::span<std::byte> target,
                           std::source_location where) {
  // Its wait has no bound, so that a bounded one comes before it.
  auto issued = state.timeline().mark(detail::TimelineState::Kind::internal, where);
  if (!issued) return pass_on(issued);
  if (auto passed = issued->wait(state.options.timeout, where); !passed) return passed;
  Packing(state).issue(source, source.region, source.shape, 0, detail::address_of(target.data()));
  // On a lost context it does nothing and says nothing.
  return state.check_lost(where);
}

Result<void> read_now(Context& context, TexelSource& source, std::span<std::byte> target,
                      std::source_location where) {
  ContextState& state = ContextState::of(context);
  if (auto inside = check_bytes(source.shape, target.size(), where); !inside) return inside;
  if (detail::prefers_client_memory(state) &&
      detail::suits_client_memory(source.shape, source.has_images(), target.data())) {
    return read_directly(state, source, target, where);
  }
  const auto kept = shared_ring(context, &TransferRings::pack, "pmb pack", where);
  if (!kept) return pass_on(kept);
  if (!source.is_whole()) {
    const BandLimit limit = BandLimit::of_bytes(source.shape, TransferRings::kPiece);
    return Reading(state, **kept, source, target, where).read(limit);
  }
  const BandLimit limit = source.limit(source.shape);
  const std::uint64_t bytes = limit.images * limit.rows * source.shape.row_bytes;
  if (bytes <= TransferRings::kPiece) return Reading(state, **kept, source, target, where).read(limit);
  // What cannot be cut and is too large for the kept ring gets one for the time of the call.
  auto large =
      ReadbackRing::create(context, {.capacity_bytes = bytes, .label = "pmb pack, whole level"}, where);
  if (!large) return pass_on(large);
  return Reading(state, *large, source, target, where).read(limit);
}

Result<PendingReadback> read_later(Context& context, TexelSource& source, ReadbackRing& ring,
                                   std::source_location where) {
  const detail::Mapping* mapping = detail::Mapping::of(ring.mapped_buffer());
  if (!mapping) return fail(ErrorId::not_mapped, where);
  if (mapping->context != ContextState::share(context)) return fail(ErrorId::other_context_current, where);
  const auto pending = ring.acquire(source.shape.end, 0, where);
  if (!pending) return pending;
  if (auto aligned = check_alignment(source.shape, pending->offset_bytes(), where); !aligned) {
    static_cast<void>(pending->release(where));
    return pass_on(aligned);
  }
  Packing(ContextState::of(context)).issue(source, source.region, source.shape, *pending);
  return pending;
}

}  // namespace

Result<void> read_pixels(Context& context, const PixelRectangle& rectangle, const TexelLayout& layout,
                         std::span<std::byte> target, std::source_location where) {
  return guarded(where, [&]() -> Result<void> {
    auto source = source_of_pixels(ContextState::of(context), rectangle, layout, where);
    if (!source) return pass_on(source);
    return read_now(context, **source, target, where);
  });
}

Result<PendingReadback> read_pixels(Context& context, const PixelRectangle& rectangle,
                                    const TexelLayout& layout, ReadbackRing& ring,
                                    std::source_location where) {
  return guarded(where, [&]() -> Result<PendingReadback> {
    auto source = source_of_pixels(ContextState::of(context), rectangle, layout, where);
    if (!source) return pass_on(source);
    return read_later(context, **source, ring, where);
  });
}

Result<void> read_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                          std::span<std::byte> target, std::source_location where) {
  return guarded(where, [&]() -> Result<void> {
    TextureBindings bindings(ContextState::of(context).gl);
    auto source = source_of_texture(ContextState::of(context), bindings, region, layout, where);
    if (!source) return pass_on(source);
    return read_now(context, **source, target, where);
  });
}

Result<PendingReadback> read_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                                     ReadbackRing& ring, std::source_location where) {
  return guarded(where, [&]() -> Result<PendingReadback> {
    TextureBindings bindings(ContextState::of(context).gl);
    auto source = source_of_texture(ContextState::of(context), bindings, region, layout, where);
    if (!source) return pass_on(source);
    return read_later(context, **source, ring, where);
  });
}

}  // namespace pmb
