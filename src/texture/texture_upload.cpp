// SPDX-License-Identifier: MIT
// upload_texture(): through slices of the kept unpack ring or from the caller's memory itself, and from slices of the
// caller's.
#include <pmb/context.hpp>
#include <pmb/copy.hpp>
#include <pmb/texture.hpp>
#include <vector>

#include "context/copy_options.hpp"
#include "gl/pixel_state.hpp"
#include "gl/texture_calls.hpp"
#include "ring/ring_access.hpp"
#include "texture/client_texels.hpp"
#include "texture/texture_check.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb {

using detail::Band;
using detail::BandLimit;
using detail::CheckedRegion;
using detail::ContextState;
using detail::ImageShape;
using detail::PixelState;
using detail::TextureBindings;
using detail::TextureCalls;
using detail::TimelineState;
using detail::TransferRings;

namespace {

/// Issues the commands that take an image as it lies: in a pixel buffer from `base` on, or, of buffer 0, in the process's
/// memory from that address on.
void write_in_place(const TextureCalls& calls, PixelState& pixels, GLuint buffer, std::uint64_t base,
                    const TextureRegion& region, const TexelLayout& layout, const CheckedRegion& checked) {
  const ImageShape& shape = checked.shape;
  pixels.use_buffer(buffer);
  const detail::Arranged arranged = arrange(shape, heeds_images(*checked.target));
  pixels.use(arranged.arrangement);
  static_cast<void>(for_each_band(shape, arranged.limit, [&](const Band& band) -> Result<void> {
    const TextureRegion box = part_of(region, shape, band);
    const std::uint64_t at = base + shape.place(band.image, band.row);
    if (layout.type == 0) {
      const std::uint64_t bytes = band.images * band.rows * shape.row_bytes;
      calls.write_compressed(box, layout.format, bytes, at, shape.image_stride);
    } else {
      calls.write(box, layout.format, layout.type, at, shape.image_stride);
    }
    return {};
  }));
}

/// Images on their way behind one fence: by GL from where they lie, or through the unpack ring, band by band.
class Unpacking {
 public:
  Unpacking(Context& context, std::source_location where) noexcept
      : context_(context),
        state_(ContextState::of(context)),
        pixels_(state_.gl, PixelState::Direction::unpack),
        where_(where) {}

  Result<void> carry(TextureBindings& bindings, const TextureUpload& upload, const CheckedRegion& checked) {
    const TextureCalls calls(state_.gl, bindings, *checked.target, upload.region.texture);
    const bool has_images = heeds_images(*checked.target);
    if (detail::prefers_client_memory(state_) &&
        detail::suits_client_memory(checked.shape, has_images, upload.bytes.data())) {
      write_in_place(calls, pixels_, 0, detail::address_of(upload.bytes.data()), upload.region, upload.layout,
                     checked);
      unfenced_ = true;
      return {};
    }
    const auto ring = shared_ring(context_, &TransferRings::unpack, "pmb unpack", where_);
    if (!ring) return pass_on(ring);
    ring_ = *ring;
    return copy(calls, upload, checked);
  }

  /// Puts a fence behind what was issued and hands the slices back. With no fence they wait for the next one,
  /// which may be a later call's.
  Result<void> hand_back() {
    auto ticket = state_.timeline().mark(TimelineState::Kind::internal, where_);
    if (!ticket) return pass_on(ticket);
    if (ring_) {
      if (auto retired = ring_->retire(*ticket, where_); !retired) return retired;
    }
    unfenced_ = false;
    unfenced_bytes_ = 0;
    ticket_ = *ticket;
    return {};
  }

  bool has_unfenced() const noexcept { return unfenced_; }
  Ticket ticket() const noexcept { return ticket_; }

 private:
  Result<void> copy(const TextureCalls& calls, const TextureUpload& upload, const CheckedRegion& checked) {
    const BandLimit limit = BandLimit::of_bytes(checked.shape, TransferRings::kPiece);
    return for_each_band(checked.shape, limit, [&](const Band& band) -> Result<void> {
      CheckedRegion packed = checked;
      packed.shape = checked.shape.packed(band);
      const std::uint64_t bytes = packed.shape.end;
      const auto slice = acquire(bytes);
      if (!slice) return pass_on(slice);
      const ImageShape part = checked.shape.part(band);
      if (part.is_packed()) {
        copy_to_mapped(slice->raw_bytes(), upload.bytes.subspan(part.offset, bytes),
                       copy_options(state_, state_.plans.transfers.up, bytes));
      } else {
        copy_rows(part, upload.bytes.data(), packed.shape, slice->raw_bytes().data());
      }
      if (auto published = ring_->publish(*slice, bytes, where_); !published) return published;
      write_in_place(calls, pixels_, slice->buffer(), slice->offset_bytes(),
                     part_of(upload.region, checked.shape, band), upload.layout, packed);
      unfenced_ = true;
      unfenced_bytes_ += bytes;
      return unfenced_bytes_ < TransferRings::kPiece ? Result<void>() : hand_back();
    });
  }

  Result<Slice> acquire(std::uint64_t bytes) {
    auto slice = ring_->acquire(bytes, 0, where_);
    if (slice || slice.error().status != Status::would_block) return slice;
    // What is in the way is this call's own, or an earlier one's whose fence failed.
    if (auto handed = hand_back(); !handed) return pass_on(handed);
    return ring_->acquire(bytes, 0, where_);
  }

  Context& context_;
  ContextState& state_;
  UploadRing* ring_ = nullptr;  ///< Once an image needs it.
  PixelState pixels_;
  std::source_location where_;
  bool unfenced_ = false;
  std::uint64_t unfenced_bytes_ = 0;  ///< Of the ring.
  Ticket ticket_;
};

/// Texels do not overtake what shaders stored into images before (OpenGL 4.6 core, section 7.13.2).
void barrier_before_writes(const ContextState& state, GLbitfield more) noexcept {
  if (state.gl.limits.memory_barrier) state.gl.MemoryBarrier(GL_TEXTURE_UPDATE_BARRIER_BIT | more);
}

}  // namespace

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
      if (auto inside = check_bytes(region->shape, upload.bytes.size(), where); !inside)
        return pass_on(inside);
      checked.push_back(*region);
    }
    barrier_before_writes(state, 0);
    Unpacking unpacking(context, where);
    Result<void> outcome = {};
    for (std::size_t i = 0; i < uploads.size() && outcome; ++i) {
      outcome = unpacking.carry(bindings, uploads[i], checked[i]);
    }
    // What was issued before a failure is handed back as well.
    if (unpacking.has_unfenced()) {
      auto handed = unpacking.hand_back();
      if (outcome) outcome = handed;
    }
    if (!outcome) return pass_on(outcome);
    return unpacking.ticket();
  });
}

Result<Ticket> upload_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                              std::span<const std::byte> bytes, std::source_location where) {
  const TextureUpload upload = {region, layout, bytes};
  return upload_textures(context, std::span(&upload, 1), where);
}

Result<void> upload_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                            Slice slice, std::source_location where) {
  ContextState& state = ContextState::of(context);
  TextureBindings bindings(state.gl);
  const auto checked = check_region(state, bindings, region, layout, detail::Transfer::write, where);
  if (!checked) return pass_on(checked);
  const auto place = place_of_published(state, slice, where);
  if (!place) return pass_on(place);
  const ImageShape& shape = checked->shape;
  if (auto inside = check_bytes(shape, slice.size_bytes(), where); !inside) return inside;
  if (auto aligned = check_alignment(shape, place->offset, where); !aligned) return aligned;

  barrier_before_writes(state, GL_PIXEL_BUFFER_BARRIER_BIT);
  const TextureCalls calls(state.gl, bindings, *checked->target, region.texture);
  PixelState pixels(state.gl, PixelState::Direction::unpack);
  write_in_place(calls, pixels, place->buffer, place->offset, region, layout, *checked);
  return {};
}

}  // namespace pmb
