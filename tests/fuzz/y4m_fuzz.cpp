// SPDX-License-Identifier: MIT
// Headers of YUV4MPEG2 streams: an accepted one describes planes that lie in the frame, one after the other.
#include "fuzz_input.hpp"
#include "stream/y4m.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pmb::tool;
  const std::string_view line = fuzz::text_of(data, size);
  const auto header = parse_y4m_header(line);
  if (!header) {
    const ExitCode code = header.error().code;
    fuzz::require(code == kInput || code == kLimit, "a refusal is of the text or of the size");
    fuzz::require(!header.error().message.empty(), "a refusal says why");
    return 0;
  }
  const FrameLayout& layout = header->layout;
  fuzz::require(header->line == line, "the line is kept as it was");
  fuzz::require(layout.plane_count >= 1 && layout.plane_count <= layout.planes.size(), "a frame has planes");
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < layout.plane_count; ++i) {
    const Plane& plane = layout.planes[i];
    fuzz::require(plane.width > 0 && plane.height > 0, "no plane is empty");
    // Else the sum below could wrap as that of the parser.
    fuzz::require(std::uint64_t{plane.width} * plane.height <= kMaxBlockBytes, "no plane is too large");
    fuzz::require(plane.offset_bytes == end, "planes lie one after the other");
    end += std::uint64_t{plane.width} * plane.height * layout.sample_bytes();
  }
  fuzz::require(layout.bytes == end && end <= kMaxBlockBytes, "planes fill the frame");
  return 0;
}
