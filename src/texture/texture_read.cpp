// SPDX-License-Identifier: MIT
// read_pixels() and read_texture(): at once, through the shared pack ring or into system memory directly; or later, through
// a ring of the program.
#include <array>
#include <pmb/context.hpp>
#include <pmb/copy.hpp>
#include <pmb/texture.hpp>

#include "context/copy_options.hpp"
#include "context/mapping.hpp"
#include "ring/ring_control.hpp"
#include "texture/texel_commands.hpp"
#include "texture/texel_source.hpp"
#include "texture/texture_check.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb {

using detail::Band;
using detail::BandLimit;
using detail::ContextState;
using detail::ImageShape;
using detail::PixelState;
using detail::Texels;
using detail::TexelSource;
using detail::TextureBindings;
using detail::TransferRings;

namespace {

/// Issues commands that read texels, with the pixel-store state that they need.
class Packing {
 public:
  explicit Packing(const ContextState& state) noexcept : pixels_(state.gl, PixelState::Direction::pack) {
    // The commands read images and framebuffers that shaders stored to, and overwrite memory that shaders stored to
    // (OpenGL 4.6 core, section 7.13.2).
    if (state.gl.limits.memory_barrier) {
      state.gl.MemoryBarrier(GL_TEXTURE_UPDATE_BARRIER_BIT | GL_FRAMEBUFFER_BARRIER_BIT |
                             GL_PIXEL_BUFFER_BARRIER_BIT);
    }
  }

  /// Reads `texels` of the source to `base` in a pixel buffer, or to the address `base` if `buffer` is 0.
  void issue(const TexelSource& source, const Texels& texels, GLuint buffer, std::uint64_t base) {
    for_each_command(pixels_, texels, buffer, base,
                     [&](const TextureRegion& box, std::uint64_t at, std::uint64_t) {
                       source.read(box, at, texels.shape.image_stride);
                     });
  }
  void issue(const TexelSource& source, const Texels& texels, const PendingReadback& pending) {
    issue(source, texels, pending.buffer(), pending.offset_bytes());
    detail::RingControl::note_writer_issued(pending);
  }

 private:
  PixelState pixels_;
};

/// Reads band by band through a ring. Two bands are in flight: the GPU fills one while the CPU copies the other.
class Reading {
 public:
  Reading(ContextState& state, ReadbackRing& ring, const TexelSource& source, std::span<std::byte> target,
          std::source_location where) noexcept
      : state_(state), ring_(ring), source_(source), target_(target), where_(where), packing_(state) {}

  Result<void> read(const BandLimit& limit) {
    Result<void> outcome;
    for (Band band; outcome && source_.texels.shape.next(band, limit);) {
      outcome = finish_older();
      if (outcome) outcome = start(band);
    }
    for (int i = 0; i < 2; ++i) {
      auto finished = finish_older();
      if (outcome) outcome = finished;
    }
    return outcome;
  }

 private:
  struct Piece {
    PendingReadback pending;
    ImageShape packed;
    ImageShape place;
  };

  /// Requests a band, in the place of the piece that was just finished.
  Result<void> start(const Band& band) {
    const Texels texels = source_.texels.packed(band);
    auto pending =
        retry_after_fence(state_, where_, [&] { return ring_.acquire(texels.shape.end, 0, where_); });
    if (!pending) return pass_on(pending);
    packing_.issue(source_, texels, *pending);
    if (auto fenced = fence_behind(state_, *pending, where_); !fenced) return fenced;
    pieces_[older_ ^ 1] = {*pending, texels.shape, source_.texels.shape.part(band)};
    return {};
  }

  /// Copies the older piece to its place and releases its memory.
  Result<void> finish_older() {
    Piece& piece = pieces_[older_];
    older_ ^= 1;
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

  ContextState& state_;
  ReadbackRing& ring_;
  const TexelSource& source_;
  std::span<std::byte> target_;
  std::source_location where_;
  Packing packing_;
  std::array<Piece, 2> pieces_ = {};
  std::size_t older_ = 0;
};

/// Reads by one raw GL call, which waits and copies.
Result<void> read_directly(ContextState& state, const TexelSource& source, std::span<std::byte> target,
                           std::source_location where) {
  // The wait of that call has no bound, so a bounded one precedes it.
  auto issued = state.timeline().mark(detail::TimelineState::Kind::internal, where);
  if (!issued) return pass_on(issued);
  if (auto passed = issued->wait(state.options.timeout, where); !passed) return passed;
  Packing(state).issue(source, source.texels, 0, detail::address_of(target.data()));
  // On a lost context the call does nothing and reports no error.
  return state.check_lost(where);
}

Result<void> read_now(Context& context, const Result<TexelSource>& source, std::span<std::byte> target,
                      std::source_location where) {
  if (!source) return pass_on(source);
  ContextState& state = ContextState::of(context);
  const ImageShape& shape = source->texels.shape;
  if (auto inside = check_bytes(shape, target.size(), where); !inside) return inside;
  if (uses_client_memory(state, source->texels, target.data()))
    return read_directly(state, *source, target, where);
  const auto shared = shared_ring(context, &TransferRings::pack, "pmb pack", where);
  if (!shared) return pass_on(shared);
  const BandLimit limit = source->is_whole ? source->texels.limit : shape.limit_of(TransferRings::kPiece);
  Band first;
  shape.next(first, limit);
  const std::uint64_t bytes = shape.packed(first).end;
  if (!source->is_whole || bytes <= TransferRings::kPiece)
    return Reading(state, **shared, *source, target, where).read(limit);
  // A level that cannot be cut and is too large for the shared ring gets a ring for the time of the call.
  auto large =
      ReadbackRing::create(context, {.capacity_bytes = bytes, .label = "pmb pack, whole level"}, where);
  if (!large) return pass_on(large);
  return Reading(state, *large, *source, target, where).read(limit);
}

Result<PendingReadback> read_later(Context& context, const Result<TexelSource>& source, ReadbackRing& ring,
                                   std::source_location where) {
  if (!source) return pass_on(source);
  const detail::Mapping* mapping = detail::Mapping::of(ring.mapped_buffer());
  if (!mapping) return fail(ErrorId::not_mapped, where);
  if (mapping->context != ContextState::share(context)) return fail(ErrorId::other_context_current, where);
  const auto pending = ring.acquire(source->texels.shape.end, 0, where);
  if (!pending) return pending;
  if (auto aligned = check_alignment(source->texels.shape, pending->offset_bytes(), where); !aligned) {
    static_cast<void>(pending->release(where));
    return pass_on(aligned);
  }
  Packing(ContextState::of(context)).issue(*source, source->texels, *pending);
  return pending;
}

}  // namespace

Result<void> read_pixels(Context& context, const PixelRectangle& rectangle, const TexelLayout& layout,
                         detail::TargetBytes target, std::source_location where) {
  return guarded(where, [&] {
    return read_now(context, source_of_pixels(ContextState::of(context), rectangle, layout, where), target,
                    where);
  });
}

Result<PendingReadback> read_pixels(Context& context, const PixelRectangle& rectangle,
                                    const TexelLayout& layout, ReadbackRing& ring,
                                    std::source_location where) {
  return guarded(where, [&] {
    return read_later(context, source_of_pixels(ContextState::of(context), rectangle, layout, where), ring,
                      where);
  });
}

Result<void> read_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                          detail::TargetBytes target, std::source_location where) {
  ContextState& state = ContextState::of(context);
  TextureBindings bindings(state.gl);
  return guarded(where, [&] {
    return read_now(context, source_of_texture(state, bindings, region, layout, where), target, where);
  });
}

Result<PendingReadback> read_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                                     ReadbackRing& ring, std::source_location where) {
  ContextState& state = ContextState::of(context);
  TextureBindings bindings(state.gl);
  return guarded(where, [&] {
    return read_later(context, source_of_texture(state, bindings, region, layout, where), ring, where);
  });
}

}  // namespace pmb
