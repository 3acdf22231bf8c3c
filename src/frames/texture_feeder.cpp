// SPDX-License-Identifier: MIT
#include <pmb/texture_feeder.hpp>

#include <deque>
#include <utility>
#include <variant>

#include "texture/mapped_texels.hpp"
#include "texture/texture_check.hpp"
#include "transfer/transfer_rings.hpp"

namespace pmb {
namespace detail {

namespace {

/// An image in the queue.
struct Fed {
  Texels texels;
  TexelLayout layout;
  std::variant<SourceBytes, Slice, Block> source;
  Band last = {};  ///< The band that was uploaded last.

  std::uint64_t bytes_of(const Band& band) const noexcept {
    return band.images * band.rows * texels.shape.row_bytes;
  }
  /// The next rows, of no more than `bytes` but at least one.
  Band next(std::uint64_t bytes) const noexcept {
    BandLimit limit = texels.shape.limit_of(bytes);
    // The rest of an image goes before the next one.
    if ((last.row + last.rows) % texels.shape.rows != 0) limit.images = 1;
    Band band = last;
    texels.shape.next(band, limit);
    return band;
  }
  /// The layout of a band where the image lies.
  TexelLayout layout_of(const Band& band) const noexcept {
    TexelLayout part = layout;
    part.offset_bytes = texels.shape.place(band.image, band.row);
    return part;
  }
};

}  // namespace

struct TextureFeederState {
  Result<std::uint64_t> queue(const TextureRegion& region, const TexelLayout& layout,
                              std::variant<SourceBytes, Slice, Block> source, std::uint64_t source_bytes,
                              std::source_location where);
  Result<std::uint64_t> feed(std::source_location where);

  std::shared_ptr<ContextState> context;
  UploadRing ring;
  std::uint64_t budget = 0;
  std::deque<Fed> images;
  std::uint64_t first = 0;  ///< The number of the first image in the queue.
  std::uint64_t queued_bytes = 0;
  Ticket last;

 private:
  Result<void> upload(const Fed& image, const Band& band, std::source_location where);
  Result<void> upload(const Fed& image, const Band& band, SourceBytes bytes, std::source_location where);
  Result<void> upload(const Fed& image, const Band& band, Slice slice, std::source_location where) {
    return write_from_slice(*context, image.texels.box(band), image.layout_of(band), slice, where);
  }
  Result<void> upload(const Fed& image, const Band& band, Block block, std::source_location where) {
    return write_from_block(*context, image.texels.box(band), image.layout_of(band), block, where);
  }
  void drop_first() noexcept;
  /// Gives the uploads their fence.
  Result<void> finish(std::source_location where);
};

Result<std::uint64_t> TextureFeederState::queue(const TextureRegion& region, const TexelLayout& layout,
                                                std::variant<SourceBytes, Slice, Block> source,
                                                std::uint64_t source_bytes, std::source_location where) {
  if (auto current = context->check_current(where); !current) return pass_on(current);
  TextureBindings bindings(context->gl);
  const auto checked = check_region(*context, bindings, region, layout, Transfer::write, where);
  if (!checked) return pass_on(checked);
  const ImageShape& shape = checked->texels.shape;
  if (auto inside = check_bytes(shape, source_bytes, where); !inside) return pass_on(inside);
  images.push_back({.texels = checked->texels, .layout = layout, .source = source});
  queued_bytes += shape.images * shape.rows * shape.row_bytes;
  return first + images.size() - 1;
}

Result<void> TextureFeederState::upload(const Fed& image, const Band& band, SourceBytes bytes,
                                        std::source_location where) {
  const Texels packed = image.texels.packed(band);
  const ImageShape part = image.texels.shape.part(band);
  const std::uint64_t size = packed.shape.end;
  const auto slice = retry_after_fence(*context, where, [&] { return ring.try_acquire(size, 0, where); });
  if (!slice) return pass_on(slice);
  if (part.is_packed()) {
    copy_to_mapped(slice->raw_bytes(), bytes.subspan(part.offset, size),
                   copy_options(*context, context->plans.transfers.up, size));
  } else {
    copy_rows(part, bytes.data(), packed.shape, slice->raw_bytes().data());
  }
  if (auto published = ring.publish(*slice, size, where); !published) return published;
  const TexelLayout layout = {.format = image.layout.format, .type = image.layout.type};
  return write_from_slice(*context, image.texels.box(band), layout, *slice, where);
}

Result<void> TextureFeederState::upload(const Fed& image, const Band& band, std::source_location where) {
  return std::visit([&](const auto& source) { return upload(image, band, source, where); }, image.source);
}

void TextureFeederState::drop_first() noexcept {
  const Fed& image = images.front();
  const ImageShape& shape = image.texels.shape;
  const std::uint64_t rows_fed = image.last.image * shape.rows + image.last.row * image.last.images +
                                 image.last.images * image.last.rows;
  queued_bytes -= (shape.images * shape.rows - rows_fed) * shape.row_bytes;
  images.pop_front();
  ++first;
}

Result<void> TextureFeederState::finish(std::source_location where) {
  const auto ticket = context->timeline().mark(TimelineState::Kind::internal, where);
  if (!ticket) return pass_on(ticket);
  last = *ticket;
  if (auto retired = ring.retire(*ticket, where); !retired) return retired;
  return context->timeline().flush(where);
}

Result<std::uint64_t> TextureFeederState::feed(std::source_location where) {
  if (auto current = context->check_current(where); !current) return pass_on(current);
  std::uint64_t fed = 0;
  Result<void> outcome;
  while (!images.empty() && outcome) {
    Fed& image = images.front();
    const std::uint64_t left = budget - std::min(budget, fed);
    const Band band = image.next(left);
    const std::uint64_t bytes = image.bytes_of(band);
    if (fed != 0 && bytes > left) break;
    outcome = upload(image, band, where);
    if (!outcome) break;
    image.last = band;
    fed += bytes;
    queued_bytes -= bytes;
    if (Band rest = band; !image.texels.shape.next(rest, {})) drop_first();
  }
  const bool full = !outcome && outcome.error().status == StatusCode::would_block;
  if (!outcome && !full && !context->lost) drop_first();
  if (fed != 0) {
    if (auto finished = finish(where); !finished) return pass_on(finished);
  }
  if (!outcome && !full) return pass_on(outcome);
  return fed;
}

void CloseTextureFeeder::operator()(TextureFeederState* state) const noexcept {
  delete state;
}

}  // namespace detail

using detail::TextureFeederState;

Result<TextureFeeder> TextureFeeder::create(Context& context, const TextureFeederOptions& options,
                                            std::source_location where) {
  if (options.bytes_per_feed == 0) return fail(ErrorId::zero_size, where);
  return guarded(where, [&]() -> Result<TextureFeeder> {
    constexpr std::uint64_t kLeast = std::uint64_t{1} << 20;  // more than the longest row
    const std::uint64_t most = std::max(options.bytes_per_feed, kLeast);
    auto ring = UploadRing::create(
        context, {.capacity_bytes = most > UINT64_MAX / 3 ? most : 3 * most, .label = options.label}, where);
    if (!ring) return pass_on(ring);
    auto state = std::make_unique<TextureFeederState>();
    state->context = detail::ContextState::share(context);
    state->ring = std::move(*ring);
    state->budget = options.bytes_per_feed;
    return TextureFeeder(state.release());
  });
}

Result<std::uint64_t> TextureFeeder::queue(const TextureUpload& upload, std::source_location where) {
  if (!state_) return fail(ErrorId::not_mapped, where);
  return guarded(where, [&] {
    return state_->queue(upload.region, upload.layout, upload.bytes, upload.bytes.size(), where);
  });
}

Result<std::uint64_t> TextureFeeder::queue(const TextureRegion& region, const TexelLayout& layout,
                                           Slice slice, std::source_location where) {
  if (!state_) return fail(ErrorId::not_mapped, where);
  return guarded(where, [&] { return state_->queue(region, layout, slice, slice.size_bytes(), where); });
}

Result<std::uint64_t> TextureFeeder::queue(const TextureRegion& region, const TexelLayout& layout,
                                           Block block, std::source_location where) {
  if (!state_) return fail(ErrorId::not_mapped, where);
  return guarded(where, [&] { return state_->queue(region, layout, block, block.size_bytes(), where); });
}

Result<std::uint64_t> TextureFeeder::feed(std::source_location where) {
  if (!state_) return fail(ErrorId::not_mapped, where);
  return guarded(where, [&] { return state_->feed(where); });
}

bool TextureFeeder::is_fed(std::uint64_t number) const noexcept {
  return state_ && number < state_->first;
}

std::uint64_t TextureFeeder::queued_bytes() const noexcept {
  return state_ ? state_->queued_bytes : 0;
}

Ticket TextureFeeder::ticket() const noexcept {
  return state_ ? state_->last : Ticket();
}

}  // namespace pmb
