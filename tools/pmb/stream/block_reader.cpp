// SPDX-License-Identifier: MIT
// Reads raw blocks and YUV4MPEG2 frames.

#include "block_reader.hpp"

#include <cstring>

namespace pmb::tool {
namespace {

enum class LineEnd : std::uint8_t { complete, ended, stopped, too_long };

// Byte by byte: what lies behind the newline belongs into mapped memory and must stay unread.
Outcome<LineEnd> read_line(ByteSource& source, std::string& line) {
  while (line.size() < kY4mMaxLine) {
    std::byte next = {};
    const auto got = source.read(std::span(&next, 1));
    if (!got) return tl::unexpected(got.error());
    if (got->stopped) return LineEnd::stopped;
    if (got->ended) return LineEnd::ended;
    line.push_back(static_cast<char>(next));
    if (next == std::byte{'\n'}) return LineEnd::complete;
    // Other data than video shall be refused at once, not after the first newline that happens to be in it.
    if (line.size() == kY4mMagic.size() && source.offset() == line.size() && line != kY4mMagic) {
      return LineEnd::complete;
    }
  }
  return LineEnd::too_long;
}

}  // namespace

BlockReader BlockReader::raw(ByteSource source, const FrameLayout& layout) {
  BlockReader reader(std::move(source));
  reader.layout_ = layout;
  return reader;
}

Outcome<BlockReader> BlockReader::y4m(ByteSource source) {
  BlockReader reader(std::move(source));
  std::string line;
  auto end = read_line(reader.source_, line);
  if (!end) return pass_on(end);
  if (*end == LineEnd::stopped)
    return fail(kInterrupted, "interrupted before the input's header was complete");
  if (line.empty()) {
    return fail(kInput,
                "input byte 0: the input is empty, so it has no YUV4MPEG2 header; for raw data give --block");
  }
  auto header = parse_y4m_header(line);
  if (!header) return pass_on(header);
  reader.layout_ = header->layout;
  reader.stream_header_ = std::move(header->line);
  return reader;
}

std::optional<std::uint64_t> BlockReader::expected_blocks() const {
  const std::optional<std::uint64_t> bytes = source_.remaining_bytes();
  if (!bytes) return std::nullopt;
  const std::uint64_t line_bytes = is_video() ? ahead_.size() : 0;
  return (*bytes + layout_.bytes + line_bytes - 1) / (layout_.bytes + line_bytes);
}

Outcome<std::string> BlockReader::read_frame_line() {
  const std::uint64_t line_offset = source_.offset() - ahead_bytes_;
  const auto truncated = [&] {
    return fail(
        kInput,
        "input byte {}: the input ends inside the header of frame {}; the {} frames before it were complete",
        source_.offset(), blocks_, blocks_);
  };
  if (ahead_bytes_ < ahead_.size()) {
    const auto got = source_.read(std::span(ahead_).subspan(ahead_bytes_));
    if (!got) return tl::unexpected(got.error());
    if (got->stopped) return std::string();
    ahead_bytes_ += got->first_bytes;
    if (ahead_bytes_ == 0) return std::string();
  }
  std::string line(reinterpret_cast<const char*>(ahead_.data()), ahead_bytes_);
  ahead_bytes_ = 0;
  const std::size_t comparable = std::min(line.size(), kY4mFrame.size());
  const bool starts_right = line.compare(0, comparable, kY4mFrame, 0, comparable) == 0;
  if (starts_right && line.back() == '\r') {
    return fail(kInput,
                "input byte {}: the header of frame {} ends in CR LF, not LF; a program changed the line "
                "ends, so write the video in binary mode",
                line_offset + kY4mFrame.size(), blocks_);
  }
  const bool goes_on_right = line.size() < ahead_.size() || line.back() == '\n' || line.back() == ' ';
  if (!starts_right || !goes_on_right) {
    return fail(kInput,
                "input byte {}: frame {} does not start with FRAME; the input is damaged, or the size in its "
                "header is "
                "wrong",
                line_offset, blocks_);
  }
  if (line.size() < ahead_.size()) return truncated();
  if (line.back() == '\n') return line;
  const auto end = read_line(source_, line);
  if (!end) return tl::unexpected(end.error());
  switch (*end) {
    case LineEnd::complete:
      return line;
    case LineEnd::stopped:
      return std::string();
    case LineEnd::ended:
      return truncated();
    case LineEnd::too_long:
      break;
  }
  return fail(kInput, "input byte {}: the header of frame {} is longer than {} bytes; the input is damaged",
              line_offset, blocks_, kY4mMaxLine);
}

Outcome<std::optional<BlockHead>> BlockReader::read(std::span<std::byte> target) {
  BlockHead head;
  std::span<std::byte> behind;
  if (is_video()) {
    auto line = read_frame_line();
    if (!line) return pass_on(line);
    if (line->empty()) return std::nullopt;
    head.frame_line = std::move(*line);
    behind = ahead_;
  }
  const auto got = source_.read(target.first(layout_.bytes), behind);
  if (!got) return tl::unexpected(got.error());
  if (got->stopped) return std::nullopt;
  ahead_bytes_ = got->second_bytes;
  head.bytes = got->first_bytes;
  if (got->ended) {
    if (is_video()) {
      return fail(kInput,
                  "input byte {}: the input ends inside frame {}, after {} of its {} bytes; the {} frames "
                  "before it were "
                  "complete",
                  source_.offset(), blocks_, got->first_bytes, layout_.bytes, blocks_);
    }
    if (head.bytes == 0) return std::nullopt;
  }
  ++blocks_;
  return head;
}

}  // namespace pmb::tool
