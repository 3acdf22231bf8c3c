// SPDX-License-Identifier: MIT
// Formats summaries.

#include "summary.hpp"

#include <sys/resource.h>

#include <cstdio>
#include <fstream>

#include "common/units.hpp"

namespace pmb::tool {
namespace {

double per_second(double value, double seconds) {
  return seconds > 0 ? value / seconds : 0;
}

}  // namespace

std::uint64_t peak_rss_bytes() noexcept {
  struct rusage usage = {};
  constexpr std::uint64_t kKibibyte = 1024;  // The unit of ru_maxrss on Linux.
  return getrusage(RUSAGE_SELF, &usage) == 0 ? static_cast<std::uint64_t>(usage.ru_maxrss) * kKibibyte : 0;
}

std::string summary_text(const StreamSummary& summary) {
  const char* noun = summary.video ? "frame" : "block";
  const char* plural = summary.blocks == 1 ? "" : "s";
  std::string text = fmt::format(
      "{}: {} {}{}, {} in, {} out, {:.2f} s: {:.1f} {}s/s, {} in, {} out\n", summary.kernel, summary.blocks,
      noun, plural, bytes_text(summary.bytes_in), bytes_text(summary.bytes_out), summary.seconds,
      per_second(static_cast<double>(summary.blocks), summary.seconds), noun,
      rate_text(summary.bytes_in, summary.seconds), rate_text(summary.bytes_out, summary.seconds));
  text += fmt::format("{} path{} ({})\n", summary.path,
                      summary.model.empty() ? "" : ", " + summary.model + " model", summary.reason);
  text += fmt::format("{}; {} in flight, {} copied by the CPU for a {}, {} fences, {} of memory at most\n",
                      summary.renderer, summary.in_flight, bytes_text(summary.cpu_bytes_copied_per_block),
                      noun, summary.fences, bytes_text(summary.peak_rss_bytes));
  if (summary.checked) {
    text += fmt::format("checked: {} {}{} equal to the traditional path, byte for byte\n", summary.blocks,
                        noun, plural);
  }
  if (summary.verified) {
    text += fmt::format("verified: {} {}{} equal to the CPU reference, byte for byte\n", summary.blocks, noun,
                        plural);
  }
  return text;
}

nlohmann::json summary_json(const StreamSummary& summary) {
  nlohmann::json json = {
      {"kernel", summary.kernel},
      {"format", summary.format},
      {"width", summary.width},
      {"height", summary.height},
      {"video", summary.video},
      {"block_bytes", summary.block_bytes},
      {"path", summary.path},
      {"model", summary.model.empty() ? nlohmann::json() : nlohmann::json(summary.model)},
      {"plan_reason", summary.reason},
      {"blocks", summary.blocks},
      {"bytes_in", summary.bytes_in},
      {"bytes_out", summary.bytes_out},
      {"seconds", summary.seconds},
      {"blocks_per_second", per_second(static_cast<double>(summary.blocks), summary.seconds)},
      {"megabytes_per_second_in", per_second(static_cast<double>(summary.bytes_in) / 1e6, summary.seconds)},
      {"megabytes_per_second_out", per_second(static_cast<double>(summary.bytes_out) / 1e6, summary.seconds)},
      {"cpu_bytes_copied_per_block", summary.cpu_bytes_copied_per_block},
      {"fences", summary.fences},
      {"peak_rss_bytes", summary.peak_rss_bytes},
      {"in_flight", summary.in_flight},
      {"checked", summary.checked},
      {"checked_blocks", summary.checked ? summary.blocks : 0},
      {"verified", summary.verified},
      {"verified_blocks", summary.verified ? summary.blocks : 0},
      {"renderer", summary.renderer},
      {"exit_code", summary.exit_code},
  };
  if (!summary.error.empty()) json["error"] = summary.error;
  return json;
}

Outcome<void> write_json(const std::string& file, const nlohmann::json& json) {
  constexpr int kIndent = 2;
  // Names of files and drivers need not be UTF-8.
  const std::string text = json.dump(kIndent, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (file == "-") {
    fmt::print(stderr, "{}", text);
    return {};
  }
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) return fail(kOutput, "the summary could not be written to {}", file);
  return {};
}

}  // namespace pmb::tool
