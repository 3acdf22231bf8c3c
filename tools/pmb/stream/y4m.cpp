// SPDX-License-Identifier: MIT
// Parses the YUV4MPEG2 stream header.

#include "y4m.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace pmb::tool {
namespace {

std::optional<Chroma> chroma_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Chroma>, 7> kKnown = {{
      {"420", Chroma::s420},
      {"420jpeg", Chroma::s420},
      {"420paldv", Chroma::s420},
      {"420mpeg2", Chroma::s420},
      {"422", Chroma::s422},
      {"444", Chroma::s444},
      {"mono", Chroma::mono},
  }};
  for (const auto& [known, chroma] : kKnown) {
    if (name == known) return chroma;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> parse_size(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

// "25:1"; 0:0 stands for unknown.
bool is_ratio(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == text.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i != colon && (text[i] < '0' || text[i] > '9')) return false;
  }
  return true;
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
  std::optional<std::uint32_t> width;
  std::optional<std::uint32_t> height;
  Chroma chroma = Chroma::s420;

  std::size_t at = kY4mMagic.size();
  while (at < line.size()) {
    if (line[at] == ' ' || line[at] == '\n') {
      ++at;
      continue;
    }
    const std::size_t end = line.find_first_of(" \n", at);
    const std::string_view field = line.substr(at, end - at);
    const std::string_view value = field.substr(1);
    const auto malformed = [&](std::string_view expected) {
      return fail(kInput, "input byte {}: the YUV4MPEG2 header field '{}' is not {}; the input is damaged",
                  at, field, expected);
    };
    switch (field[0]) {
      case 'W':
        width = parse_size(value);
        if (!width) return malformed("a width of 1 or more");
        break;
      case 'H':
        height = parse_size(value);
        if (!height) return malformed("a height of 1 or more");
        break;
      case 'F':
        if (!is_ratio(value)) return malformed("a frame rate such as F25:1");
        break;
      case 'A':
        if (!is_ratio(value)) return malformed("an aspect ratio such as A1:1");
        break;
      case 'I':
        if (value.size() != 1 || std::string_view("?ptbm").find(value[0]) == std::string_view::npos) {
          return malformed("an interlacing mode such as Ip");
        }
        break;
      case 'C': {
        const std::optional<Chroma> known = chroma_of(value);
        if (!known) {
          return fail(
              kInput,
              "input byte {}: the colour format {} is not supported; convert to 8-bit 420, 422, 444 or mono, "
              "for example with ffmpeg -pix_fmt yuv420p",
              at, field);
        }
        chroma = *known;
        break;
      }
      case 'X':
        break;
      default:
        return malformed("one of W, H, F, I, A, C and X");
    }
    at = end;
  }
  if (!width || !height) {
    return fail(kInput, "input byte {}: the YUV4MPEG2 header ends without its {}; the input is damaged",
                line.size() - 1, width ? "height (H)" : "width (W)");
  }
  auto layout = planar_layout(chroma, *width, *height);
  if (!layout) return pass_on(layout);
  return Y4mHeader{std::string(line), *layout};
}

}  // namespace pmb::tool
