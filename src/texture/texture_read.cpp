// SPDX-License-Identifier: MIT
// read_pixels() and read_texture(): at once, through the shared pack ring or into system memory directly; or later, through
// a ring of the program.
#include <array>
#include <functional>
#include <memory>
#include <pmb/texture.hpp>

#include "context/mapping.hpp"
#include "gl/read_framebuffer.hpp"
#include "ring/ring_control.hpp"
#include "texture/mapped_texels.hpp"
#include "texture/texture_check.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb {
namespace detail {
namespace {

/// Texels that GL can read into a pixel buffer or into memory of the process, and the command that reads them.
struct TexelSource {
  Texels texels;
  bool is_whole = false;  ///< A command reads no less than the limit of `texels`.
  /// Reads a box to `at`: an offset into the bound pixel buffer, or an address if none is bound.
  std::function<void(const TextureRegion& box, std::uint64_t at, std::uint64_t image_stride)> read;
};

void read_framebuffer(const GladGLContext& gl, const TextureRegion& box, const TexelLayout& layout,
                      std::uint64_t at) noexcept {
  gl.ReadPixels(static_cast<GLint>(box.x), static_cast<GLint>(box.y), static_cast<GLsizei>(box.width),
                static_cast<GLsizei>(box.height), layout.format, layout.type,
                reinterpret_cast<void*>(static_cast<std::uintptr_t>(at)));
}

/// True if one command can read all that the limit allows.
bool is_one_command(const Texels& texels) noexcept {
  Band most;
  texels.shape.next(most, texels.limit);
  const BandLimit arranged = arrange(texels.shape, texels.has_images).limit;
  return arranged.images >= most.images && arranged.rows >= most.rows;
}

/// The current read framebuffer. Statuses: invalid_argument, refused, zero_size, wrong_context, context_lost.
Result<TexelSource> source_of_pixels(ContextState& context, const PixelRectangle& rectangle,
                                     const TexelLayout& layout, std::source_location where) {
  if (auto current = context.check_current(where); !current) return pass_on(current);
  const GlTable& gl = context.gl;
  auto shape = shape_of(rectangle.width, rectangle.height, 1, layout,
                        gl.limits.gles ? Api::gles : Api::desktop, where);
  if (!shape) return pass_on(shape);
  // The edge of the rectangle is an int for GL.
  constexpr std::uint32_t kMost = INT32_MAX;
  for (const std::uint32_t size : {rectangle.width, rectangle.height}) {
    if (size > kMost) return fail(ErrorId::region_outside, where, {.numbers = {size, 0, kMost}});
  }
  const auto readable =
      context.unless_lost(check_readable(gl, layout.format, layout.type, shape->texel.kind, where), where);
  if (!readable) return pass_on(readable);
  const TextureRegion region = {.x = static_cast<std::uint32_t>(rectangle.x),
                                .y = static_cast<std::uint32_t>(rectangle.y),
                                .width = rectangle.width,
                                .height = rectangle.height};
  return TexelSource{{.region = region, .shape = *shape},
                     false,
                     [&gl, layout](const TextureRegion& box, std::uint64_t at, std::uint64_t) {
                       read_framebuffer(gl, box, layout, at);
                     }};
}

/// A texture: in parts, in whole levels, or through a framebuffer, whichever this context can do first. `bindings` outlives
/// it. Statuses: those of check_region, and unsupported.
Result<TexelSource> source_of_texture(ContextState& context, TextureBindings& bindings,
                                      const TextureRegion& region, const TexelLayout& layout,
                                      std::source_location where) {
  auto checked = check_region(context, bindings, region, layout, Transfer::read, where);
  if (!checked) return pass_on(checked);
  const GlTable& gl = context.gl;
  const TextureTarget& target = checked->target;
  Texels texels = checked->texels;
  if (has_get_sub_image(gl)) {
    return TexelSource{
        texels, false,
        [calls = checked->calls, layout](const TextureRegion& box, std::uint64_t at, std::uint64_t) {
          calls.read_part(box, layout.format, layout.type, at);
        }};
  }
  if (!gl.limits.gles && checked->whole_level) {
    // NVIDIA (580.159) counts the faces of a cube map as images, though a command reads one face.
    if (target.target == GL_TEXTURE_CUBE_MAP) texels.limit.images = 1;
    if (is_one_command(texels)) {
      return TexelSource{texels, true,
                         [calls = checked->calls, layout](const TextureRegion& box, std::uint64_t at,
                                                          std::uint64_t image_stride) {
                           calls.read_level(box, layout.format, layout.type, at, image_stride);
                         }};
    }
  }
  const TexelKind kind = texels.shape.texel.kind;
  const TexelKind held =
      checked->internal_format == 0 ? kind : kind_of_internal_format(checked->internal_format);
  if (held != TexelKind::compressed && kind != TexelKind::compressed) {
    auto framebuffer = std::make_shared<TextureFramebuffer>(gl, held);
    if (framebuffer->show(target, region, region.y, region.z)) {
      const auto readable =
          context.unless_lost(check_readable(gl, layout.format, layout.type, kind, where), where);
      if (!readable) return pass_on(readable);
      const bool rows_are_layers = target.target == GL_TEXTURE_1D_ARRAY;
      texels.limit = {1, rows_are_layers ? 1 : UINT64_MAX};
      texels.has_images = false;
      return TexelSource{texels, false,
                         [=, &gl, &target](TextureRegion box, std::uint64_t at, std::uint64_t) {
                           framebuffer->show(target, box, box.y, box.z);
                           if (rows_are_layers) box.y = 0;
                           read_framebuffer(gl, box, layout, at);
                         }};
    }
  }
  if (auto usable = context.check_lost(where); !usable) return pass_on(usable);
  return fail(ErrorId::texture_unreadable, where,
              {.numbers = {static_cast<std::uint64_t>(gl.limits.gl_major),
                           static_cast<std::uint64_t>(gl.limits.gl_minor), layout.format}});
}

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
    RingControl::note_writer_issued(pending);
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
    const auto pending = request_and_fence(state_, where_, [&] {
      auto acquired = ring_.acquire(texels.shape.end, 0, where_);
      if (acquired) packing_.issue(source_, texels, *acquired);
      return acquired;
    });
    if (!pending) return pass_on(pending);
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
  if (auto passed = state.timeline().wait_for_all(where); !passed) return passed;
  Packing(state).issue(source, source.texels, 0, address_of(target.data()));
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
  const Mapping* mapping = Mapping::of(ring.mapped_buffer());
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

Result<void> read_source(const ContextState& state, const Result<TexelSource>& source, Block block,
                         std::source_location where) {
  if (!source) return pass_on(source);
  const auto place = place_to_write(state, block, where);
  if (!place) return pass_on(place);
  if (auto inside = check_bytes(source->texels.shape, block.size_bytes(), where); !inside) return inside;
  if (auto aligned = check_alignment(source->texels.shape, place->offset, where); !aligned) return aligned;
  Packing(state).issue(*source, source->texels, place->buffer, place->offset);
  return {};
}

}  // namespace

Result<void> read_into_block(ContextState& context, const PixelRectangle& rectangle,
                             const TexelLayout& layout, Block block, std::source_location where) {
  return read_source(context, source_of_pixels(context, rectangle, layout, where), block, where);
}

Result<void> read_into_block(ContextState& context, const TextureRegion& region, const TexelLayout& layout,
                             Block block, std::source_location where) {
  TextureBindings bindings(context.gl);
  return read_source(context, source_of_texture(context, bindings, region, layout, where), block, where);
}

}  // namespace detail

using detail::ContextState;
using detail::TextureBindings;

Result<void> read_pixels(Context& context, const PixelRectangle& rectangle, const TexelLayout& layout,
                         detail::TargetBytes target, std::source_location where) {
  return guarded(where, [&] {
    return detail::read_now(context,
                            detail::source_of_pixels(ContextState::of(context), rectangle, layout, where),
                            target, where);
  });
}

Result<PendingReadback> read_pixels(Context& context, const PixelRectangle& rectangle,
                                    const TexelLayout& layout, ReadbackRing& ring,
                                    std::source_location where) {
  return guarded(where, [&] {
    return detail::read_later(
        context, detail::source_of_pixels(ContextState::of(context), rectangle, layout, where), ring, where);
  });
}

Result<void> read_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                          detail::TargetBytes target, std::source_location where) {
  ContextState& state = ContextState::of(context);
  TextureBindings bindings(state.gl);
  return guarded(where, [&] {
    return detail::read_now(context, detail::source_of_texture(state, bindings, region, layout, where),
                            target, where);
  });
}

Result<PendingReadback> read_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                                     ReadbackRing& ring, std::source_location where) {
  ContextState& state = ContextState::of(context);
  TextureBindings bindings(state.gl);
  return guarded(where, [&] {
    return detail::read_later(context, detail::source_of_texture(state, bindings, region, layout, where),
                              ring, where);
  });
}

Result<void> read_pixels(Context& context, const PixelRectangle& rectangle, const TexelLayout& layout,
                         Block block, std::source_location where) {
  return guarded(where, [&] {
    return detail::read_into_block(ContextState::of(context), rectangle, layout, block, where);
  });
}

Result<void> read_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                          Block block, std::source_location where) {
  return guarded(where, [&] {
    return detail::read_into_block(ContextState::of(context), region, layout, block, where);
  });
}

}  // namespace pmb
