// SPDX-License-Identifier: MIT
// What the micro-benchmarks share: timing with a budget, and results in Google Benchmark's outer shape.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

/// Nanoseconds of one run: the median, and half the distance between the quartiles around it.
struct Timing {
  double median = 0;
  double spread = 0;
  std::size_t runs = 0;
};

inline Timing summarise(std::vector<double> times) {
  if (times.empty()) return {};
  std::sort(times.begin(), times.end());
  const auto at = [&](double part) {
    return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
  };
  return {at(0.5), (at(0.75) - at(0.25)) / 2, times.size()};
}

/// Runs `work` once to warm up, then again and again for `budget`, three times at least. Runs shorter than 20 µs
/// are timed in batches.
template <class Work>
Timing measure(std::chrono::nanoseconds budget, Work&& work) {
  const auto once = [&](std::size_t count) {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < count; ++i) work();
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count() /
           static_cast<double>(count);
  };
  const double first = once(1);
  const std::size_t batch = first < 20'000 ? static_cast<std::size_t>(20'000 / std::max(first, 20.0)) + 1 : 1;
  std::vector<double> times;
  const auto end = Clock::now() + budget;
  while (times.size() < 3 || (Clock::now() < end && times.size() < 10'000)) times.push_back(once(batch));
  return summarise(std::move(times));
}

/// One result; the caller adds what tells it from others.
inline nlohmann::ordered_json entry(std::string name, std::uint64_t size_bytes, const Timing& timing) {
  return {{"name", std::move(name)},
          {"run_type", "iteration"},
          {"iterations", timing.runs},
          {"size_bytes", size_bytes},
          {"real_time", timing.median},
          {"spread", timing.spread},
          {"time_unit", "ns"},
          {"gb_per_s", timing.median > 0 ? static_cast<double>(size_bytes) / timing.median : 0.0}};
}

inline std::string machine() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("model name")) {
      return line.substr(line.find(':') + 2) + ", " + std::to_string(std::thread::hardware_concurrency()) +
             " threads";
    }
  }
  return std::to_string(std::thread::hardware_concurrency()) + " threads";
}

inline std::string now() {
  char text[32] = {};
  const std::time_t seconds = std::time(nullptr);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&seconds));
  return text;
}

/// A line on stderr while the numbers go to stdout.
inline void note(const nlohmann::ordered_json& e) {
  std::fprintf(stderr, "%-64s %14.0f ns  ±%8.0f  %7.2f GB/s\n", e["name"].get<std::string>().c_str(),
               e["real_time"].get<double>(), e["spread"].get<double>(), e["gb_per_s"].get<double>());
}

}  // namespace bench
