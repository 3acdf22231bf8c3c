// SPDX-License-Identifier: MIT
// Rendered frames on the CPU, in order and without a stall: the GPU copies each into mapped memory while the program draws
// the next ones, and the program reads it in place.
//
//   auto grabber = pmb::FrameGrabber::create(context, {.layout = pmb::TexelLayout::rgb8()});
//   while (draw_next_frame()) {
//     grabber->grab({.width = width, .height = height});           // what was drawn
//     while (auto frame = grabber->next(2)) frame->write_to(pipe);  // at most 2 stay in flight
//   }
//   while (auto frame = grabber->next(0)) frame->write_to(pipe);    // the last ones
//
// Units:   pixels, bytes; nanoseconds.
// Threads: the grabber on the context's thread. A frame on any thread, one at a time; so a thread may encode it and release
//          it there.
// Memory:  `frames` blocks of the size of a frame. The first grab allocates them, and the first of a larger frame does so
//          again; the older ones go when their frames are released. Rows from the top down may also take a renderbuffer in VRAM.
// Errors:  those of read_pixels() and read_texture(); would_block, timed_out, out_of_memory; of write_to also refused.
// GL:      as read_pixels(). One fence and one flush for each frame. Rows from the top down are stored by a compute shader where
//          it returns the bytes of glReadPixels; program, sampler and storage bindings are restored. Elsewhere they cost the GPU
//          a copy in VRAM, by glBlitFramebuffer. docs/frames.md says where.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/block_pool.hpp>
#include <pmb/detail/api.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/result.hpp>
#include <pmb/texture.hpp>
#include <source_location>
#include <span>
#include <string_view>

namespace pmb {

class Context;
class Cuda;
namespace detail {
struct FrameGrabberState;
struct CloseFrameGrabber {
  PMB_API void operator()(FrameGrabberState* state) const noexcept;
};
struct ReleasedFrames;
}  // namespace detail

/// A frame that has arrived. Move-only; its end releases it. It must end before its grabber and its context; one that is
/// released, or that outlives them, has no bytes.
class PMB_API Frame {
 public:
  Frame() noexcept = default;
  Frame(Frame&& other) noexcept;
  Frame& operator=(Frame&& other) noexcept;
  ~Frame() { release(); }

  /// The pixels in place, in the layout of the grabber. Bytes between rows are undefined.
  std::span<const std::byte> bytes(
      std::source_location where = std::source_location::current()) const noexcept;
  std::uint32_t width() const noexcept { return width_; }
  std::uint32_t height() const noexcept { return height_; }
  /// Counts the grabs from 0, the dropped ones too, so that a gap in the numbers is a dropped frame.
  std::uint64_t number() const noexcept { return number_; }

  /// Writes all bytes to a file descriptor, straight from mapped memory. A descriptor that blocks does so until its reader
  /// has taken them. For one that does not block, waits at most `timeout`; after timed_out, the next call continues where this
  /// one stopped. Raises no SIGPIPE. Statuses: timed_out, stale_handle, refused (the reader is gone, or write(2) failed),
  /// unsupported (no POSIX here).
  [[nodiscard]] Result<void> write_to(int descriptor,
                                      std::chrono::nanoseconds timeout = std::chrono::seconds(10),
                                      std::source_location where = std::source_location::current());

  /// Makes the memory reusable. A second call does nothing.
  void release() noexcept;

 private:
  friend class Cuda;
  friend class FrameGrabber;

  std::shared_ptr<detail::ReleasedFrames> released_;  ///< Null once released.
  ReadView view_;
  Block block_;
  std::uint64_t pool_ = 0;
  std::uint64_t number_ = 0;
  std::size_t size_ = 0;
  std::size_t written_ = 0;  ///< By calls of write_to() that timed out.
  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
};

struct FrameGrabberOptions {
  /// How the pixels of a frame lie in memory. For depth: TexelLayout::depth32f().
  TexelLayout layout = TexelLayout::rgba8();
  bool bottom_up =
      false;  ///< Rows in the order of GL. Otherwise from the top down, as files and pipes have them.
  /// Memory for so many frames: in flight, arrived, and held by the program. At least 1.
  std::uint32_t frames = 4;
  std::string_view label = {};
  std::optional<std::chrono::nanoseconds> timeout =
      {};  ///< Of waits; default: that of the context's options.
};

struct FrameGrabberStats {
  std::uint64_t grabbed = 0;
  std::uint64_t dropped = 0;  ///< Grabs that found no memory for their frame.
  std::uint64_t waits = 0;    ///< Calls that had to wait: next() for the GPU, grab() for a release.
  std::chrono::nanoseconds waited = {};  ///< In all waits.
  std::uint32_t in_flight = 0;           ///< Frames that next() has not returned.
  std::uint32_t held = 0;  ///< Frames that next() has returned and the program has not released.
};

/// See the head of this file. Move-only.
class PMB_API FrameGrabber {
 public:
  /// Statuses: invalid_argument (`frames` is 0, an illegal layout), out_of_memory.
  [[nodiscard]] static Result<FrameGrabber> create(
      Context& context, const FrameGrabberOptions& options = {},
      std::source_location where = std::source_location::current());

  FrameGrabber() noexcept = default;

  /// Starts copying pixels of the current read framebuffer, as they are after all commands so far. The size may differ from
  /// call to call. Blocks only if the program holds all memory, until a thread releases a frame. Statuses: those of
  /// read_pixels(), would_block (all frames were grabbed and not taken), timed_out.
  [[nodiscard]] Result<void> grab(const PixelRectangle& pixels,
                                  std::source_location where = std::source_location::current());
  /// The same from one image of a texture. Statuses: those of read_texture().
  [[nodiscard]] Result<void> grab_texture(const TextureRegion& texels,
                                          std::source_location where = std::source_location::current());

  /// As grab(), but returns would_block instead of waiting: the new frame is dropped.
  [[nodiscard]] Result<void> try_grab(const PixelRectangle& pixels,
                                      std::source_location where = std::source_location::current());
  [[nodiscard]] Result<void> try_grab_texture(const TextureRegion& texels,
                                              std::source_location where = std::source_location::current());

  /// Returns the oldest frame. If more than `latency` frames are in flight, waits for it, at most for the timeout; else
  /// returns it only if it has arrived. So next(0) waits for each frame, and next(UINT32_MAX) for none. Statuses: would_block
  /// (it has not arrived, or none is in flight), timed_out, context_lost, wait_failed, wrong_context.
  [[nodiscard]] Result<Frame> next(std::uint32_t latency,
                                   std::source_location where = std::source_location::current());

  FrameGrabberStats stats() const noexcept;

 private:
  explicit FrameGrabber(detail::FrameGrabberState* state) noexcept : state_(state) {}
  std::unique_ptr<detail::FrameGrabberState, detail::CloseFrameGrabber> state_;
};

}  // namespace pmb
