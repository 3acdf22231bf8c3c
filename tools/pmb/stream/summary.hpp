// SPDX-License-Identifier: MIT
// The summary at the end of a stream, as text and as JSON.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "common/failure.hpp"

namespace pmb::tool {

struct StreamSummary {
  std::string kernel = {};
  std::string format = {};  ///< "raw", "rgba8", …
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool video = false;
  std::uint64_t block_bytes = 0;
  std::string path = {};
  std::string model = {};   ///< Empty on the traditional path, which maps nothing.
  std::string reason = {};  ///< Of the path.
  std::uint64_t blocks = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  double seconds = 0;
  std::uint64_t cpu_bytes_copied_per_block = 0;
  std::uint64_t fences = 0;
  std::uint64_t peak_rss_bytes = 0;
  std::uint32_t in_flight = 0;
  bool checked = false;   ///< With the traditional path.
  bool verified = false;  ///< With the CPU reference.
  std::string renderer = {};
  int exit_code = 0;
  std::string error = {};
};

/// Peak memory of this process.
std::uint64_t peak_rss_bytes() noexcept;

std::string summary_text(const StreamSummary& summary);
nlohmann::json summary_json(const StreamSummary& summary);

/// To a file, or to stderr for "-". Failures: kOutput.
Outcome<void> write_json(const std::string& file, const nlohmann::json& json);

}  // namespace pmb::tool
