// SPDX-License-Identifier: MIT
// The kernels that pmb brings along: what each does to which plane of which format, and its GLSL.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/failure.hpp"
#include "frame_layout.hpp"

namespace pmb::tool {

enum class Builtin : std::uint8_t { copy, invert, grayscale, sobel, convolve, scale };

struct BuiltinKernel {
  Builtin id;
  std::string_view name;
  std::string_view summary;
  /// The effect on blocks of each format, indexed by PixelFormat; empty where the format is refused. All video
  /// formats share one effect.
  std::string_view effects[5];
  std::string_view source;
};

std::span<const BuiltinKernel> builtin_kernels() noexcept;
/// Null for other names.
const BuiltinKernel* find_builtin(std::string_view name) noexcept;
/// Empty where the kernel refuses the format.
std::string_view effect_on(const BuiltinKernel& kernel, PixelFormat format) noexcept;

/// The coefficients of `convolve`, row by row.
struct Convolution {
  static constexpr std::uint32_t kMaxSize = 15;
  std::uint32_t size = 0;  ///< Of a side; odd. 0: none given.
  std::vector<float> coefficients = {};
  float factor = 1;  ///< One over the divisor.
  float bias = 0;
};

/// What a user chooses for built-ins.
struct BuiltinParameters {
  Convolution convolution = {};
  float a = 1;  ///< `scale`: a * x + b.
  float b = 0;
};

/// "1,2,1;2,4,2;1,2,1". Failures: kUsage.
Outcome<Convolution> parse_convolution(std::string_view matrix, float divisor, float bias);

/// Failures: kUsage, with the formats that the built-in takes.
Outcome<void> check_format(const BuiltinKernel& kernel, PixelFormat format);

/// How often the GPU reads a byte of the input: for the plan.
std::uint32_t gpu_reads_of(Builtin builtin, const BuiltinParameters& parameters) noexcept;

}  // namespace pmb::tool
