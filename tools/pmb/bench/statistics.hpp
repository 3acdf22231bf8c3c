// SPDX-License-Identifier: MIT
// What is said about repeated measurements: the median, and the quartiles as its spread.
//
// Units: whatever the samples have; in the benchmark nanoseconds.
#pragma once

#include <cstddef>
#include <span>

namespace pmb::tool::bench {

/// Median and quartiles; quartiles are the medians of the lower and upper half, the middle one left out.
struct Statistics {
  double median = 0;
  double first_quartile = 0;
  double third_quartile = 0;
  double least = 0;
  double most = 0;
  std::size_t samples = 0;

  /// The interquartile range.
  double spread() const noexcept { return third_quartile - first_quartile; }
};

/// Of no samples: all zero.
Statistics summarize(std::span<const double> samples);

/// Fewer samples than this have no spread to speak of.
inline constexpr std::size_t kLeastSamples = 3;

/// True where the interquartile ranges do not touch: differences inside the spread are not ranked, and nothing of
/// fewer samples than kLeastSamples.
bool differ(const Statistics& a, const Statistics& b) noexcept;

}  // namespace pmb::tool::bench
