// SPDX-License-Identifier: MIT
// Text work on kernels: puts the prelude of the kernel contract (docs/kernels.md) into a compute shader and
// leads a driver's messages back to the kernel's own lines. No GL.
#pragma once

#include <string>
#include <string_view>

#include "common/failure.hpp"

namespace pmb::tool {

/// Declarations and helpers that every kernel sees.
std::string_view kernel_prelude() noexcept;

struct KernelSource {
  std::string name;       ///< As messages begin: the file's name, or "sobel" for a built-in.
  std::string text;       ///< The kernel as written.
  std::string assembled;  ///< What the compiler gets.
};

/// Puts the prelude behind the kernel's #version and #extension lines, or behind a #version 430 core of its
/// own, and keeps line numbers right with #line. Failures: kKernel for a #version without compute shaders.
Outcome<KernelSource> assemble_kernel(std::string name, std::string text);

/// Reads a file and assembles it. Failures: kUsage (unreadable), kKernel.
Outcome<KernelSource> read_kernel(const std::string& file);

/// A compiler's log with each line as "name:line: message", whichever of the known forms it came in; lines of
/// another form stay as they are.
std::string map_compile_log(std::string_view name, std::string_view log);

}  // namespace pmb::tool
