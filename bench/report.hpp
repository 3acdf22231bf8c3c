// SPDX-License-Identifier: MIT
// Options and results of the micro-benchmarks: JSON in Google Benchmark's outer shape on stdout, a table on stderr.
#pragma once

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iostream>
#include <nlohmann/json.hpp>
#include <pmb/tune/measure.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace bench {

/// An option with one value, and the function that takes it.
using Option = std::pair<std::string_view, std::function<void(const char* value)>>;

/// False, after printing the usage, if the arguments are no such options.
inline bool read_options(int argc, char** argv, const char* usage, std::initializer_list<Option> options) {
  for (int i = 1; i < argc; i += 2) {
    const Option* found = nullptr;
    for (const Option& option : options) {
      if (option.first == argv[i]) found = &option;
    }
    if (!found || i + 1 == argc) {
      std::fprintf(stderr, "usage: %s\n", usage);
      return false;
    }
    found->second(argv[i + 1]);
  }
  return true;
}

inline std::string machine() {
  const std::string threads = std::to_string(std::thread::hardware_concurrency()) + " threads";
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2) + ", " + threads;
  }
  return threads;
}

class Report {
 public:
  explicit Report(const char* executable) {
    char date[32] = {};
    const std::time_t seconds = std::time(nullptr);
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&seconds));
    json_["context"] = {{"date", date}, {"executable", executable}, {"machine", machine()}};
    json_["benchmarks"] = nlohmann::ordered_json::array();
  }

  nlohmann::ordered_json& context() { return json_["context"]; }

  /// Adds one result and prints its line. `more` holds the members that identify it.
  void add(const std::string& name, std::uint64_t size_bytes, const pmb::tune::Statistics& times,
           const nlohmann::ordered_json& more) {
    const double rate = times.median > 0 ? static_cast<double>(size_bytes) / times.median : 0.0;
    nlohmann::ordered_json entry = {{"name", name},
                                    {"run_type", "iteration"},
                                    {"iterations", times.samples},
                                    {"size_bytes", size_bytes},
                                    {"real_time", times.median},
                                    {"spread", times.spread() / 2},
                                    {"time_unit", "ns"},
                                    {"gb_per_s", rate}};
    entry.update(more);
    std::fprintf(stderr, "%-64s %14.0f ns  ±%8.0f  %7.2f GB/s\n", name.c_str(), times.median,
                 times.spread() / 2, rate);
    json_["benchmarks"].push_back(std::move(entry));
  }

  void print() const { std::cout << json_.dump(1) << '\n'; }

 private:
  nlohmann::ordered_json json_;
};

}  // namespace bench
