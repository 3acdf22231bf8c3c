// SPDX-License-Identifier: MIT
// Text work on kernels: puts the prelude of the kernel contract (docs/kernels.md) into a compute shader, and
// maps a driver's messages to the files and lines of the user. No GL.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/failure.hpp"

namespace pmb::tool {

/// Declarations and helpers that every kernel sees.
std::string_view kernel_prelude() noexcept;

struct KernelSource {
  std::vector<std::string> files;  ///< The kernel's file, or "sobel" for a built-in; then included files.
  std::string assembled;           ///< The compiler's input.

  const std::string& name() const noexcept { return files.front(); }
};

/// Includes files, and puts the prelude after the kernel's #version and #extension lines. Without a #version,
/// it writes #version 430 core first. #line keeps files and line numbers right. Failures: kKernel, for a
/// #version without compute shaders and those of expand_includes.
Outcome<KernelSource> assemble_kernel(std::string name, std::string text);

/// Reads a file and assembles it. Failures: kUsage (unreadable), kKernel.
Outcome<KernelSource> read_kernel(const std::string& file);

/// A compiler's log with each line as "file:line: message", whichever of the known forms it came in; lines of
/// another form stay as they are. `files` are those of the KernelSource.
std::string map_compile_log(std::span<const std::string> files, std::string_view log);

}  // namespace pmb::tool
