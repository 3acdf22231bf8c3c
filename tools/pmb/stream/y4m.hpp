// SPDX-License-Identifier: MIT
// The YUV4MPEG2 stream header: one line of text that describes every frame behind it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/failure.hpp"
#include "frame_layout.hpp"

namespace pmb::tool {

inline constexpr std::string_view kY4mMagic = "YUV4MPEG2";
inline constexpr std::string_view kY4mFrame = "FRAME";
/// Longest stream or frame header line that is read.
inline constexpr std::size_t kY4mMaxLine = 4096;

struct Y4mHeader {
  std::string line;  ///< As it was read, with its newline: the output starts with it.
  FrameLayout layout;
};

/// Parses the line, newline included. Offsets in messages count from the start of the line, which is that of
/// the stream. Failures: kInput, naming the field and its offset, or the colour format that is not supported.
Outcome<Y4mHeader> parse_y4m_header(std::string_view line);

}  // namespace pmb::tool
