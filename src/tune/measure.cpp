// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <numeric>
#include <pmb/tune/measure.hpp>
#include <random>
#include <vector>

namespace pmb::tune {
namespace {

double median_of_sorted(std::span<const double> sorted) {
  if (sorted.empty()) return 0;
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

}  // namespace

double now_ns() noexcept {
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Statistics summarize(std::span<const double> samples) {
  if (samples.empty()) return {};
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  const std::span<const double> all(sorted);
  const std::size_t half = sorted.size() / 2;
  return {.median = median_of_sorted(all),
          .first_quartile = half > 0 ? median_of_sorted(all.first(half)) : sorted.front(),
          .third_quartile = half > 0 ? median_of_sorted(all.last(half)) : sorted.back(),
          .least = sorted.front(),
          .most = sorted.back(),
          .samples = sorted.size()};
}

bool differ(const Statistics& a, const Statistics& b) noexcept {
  if (a.samples < kLeastSamples || b.samples < kLeastSamples) return false;
  return a.first_quartile > b.third_quartile || b.first_quartile > a.third_quartile;
}

std::uint32_t burst_length(double once_ns, double burst_ns, std::uint32_t least,
                           std::uint32_t most) noexcept {
  return static_cast<std::uint32_t>(std::clamp<double>(burst_ns / std::max(once_ns, 1.0), least, most));
}

void take_turns(std::size_t count, const TurnRules& rules,
                const std::function<bool(std::size_t candidate)>& turn) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::minstd_rand random;
  const double start = rules.now();
  for (std::uint32_t turns = 0; turns < rules.most_turns; ++turns) {
    const double now = rules.now();
    const std::uint32_t least =
        now - start < rules.long_ns ? rules.least_turns : std::min(rules.least_turns, kLeastSamples);
    if (turns >= least && now >= rules.end_ns) return;
    if (rules.shuffled) std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t candidate : order) {
      if (!turn(candidate)) return;
    }
  }
}

}  // namespace pmb::tune
