// SPDX-License-Identifier: MIT
// Built-in or file, with what belongs to each.

#include "kernel_choice.hpp"

#include <charconv>
#include <utility>

namespace pmb::tool {
namespace {

// The uniforms of `scale` are known without a compiler, so that the CPU reference knows them too.
Outcome<void> take_scale_uniforms(ChosenKernel& kernel) {
  for (const UniformAssignment& assignment : kernel.uniforms) {
    float* const target = assignment.name == "a"   ? &kernel.parameters.a
                          : assignment.name == "b" ? &kernel.parameters.b
                                                   : nullptr;
    if (target == nullptr || assignment.values.size() != 1) {
      return fail(kUsage, "the built-in scale uses: float a, float b; not {}", assignment.name);
    }
    const std::string& text = assignment.values[0];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *target);
    if (error != std::errc() || end != text.data() + text.size()) {
      return fail(kUsage, "--uniform {}: '{}' is not a number", assignment.name, assignment.values[0]);
    }
  }
  kernel.uniforms.clear();
  return {};
}

}  // namespace

void print_list() {
  for (const BuiltinKernel& kernel : builtin_kernels()) {
    fmt::print("{}: {}\n", kernel.name, kernel.summary);
    for (const PixelFormat format : {PixelFormat::yuv8, PixelFormat::gray8, PixelFormat::rgba8,
                                     PixelFormat::rgba32f, PixelFormat::raw}) {
      const std::string_view effect = effect_on(kernel, format);
      const std::string_view name = format == PixelFormat::yuv8 ? "video" : to_string(format);
      fmt::print("  {:8} {}\n", name, effect.empty() ? "refused" : effect);
    }
  }
}

Outcome<void> print_kernel(const std::string& name) {
  const BuiltinKernel* kernel = find_builtin(name);
  if (kernel == nullptr)
    return fail(kUsage, "--print-kernel: there is no built-in {}; see pmb stream --list", name);
  fmt::print("// {}: {}\n#if 0  // What pmb puts in front of every kernel.{}#endif\n\n{}", kernel->name,
             kernel->summary, kernel_prelude(), kernel->source);
  return {};
}

Outcome<ChosenKernel> choose_kernel(const StreamOptions& options) {
  if (options.kernel.empty()) {
    return fail(kUsage,
                "no kernel was named; give a file with a compute shader or a built-in (pmb stream --list)");
  }
  ChosenKernel kernel;
  for (const std::string& text : options.uniforms) {
    auto assignment = parse_uniform(text);
    if (!assignment) return pass_on(assignment);
    kernel.uniforms.push_back(std::move(*assignment));
  }
  kernel.builtin = find_builtin(options.kernel);
  if (kernel.builtin == nullptr) {
    if (options.verify)
      return fail(kUsage, "--verify knows built-ins only; compare {} with --check", options.kernel);
    auto source = read_kernel(options.kernel);
    if (!source) return pass_on(source);
    kernel.source = std::move(*source);
  } else {
    auto source = assemble_kernel(options.kernel, std::string(kernel.builtin->source));
    if (!source) return pass_on(source);
    kernel.source = std::move(*source);
    if (kernel.builtin->id == Builtin::scale) {
      if (auto taken = take_scale_uniforms(kernel); !taken) return pass_on(taken);
    } else if (!kernel.uniforms.empty()) {
      return fail(kUsage, "the built-in {} has no uniforms to set", options.kernel);
    }
    if (options.out_block_bytes != 0) {
      return fail(kUsage, "--out-block does not fit the built-in {}, which writes as much as it reads",
                  options.kernel);
    }
  }
  const bool convolves = kernel.builtin != nullptr && kernel.builtin->id == Builtin::convolve;
  if (convolves && options.matrix.empty()) {
    return fail(
        kUsage,
        "convolve needs its coefficients; give for example --matrix \"1,2,1;2,4,2;1,2,1\" --divisor 16");
  }
  if (!convolves && !options.matrix.empty())
    return fail(kUsage, "--matrix is for the built-in convolve only");
  if (convolves) {
    auto convolution = parse_convolution(options.matrix, options.divisor, options.bias);
    if (!convolution) return pass_on(convolution);
    kernel.parameters.convolution = std::move(*convolution);
  }
  return kernel;
}

}  // namespace pmb::tool
