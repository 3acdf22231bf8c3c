// SPDX-License-Identifier: MIT
// Images into textures, a budget of bytes at a time, so that a large image costs many frames a little and no frame much.
//
//   auto feeder = pmb::TextureFeeder::create(context, {.bytes_per_feed = 2 << 20});
//   const auto number = feeder->queue({region, layout, image});  // copies nothing yet
//
//   feeder->feed();                                              // once a frame: at most 2 MiB
//   if (feeder->is_fed(*number)) draw_with(texture);
//
// Units:   bytes.
// Threads: the context's thread.
// Memory:  a ring of three times the budget, and at least 3 MiB, mapped by create().
// Errors:  those of upload_texture(); out_of_memory.
// GL:      as upload_texture(). One fence and one flush for each feed() that uploads.
#pragma once

#include <cstdint>
#include <memory>
#include <pmb/block_pool.hpp>
#include <pmb/detail/api.hpp>
#include <pmb/result.hpp>
#include <pmb/texture.hpp>
#include <pmb/timeline.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <string_view>

namespace pmb {

class Context;
namespace detail {
struct TextureFeederState;
struct CloseTextureFeeder {
  PMB_API void operator()(TextureFeederState* state) const noexcept;
};
}  // namespace detail

struct TextureFeederOptions {
  /// Most bytes that one feed() uploads, in whole rows; a row that is longer goes alone.
  std::uint64_t bytes_per_feed = std::uint64_t{4} << 20;
  std::string_view label = {};
};

/// See the head of this file. Move-only. Images are fed in the order in which they were queued.
class PMB_API TextureFeeder {
 public:
  /// Statuses: those of UploadRing::create; invalid_argument (a budget of 0).
  [[nodiscard]] static Result<TextureFeeder> create(
      Context& context, const TextureFeederOptions& options = {},
      std::source_location where = std::source_location::current());

  TextureFeeder() noexcept = default;

  /// Queues an image, and returns its number: 0, 1, … `upload.bytes` must stay valid until the image is fed. Checks what
  /// upload_texture() checks. Statuses: its own, out_of_memory.
  [[nodiscard]] Result<std::uint64_t> queue(const TextureUpload& upload,
                                            std::source_location where = std::source_location::current());
  /// The same from a published slice or block, without a copy by the CPU. Retire it once its image is fed, with ticket().
  [[nodiscard]] Result<std::uint64_t> queue(const TextureRegion& region, const TexelLayout& layout,
                                            Slice slice,
                                            std::source_location where = std::source_location::current());
  [[nodiscard]] Result<std::uint64_t> queue(const TextureRegion& region, const TexelLayout& layout,
                                            Block block,
                                            std::source_location where = std::source_location::current());

  /// Uploads the next rows and returns their bytes: 0 if nothing is queued, less than the budget if the GPU still reads what
  /// earlier calls gave it. Never blocks. An image that fails is dropped, and later ones go on with the next call. Statuses:
  /// those of upload_texture() but would_block and timed_out.
  [[nodiscard]] Result<std::uint64_t> feed(std::source_location where = std::source_location::current());

  /// True once all rows of the image were uploaded: commands issued from now on see it. True for one that failed, too.
  bool is_fed(std::uint64_t number) const noexcept;
  /// Bytes of queued images that were not uploaded.
  std::uint64_t queued_bytes() const noexcept;
  /// Passes once the GPU has all that was fed so far. Empty before the first upload.
  Ticket ticket() const noexcept;

 private:
  explicit TextureFeeder(detail::TextureFeederState* state) noexcept : state_(state) {}
  std::unique_ptr<detail::TextureFeederState, detail::CloseTextureFeeder> state_;
};

}  // namespace pmb
