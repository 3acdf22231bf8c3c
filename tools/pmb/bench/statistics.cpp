// SPDX-License-Identifier: MIT
// Medians by sorting.

#include "bench/statistics.hpp"

#include <algorithm>
#include <vector>

namespace pmb::tool::bench {
namespace {

double median_of_sorted(std::span<const double> sorted) {
  if (sorted.empty()) return 0;
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

}  // namespace

Statistics summarize(std::span<const double> samples) {
  if (samples.empty()) return {};
  std::vector<double> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  const std::span<const double> all(sorted);
  const std::size_t half = sorted.size() / 2;
  Statistics result{.median = median_of_sorted(all),
                    .first_quartile = sorted.front(),
                    .third_quartile = sorted.back(),
                    .least = sorted.front(),
                    .most = sorted.back(),
                    .samples = sorted.size()};
  if (half > 0) {
    result.first_quartile = median_of_sorted(all.first(half));
    result.third_quartile = median_of_sorted(all.last(half));
  }
  return result;
}

bool differ(const Statistics& a, const Statistics& b) noexcept {
  if (a.samples < kLeastSamples || b.samples < kLeastSamples) return false;
  return a.first_quartile > b.third_quartile || b.first_quartile > a.third_quartile;
}

}  // namespace pmb::tool::bench
