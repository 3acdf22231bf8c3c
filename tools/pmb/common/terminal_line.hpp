// SPDX-License-Identifier: MIT
// One line on the terminal of stderr that is drawn again and again.
#pragma once

#include <string>
#include <string_view>

namespace pmb::tool {

/// At most `columns` characters of a text, none cut in the middle.
std::string_view fitted(std::string_view text, std::size_t columns);

/// Replaces the line by `text`, as much as fits the present width. A longer line would wrap and stay.
void draw_line(std::string_view text);
void clear_line();

}  // namespace pmb::tool
