// SPDX-License-Identifier: MIT
// Cuts the input into blocks, straight into the memory that it is given: raw blocks, or the frames of
// YUV4MPEG2 video.
//
// Threads: one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "byte_source.hpp"
#include "common/failure.hpp"
#include "frame_layout.hpp"
#include "y4m.hpp"

namespace pmb::tool {

struct BlockHead {
  std::uint64_t bytes = 0;      ///< Fewer than the layout's only in a last raw block.
  std::string frame_line = {};  ///< "FRAME…\n" of video, else empty.
};

class BlockReader {
 public:
  /// Blocks of one layout, without any header.
  static BlockReader raw(ByteSource source, const FrameLayout& layout);
  /// Reads the stream header. Failures: kInput, kLimit, kInterrupted.
  static Outcome<BlockReader> y4m(ByteSource source);

  const FrameLayout& layout() const noexcept { return layout_; }
  /// What the output starts with: the header line of video, else nothing.
  const std::string& stream_header() const noexcept { return stream_header_; }
  bool is_video() const noexcept { return !stream_header_.empty(); }
  /// "frame" or "block", as messages call it.
  std::string_view noun() const noexcept { return is_video() ? "frame" : "block"; }
  /// Blocks that the rest of the input holds, where its size is known.
  std::optional<std::uint64_t> expected_blocks() const;
  int descriptor() const noexcept { return source_.descriptor(); }

  /// Fills the first bytes of `target`, which holds at least layout().bytes. Nothing at the end of the input
  /// and after a stop; a block that a stop cut off is dropped. Failures: kInput with byte offset and frame.
  Outcome<std::optional<BlockHead>> read(std::span<std::byte> target);

 private:
  explicit BlockReader(ByteSource source) : source_(std::move(source)) {}
  /// The line in front of a frame, empty at the end of the input and after a stop.
  Outcome<std::string> read_frame_line();

  ByteSource source_;
  FrameLayout layout_;
  std::string stream_header_;
  std::uint64_t blocks_ = 0;
  // The start of the next frame's line comes with the end of a frame: never more than the shortest line there
  // is.
  std::array<std::byte, kY4mFrame.size() + 1> ahead_ = {};
  std::size_t ahead_bytes_ = 0;
};

}  // namespace pmb::tool
