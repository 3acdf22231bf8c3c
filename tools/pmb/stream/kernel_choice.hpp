// SPDX-License-Identifier: MIT
// Finds the kernel that a command line names, and shows those that there are.
#pragma once

#include <string>
#include <vector>

#include "builtin_kernels.hpp"
#include "common/failure.hpp"
#include "kernel_program.hpp"
#include "kernel_source.hpp"
#include "stream_options.hpp"

namespace pmb::tool {

/// The kernel as asked for.
struct ChosenKernel {
  const BuiltinKernel* builtin = nullptr;  ///< Null for files.
  KernelSource source;
  BuiltinParameters parameters;
  std::vector<UniformAssignment> uniforms;  ///< Of files.
};

/// Failures: kUsage, kKernel.
Outcome<ChosenKernel> choose_kernel(const StreamOptions& options);

/// `--list`, to stdout.
void print_list();

/// `--print-kernel`, to stdout: a file that runs as it is. Failures: kUsage.
Outcome<void> print_kernel(const std::string& name);

}  // namespace pmb::tool
