// SPDX-License-Identifier: MIT
// upload_texture() and upload_textures(): through the shared unpack ring, from system memory directly, or from a slice of
// the program.
#include <pmb/texture.hpp>
#include <vector>

#include "ring/ring_control.hpp"
#include "texture/mapped_texels.hpp"
#include "texture/texture_check.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb {
namespace detail {
namespace {

/// Issues the commands that write texels from `base` in a pixel buffer, or from the address `base` if `buffer` is 0.
void write_texels(const TextureCalls& calls, PixelState& pixels, const Texels& texels,
                  const TexelLayout& layout, GLuint buffer, std::uint64_t base) {
  const std::uint64_t image_stride = texels.shape.image_stride;
  for_each_command(pixels, texels, buffer, base,
                   [&](const TextureRegion& box, std::uint64_t at, std::uint64_t bytes) {
                     calls.write(box, layout.format, layout.type, at, bytes, image_stride);
                   });
}

/// Writes images from system memory. Their last fence is made by finish().
class Unpacking {
 public:
  Unpacking(Context& context, std::source_location where) noexcept
      : context_(context),
        state_(ContextState::of(context)),
        pixels_(state_.gl, PixelState::Direction::unpack),
        where_(where) {}

  Result<void> write(const TextureUpload& upload, const CheckedRegion& checked) {
    if (uses_client_memory(state_, checked.texels, upload.bytes.data())) {
      write_texels(checked.calls, pixels_, checked.texels, upload.layout, 0, address_of(upload.bytes.data()));
      needed_ = state_.timeline().issued + 1;
      return {};
    }
    const auto ring = shared_ring(context_, &TransferRings::unpack, "pmb unpack", where_);
    if (!ring) return pass_on(ring);
    const ImageShape& shape = checked.texels.shape;
    const BandLimit limit = shape.limit_of(TransferRings::kPiece);
    bool flush = false;
    for (Band band; shape.next(band, limit); flush = true) {
      // The GPU takes a band while the CPU copies the next one.
      if (flush) state_.gl.Flush();
      const Texels packed = checked.texels.packed(band);
      if (auto written = write_band(**ring, upload, checked.calls, packed, shape.part(band)); !written)
        return written;
    }
    return {};
  }

  /// Makes a fence after the last command unless there is one. Returns its ticket.
  Result<Ticket> finish() {
    TimelineState& timeline = state_.timeline();
    if (timeline.issued < needed_) return timeline.mark(TimelineState::Kind::internal, where_);
    return TimelineControl::ticket(timeline.control, timeline.issued);
  }

 private:
  Result<void> write_band(UploadRing& ring, const TextureUpload& upload, const TextureCalls& calls,
                          const Texels& packed, const ImageShape& part) {
    const std::uint64_t bytes = packed.shape.end;
    const auto slice = retry_after_fence(state_, where_, [&] { return ring.acquire(bytes, 0, where_); });
    if (!slice) return pass_on(slice);
    if (part.is_packed()) {
      copy_to_mapped(slice->raw_bytes(), upload.bytes.subspan(part.offset, bytes),
                     copy_options(state_, state_.plans.transfers.up, bytes));
    } else {
      copy_rows(part, upload.bytes.data(), packed.shape, slice->raw_bytes().data());
    }
    if (auto published = ring.publish(*slice, bytes, where_); !published) return published;
    write_texels(calls, pixels_, packed, upload.layout, slice->buffer(), slice->offset_bytes());
    needed_ = state_.timeline().issued + 1;
    return retire_after_next_fence(state_, ring, fences_, *slice, where_);
  }

  Context& context_;
  ContextState& state_;
  PixelState pixels_;
  std::source_location where_;
  NextFence fences_;
  std::uint64_t needed_ = 0;  ///< The serial of the fence that the last command needs.
};

/// Texels are ordered after earlier image stores of shaders (OpenGL 4.6 core, section 7.13.2).
void barrier_before_writes(const ContextState& state, GLbitfield more) noexcept {
  if (state.gl.limits.memory_barrier) state.gl.MemoryBarrier(GL_TEXTURE_UPDATE_BARRIER_BIT | more);
}

/// Writes texels from a slice or block, whose place `place_of` checks.
template <class Memory>
Result<void> write_from(ContextState& state, const TextureRegion& region, const TexelLayout& layout,
                        const Memory& memory,
                        Result<BufferPlace> (*place_of)(const ContextState&, const Memory&,
                                                        std::source_location) noexcept,
                        std::source_location where) {
  TextureBindings bindings(state.gl);
  const auto checked = check_region(state, bindings, region, layout, Transfer::write, where);
  if (!checked) return pass_on(checked);
  const auto place = place_of(state, memory, where);
  if (!place) return pass_on(place);
  const ImageShape& shape = checked->texels.shape;
  if (auto inside = check_bytes(shape, memory.size_bytes(), where); !inside) return inside;
  if (auto aligned = check_alignment(shape, place->offset, where); !aligned) return aligned;

  barrier_before_writes(state, GL_PIXEL_BUFFER_BARRIER_BIT);
  PixelState pixels(state.gl, PixelState::Direction::unpack);
  write_texels(checked->calls, pixels, checked->texels, layout, place->buffer, place->offset);
  return {};
}

}  // namespace

Result<void> write_from_slice(ContextState& context, const TextureRegion& region, const TexelLayout& layout,
                              Slice slice, std::source_location where) {
  return write_from(context, region, layout, slice, RingControl::place_of_published, where);
}

Result<void> write_from_block(ContextState& context, const TextureRegion& region, const TexelLayout& layout,
                              Block block, std::source_location where) {
  return write_from<Block>(context, region, layout, block, place_of_published, where);
}

}  // namespace detail

using detail::CheckedRegion;
using detail::ContextState;
using detail::TextureBindings;

Result<Ticket> upload_textures(Context& context, std::span<const TextureUpload> uploads,
                               std::source_location where) {
  return guarded(where, [&]() -> Result<Ticket> {
    ContextState& state = ContextState::of(context);
    if (auto current = state.check_current(where); !current) return pass_on(current);
    if (uploads.empty()) return fail(ErrorId::zero_size, where);
    TextureBindings bindings(state.gl);
    std::vector<CheckedRegion> checked;
    checked.reserve(uploads.size());
    for (const TextureUpload& upload : uploads) {
      auto region =
          check_region(state, bindings, upload.region, upload.layout, detail::Transfer::write, where);
      if (!region) return pass_on(region);
      if (auto inside = check_bytes(region->texels.shape, upload.bytes.size(), where); !inside)
        return pass_on(inside);
      checked.push_back(*region);
    }
    detail::barrier_before_writes(state, 0);
    detail::Unpacking unpacking(context, where);
    Result<void> outcome;
    for (std::size_t i = 0; i < uploads.size() && outcome; ++i) {
      outcome = unpacking.write(uploads[i], checked[i]);
    }
    // The commands before a failure need their fence too.
    const Result<Ticket> ticket = unpacking.finish();
    if (!outcome) return pass_on(outcome);
    return ticket;
  });
}

Result<Ticket> upload_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                              detail::SourceBytes bytes, std::source_location where) {
  const TextureUpload upload = {region, layout, bytes};
  return upload_textures(context, std::span(&upload, 1), where);
}

Result<void> upload_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                            Slice slice, std::source_location where) {
  return detail::write_from_slice(ContextState::of(context), region, layout, slice, where);
}

Result<void> upload_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                            Block block, std::source_location where) {
  return detail::write_from_block(ContextState::of(context), region, layout, block, where);
}

}  // namespace pmb
