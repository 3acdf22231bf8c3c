// SPDX-License-Identifier: MIT
// Parses the YUV4MPEG2 stream header.

#include "y4m.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace pmb::tool {
namespace {

std::optional<Chroma> chroma_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Chroma>, 9> kKnown = {{
      {"411", Chroma::s411},
      {"420", Chroma::s420},
      {"420jpeg", Chroma::s420},
      {"420paldv", Chroma::s420},
      {"420mpeg2", Chroma::s420},
      {"422", Chroma::s422},
      {"440", Chroma::s440},
      {"444", Chroma::s444},
      {"mono", Chroma::mono},
  }};
  for (const auto& [known, chroma] : kKnown) {
    if (name == known) return chroma;
  }
  return std::nullopt;
}

// "420p10" is three digits, "p" and the bits of a sample; "mono10" has no "p".
std::optional<VideoFormat> video_of(std::string_view name) {
  if (name == "444alpha") return VideoFormat{.chroma = Chroma::s444, .alpha = true};
  if (const auto chroma = chroma_of(name)) return VideoFormat{.chroma = *chroma};
  constexpr std::array<std::uint32_t, 5> kDeepBits = {9, 10, 12, 14, 16};
  for (const std::uint32_t bits : kDeepBits) {
    const std::string number = std::to_string(bits);
    if (name == "mono" + number) return VideoFormat{.chroma = Chroma::mono, .sample_bits = bits};
    if (name.size() < 4 || name.substr(3) != "p" + number) continue;
    if (const auto chroma = chroma_of(name.substr(0, 3))) return VideoFormat{*chroma, bits};
  }
  return std::nullopt;
}

std::optional<std::uint32_t> parse_size(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

// A ratio such as "25:1". "0:0" means unknown.
bool is_ratio(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == text.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i != colon && (text[i] < '0' || text[i] > '9')) return false;
  }
  return true;
}

struct Fields {
  std::optional<std::uint32_t> width;
  std::optional<std::uint32_t> height;
  VideoFormat video;
};

// One field of the header: a letter and its value. `at` is its offset.
Outcome<void> read_field(std::string_view field, std::size_t at, Fields& fields) {
  const std::string_view value = field.substr(1);
  const auto require = [&](bool right, std::string_view expected) -> Outcome<void> {
    if (right) return {};
    return fail(kInput, "input byte {}: the YUV4MPEG2 header field '{}' is not {}; the input is damaged", at,
                field, expected);
  };
  switch (field[0]) {
    case 'W':
      fields.width = parse_size(value);
      return require(fields.width.has_value(), "a width of 1 or more");
    case 'H':
      fields.height = parse_size(value);
      return require(fields.height.has_value(), "a height of 1 or more");
    case 'F':
      return require(is_ratio(value), "a frame rate such as F25:1");
    case 'A':
      return require(is_ratio(value), "an aspect ratio such as A1:1");
    case 'I':
      return require(value.size() == 1 && std::string_view("?ptbm").find(value[0]) != std::string_view::npos,
                     "an interlacing mode such as Ip");
    case 'C':
      if (const std::optional<VideoFormat> known = video_of(value)) {
        fields.video = *known;
        return {};
      }
      return fail(
          kInput,
          "input byte {}: the colour format {} is not supported; convert to 411, 420, 422, 440, 444 or mono "
          "of 8 to 16 bits, for example with ffmpeg -pix_fmt yuv420p",
          at, field);
    case 'X':
      return {};
    default:
      return require(false, "one of W, H, F, I, A, C and X");
  }
}

}  // namespace

Outcome<Y4mHeader> parse_y4m_header(std::string_view line) {
  if (!line.starts_with(kY4mMagic) || line.size() <= kY4mMagic.size() ||
      (line[kY4mMagic.size()] != ' ' && line[kY4mMagic.size()] != '\n')) {
    return fail(kInput,
                "input byte 0: this is not YUV4MPEG2 video; for raw data give --block BYTES, or --size WxH "
                "with --pixel");
  }
  if (line.back() != '\n') {
    return fail(kInput, "input byte {}: the YUV4MPEG2 header has no end; the input is cut off or damaged",
                line.size());
  }
  if (line.ends_with("\r\n")) {
    return fail(kInput,
                "input byte {}: the YUV4MPEG2 header ends in CR LF, not LF; a program changed the line ends, "
                "so write the video in binary mode",
                line.size() - 2);
  }
  Fields fields;
  std::size_t at = kY4mMagic.size();
  while ((at = line.find_first_not_of(" \n", at)) != std::string_view::npos) {
    const std::size_t end = line.find_first_of(" \n", at);
    if (auto read = read_field(line.substr(at, end - at), at, fields); !read) return pass_on(read);
    at = end;
  }
  if (!fields.width || !fields.height) {
    return fail(kInput, "input byte {}: the YUV4MPEG2 header ends without its {}; the input is damaged",
                line.size() - 1, fields.width ? "height (H)" : "width (W)");
  }
  auto layout = planar_layout(fields.video, *fields.width, *fields.height);
  if (!layout) return pass_on(layout);
  return Y4mHeader{std::string(line), *layout};
}

}  // namespace pmb::tool
