// SPDX-License-Identifier: MIT
// The lines of a kernel with its included files in place of the #include lines. No GL.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/failure.hpp"

namespace pmb::tool {

/// A line without its newline, and its place.
struct KernelLine {
  std::string text;
  std::string plain;     ///< The text with comments blanked out.
  std::size_t file = 0;  ///< Index into KernelFiles::names.
  int number = 0;        ///< From 1.
};

struct KernelFiles {
  std::vector<std::string> names;  ///< The kernel, then each included file once.
  std::vector<KernelLine> lines;
};

/// The text of a kernel or included file. Nothing if it cannot be read.
std::optional<std::string> read_text(const std::string& file);

/// Splits `text`, without its byte order mark, and replaces `#include "file"` by that file, as often as it is
/// included. A file's name is relative to the folder of the file that includes it. Failures: kKernel, for a
/// missing file, a cycle, or text that is not UTF-8.
Outcome<KernelFiles> expand_includes(const std::string& name, std::string_view text);

/// For "#  version 430", returns "version" and sets `rest`; for other lines, returns nothing.
std::string_view directive_of(std::string_view line, std::string_view& rest);

}  // namespace pmb::tool
