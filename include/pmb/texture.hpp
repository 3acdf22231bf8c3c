// SPDX-License-Identifier: MIT
// Replaces glTexSubImage*, glCompressedTexSubImage*, glReadPixels and glGetTexImage. Texels travel through mapped rings. On
// software renderers and without buffer storage a ring would only cost a copy, so those calls transfer from and to the memory
// of the caller. Any Options::path except traditional forces rings.
//
//   const pmb::TexelLayout rgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
//   pmb::upload_texture(context, {.texture = sky, .target = GL_TEXTURE_2D, .width = 640, .height = 480}, rgba, pixels);
//   auto frame = pmb::read_pixels(context, {.width = 640, .height = 480}, rgba, readback_ring);
//   context.timeline().mark();  // frame arrives after this
//
// Units:   texels in regions, bytes in layouts. Enumerants are those of GL, as std::uint32_t.
// Threads: the context's thread; texel_bytes() on any.
// Memory:  the first upload and the first synchronous read that need a ring allocate 8 MiB each, which the context keeps.
//          Larger images travel in bands. A level that GL reads only as a whole may need a ring of its size, for that call.
// Errors:  invalid_argument, refused, unsupported, too_large, would_block, timed_out, stale_handle, context_lost, wait_failed,
//          wrong_context, and at the first use of a ring those of MappedBuffer::create. pmb checks before it calls GL, so
//          that no-error contexts are safe too. The caller ensures the target where direct state access is missing, and
//          formats on OpenGL ES.
// GL:      pixel-store state, pixel buffer, texture and framebuffer bindings and the active unit are restored. Transfers are
//          ordered after earlier shader stores (TEXTURE_UPDATE_BARRIER_BIT, FRAMEBUFFER_BARRIER_BIT and
//          PIXEL_BUFFER_BARRIER_BIT, OpenGL 4.6 core, section 7.13.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <pmb/block_pool.hpp>
#include <pmb/detail/api.hpp>
#include <pmb/detail/typed_bytes.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/result.hpp>
#include <pmb/timeline.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <span>

namespace pmb {

class Context;

/// A box of texels of one level. z counts layers of 2D arrays, faces of cube maps (0 to 5: +X -X +Y -Y +Z -Z) and layer-faces
/// of cube map arrays. y counts layers of 1D arrays.
struct TextureRegion {
  std::uint32_t texture = 0;  ///< GL name.
  /// That of the texture: GL_TEXTURE_1D, _2D, _3D, _1D_ARRAY, _2D_ARRAY, _RECTANGLE, _CUBE_MAP (cube complete) or
  /// _CUBE_MAP_ARRAY.
  std::uint32_t target = 0;
  std::uint32_t level = 0;
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  std::uint32_t z = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 1;
  std::uint32_t depth = 1;
};

/// How texels lie in memory. Rows of compressed images are rows of blocks.
struct TexelLayout {
  /// GL_RGBA, GL_RED_INTEGER, GL_DEPTH_COMPONENT, …; or a compressed internal format: GL_COMPRESSED_RGBA_BPTC_UNORM, …
  std::uint32_t format = 0;
  std::uint32_t type = 0;                ///< GL_UNSIGNED_BYTE, GL_UNSIGNED_SHORT_5_6_5, …; 0 if compressed.
  std::uint64_t offset_bytes = 0;        ///< Of the first texel, from the start of the memory.
  std::uint64_t row_stride_bytes = 0;    ///< 0: no bytes between rows.
  std::uint64_t image_stride_bytes = 0;  ///< 0: no bytes between images (slices, layers, faces).

  /// Layouts by their usual names, with nothing between rows. OpenGL ES reads framebuffers as rgba8 and rgba32f only.
  static constexpr TexelLayout r8() noexcept { return {.format = 0x1903, .type = 0x1401}; }
  static constexpr TexelLayout rgb8() noexcept { return {.format = 0x1907, .type = 0x1401}; }
  static constexpr TexelLayout rgba8() noexcept { return {.format = 0x1908, .type = 0x1401}; }
  static constexpr TexelLayout bgra8() noexcept { return {.format = 0x80E1, .type = 0x1401}; }
  static constexpr TexelLayout rgba16f() noexcept { return {.format = 0x1908, .type = 0x140B}; }
  static constexpr TexelLayout rgba32f() noexcept { return {.format = 0x1908, .type = 0x1406}; }
  static constexpr TexelLayout depth32f() noexcept { return {.format = 0x1902, .type = 0x1406}; }
};

/// One of several images for upload_textures().
struct TextureUpload {
  TextureRegion region;
  TexelLayout layout;
  detail::SourceBytes bytes;
};

/// A rectangle of a framebuffer, from its lower left corner. Pixels outside the framebuffer are undefined.
struct PixelRectangle {
  std::int32_t x = 0;
  std::int32_t y = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

/// Returns the bytes from the start of the memory to the end of the region's last texel in this layout. Statuses:
/// invalid_argument (GL has no such pair of format and type, an empty region, a stride shorter than its row or image),
/// too_large.
[[nodiscard]] PMB_API Result<std::uint64_t> texel_bytes(
    const TextureRegion& region, const TexelLayout& layout,
    std::source_location where = std::source_location::current());

/// Writes texels into a texture. Later commands see them. `bytes` may be reused on return. The ticket passes once the GPU has
/// the texels. Waits only while the ring is full. On OpenGL ES the caller ensures that format and type suit the internal
/// format (OpenGL ES 3.2, table 8.2), and on 3.0, which cannot report the size of a level, that the region lies in it.
[[nodiscard]] PMB_API Result<Ticket> upload_texture(
    Context& context, const TextureRegion& region, const TexelLayout& layout, detail::SourceBytes bytes,
    std::source_location where = std::source_location::current());

/// As upload_texture() for several images, such as the planes of a frame, with one ticket. GL state is queried and restored
/// once. All images are checked before the first is written.
[[nodiscard]] PMB_API Result<Ticket> upload_textures(
    Context& context, std::span<const TextureUpload> uploads,
    std::source_location where = std::source_location::current());

/// Writes texels from a published slice without a copy. offset_bytes counts from the start of the slice. The caller retires
/// the slice with a ticket marked afterwards. Each row is a GL call if it is compressed with a gap, or if its stride is neither
/// whole texels nor a row padded to 2, 4 or 8 bytes. Statuses: those of upload_texture, refused (the slice is not published),
/// wrong_context (its ring has another context).
[[nodiscard]] PMB_API Result<void> upload_texture(
    Context& context, const TextureRegion& region, const TexelLayout& layout, Slice slice,
    std::source_location where = std::source_location::current());
/// The same from a block: published, or written by the GPU in a read-only pool.
[[nodiscard]] PMB_API Result<void> upload_texture(
    Context& context, const TextureRegion& region, const TexelLayout& layout, Block block,
    std::source_location where = std::source_location::current());

/// Copies pixels of the current read framebuffer and read buffer into `target`. Bytes between rows keep their values. Waits
/// for the GPU, at most Options::timeout for each band. A multisampled framebuffer is refused: resolve it first.
/// OpenGL ES reads few pairs: GL_RGBA with GL_UNSIGNED_BYTE (fixed point) or GL_FLOAT (floating point), GL_RGBA_INTEGER with
/// GL_INT or GL_UNSIGNED_INT (integers), and one pair that the driver chooses.
[[nodiscard]] PMB_API Result<void> read_pixels(Context& context, const PixelRectangle& rectangle,
                                               const TexelLayout& layout, detail::TargetBytes target,
                                               std::source_location where = std::source_location::current());

/// As above, without a wait for these pixels: a readback in `ring`, in this layout, arrives after the next mark(). Waits for
/// room as ReadbackRing::acquire does.
[[nodiscard]] PMB_API Result<PendingReadback> read_pixels(
    Context& context, const PixelRectangle& rectangle, const TexelLayout& layout, ReadbackRing& ring,
    std::source_location where = std::source_location::current());
/// The same into a block of a readable pool: BlockPool::wait_view() returns the pixels, with a ticket marked afterwards. In a
/// bidirectional pool, publish the block first, with at least texel_bytes(). Statuses: also stale_handle, refused (unpublished, not readable).
[[nodiscard]] PMB_API Result<void> read_pixels(Context& context, const PixelRectangle& rectangle,
                                               const TexelLayout& layout, Block block,
                                               std::source_location where = std::source_location::current());

/// Copies texels into `target`. Bytes between rows keep their values. Waits for the GPU, at most Options::timeout for each
/// band. Before OpenGL 4.5 and on OpenGL ES, GL cannot read a part of a texture: a framebuffer reads it, if it can be drawn to.
/// OpenGL ES reads no compressed texels. Statuses: those of read_pixels, unsupported (no way to read the region).
[[nodiscard]] PMB_API Result<void> read_texture(Context& context, const TextureRegion& region,
                                                const TexelLayout& layout, detail::TargetBytes target,
                                                std::source_location where = std::source_location::current());

/// As read_pixels() into a ring.
[[nodiscard]] PMB_API Result<PendingReadback> read_texture(
    Context& context, const TextureRegion& region, const TexelLayout& layout, ReadbackRing& ring,
    std::source_location where = std::source_location::current());
/// The same into a block, as for read_pixels().
[[nodiscard]] PMB_API Result<void> read_texture(Context& context, const TextureRegion& region,
                                                const TexelLayout& layout, Block block,
                                                std::source_location where = std::source_location::current());

}  // namespace pmb
