// SPDX-License-Identifier: MIT
// Texels up and down: what glTexSubImage*, glCompressedTexSubImage*, glReadPixels and glGetTexImage did, through mapped
// rings; or by those calls from and to the caller's memory, where a ring would only copy once more: on software renderers,
// and without buffer storage. Options::path, but for traditional, forces rings.
//
//   const pmb::TexelLayout rgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
//   pmb::upload_texture(context, {.texture = sky, .target = GL_TEXTURE_2D, .width = 640, .height = 480}, rgba,
//                       std::as_bytes(std::span(pixels)));
//   auto frame = pmb::read_pixels(context, {.width = 640, .height = 480}, rgba, readback_ring);
//   context.timeline().mark();                                   // arms it
//
// Units:   texels in regions, bytes in layouts. Enumerants are GL's own, as std::uint32_t.
// Threads: the context's thread.
// Memory:  the first upload and the first synchronous read that go through a ring allocate one of 8 MiB each, which stays
//          with the context. Larger images travel in bands.
// Errors:  invalid_argument, refused, unsupported, zero_size, would_block, timed_out, out_of_memory,
//          stale_handle, context_lost, wait_failed, wrong_context. What GL would refuse is found before GL is
//          asked, so that no-error contexts are safe too.
// GL:      left exactly as found: pixel-store state, pixel buffer, texture and framebuffer bindings, the
//          active unit. Everything is ordered behind shader stores that were issued before
//          (TEXTURE_UPDATE_BARRIER_BIT, FRAMEBUFFER_BARRIER_BIT and PIXEL_BUFFER_BARRIER_BIT, OpenGL 4.6
//          core, section 7.13.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <pmb/readback_ring.hpp>
#include <pmb/result.hpp>
#include <pmb/timeline.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <span>

namespace pmb {

class Context;

/// A box of texels of one level. Layers of 2D arrays, faces of cube maps (0 to 5: +X -X +Y -Y +Z -Z) and
/// layer-faces of cube map arrays count in z, layers of 1D arrays in y.
struct TextureRegion {
  std::uint32_t texture = 0;  ///< GL name.
  /// The texture's own: GL_TEXTURE_1D, _2D, _3D, _1D_ARRAY, _2D_ARRAY, _RECTANGLE, _CUBE_MAP or
  /// _CUBE_MAP_ARRAY. A cube map is cube complete.
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
  /// GL_RGBA, GL_RED_INTEGER, GL_DEPTH_COMPONENT, …; or the compressed internal format,
  /// GL_COMPRESSED_RGBA_BPTC_UNORM, …
  std::uint32_t format = 0;
  std::uint32_t type = 0;                ///< GL_UNSIGNED_BYTE, GL_UNSIGNED_SHORT_5_6_5, …; 0 if compressed.
  std::uint64_t offset_bytes = 0;        ///< Of the first texel, from the start of the bytes given.
  std::uint64_t row_stride_bytes = 0;    ///< 0: no bytes between rows.
  std::uint64_t image_stride_bytes = 0;  ///< 0: no bytes between images (slices, layers, faces).
};

/// One of several images that travel together.
struct TextureUpload {
  TextureRegion region;
  TexelLayout layout;
  std::span<const std::byte> bytes;
};

/// A rectangle of a framebuffer, from its lower left corner. Pixels outside the framebuffer are undefined.
struct PixelRectangle {
  std::int32_t x = 0;
  std::int32_t y = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

/// The bytes that a region takes in this layout, from the start of the memory to the end of its last texel.
/// Statuses: invalid_argument (pair of format and type that no GL knows, strides shorter than what they hold,
/// compressed blocks cut), zero_size.
Result<std::uint64_t> texel_bytes(const TextureRegion& region, const TexelLayout& layout,
                                  std::source_location where = std::source_location::current());

/// Writes texels into a texture. The memory is free again on return; commands issued from now on see the new
/// texels. The ticket has passed once the GPU took them. Waits only while more than 8 MiB are under way.
/// The caller owes: where GL cannot be asked for a level's size and format (OpenGL ES 3.0), that the region
/// lies in it; on OpenGL ES, that format and type suit the internal format (OpenGL ES 3.2, table 8.2).
Result<Ticket> upload_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                              std::span<const std::byte> bytes,
                              std::source_location where = std::source_location::current());

/// The same for several images, such as the planes of a frame, with one fence: state is asked for and put back
/// once. All are checked before the first is written.
Result<Ticket> upload_textures(Context& context, std::span<const TextureUpload> uploads,
                               std::source_location where = std::source_location::current());

/// Writes texels that lie in a published slice of a ring of the caller's, without a copy: offset_bytes counts
/// from the start of the slice. Strides that are no whole texels take one GL call a row. The caller owes: the
/// slice is retired with a ticket marked afterwards.
/// Statuses: as upload_texture, refused (not published, ring of another context).
Result<void> upload_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                            Slice slice, std::source_location where = std::source_location::current());

/// Copies pixels of the current read framebuffer and read buffer out. Waits for the GPU, boundedly. Bytes of
/// `target` between rows stay as they are. The caller owes: the framebuffer is not multisampled.
/// OpenGL ES reads few pairs: GL_RGBA with GL_UNSIGNED_BYTE (fixed point), GL_FLOAT (floating point), and
/// GL_RGBA_INTEGER with GL_INT or GL_UNSIGNED_INT (integers), and one of the implementation's own.
Result<void> read_pixels(Context& context, const PixelRectangle& rectangle, const TexelLayout& layout,
                         std::span<std::byte> target,
                         std::source_location where = std::source_location::current());

/// The same without waiting: a readback in the caller's ring, laid out as asked for, that arrives after the
/// next mark().
Result<PendingReadback> read_pixels(Context& context, const PixelRectangle& rectangle,
                                    const TexelLayout& layout, ReadbackRing& ring,
                                    std::source_location where = std::source_location::current());

/// Copies texels out. Waits for the GPU, boundedly. Where GL cannot read parts of a texture (before OpenGL
/// 4.5 and on OpenGL ES) parts are read through a framebuffer, which takes a colour-renderable format;
/// OpenGL ES reads no compressed texels. Statuses: unsupported (neither way is open), and those of
/// read_pixels.
Result<void> read_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                          std::span<std::byte> target,
                          std::source_location where = std::source_location::current());

/// The same without waiting, as read_pixels.
Result<PendingReadback> read_texture(Context& context, const TextureRegion& region, const TexelLayout& layout,
                                     ReadbackRing& ring,
                                     std::source_location where = std::source_location::current());

}  // namespace pmb
