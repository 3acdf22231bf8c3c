// SPDX-License-Identifier: MIT
// Measures the driver of a context and makes a Profile: the placements of mappings, and for transfers the sizes from which
// rings pay, their chunks and their threads. For programs that run without `pmb tune`, which does the same.
//
//   auto measured = pmb::calibrate(*context, {.budget = std::chrono::milliseconds(500)});   // while the game loads
//   if (measured) measured->profile.save(file);
//   options.profile = file;                                                                 // at the next start
//
// Units:   bytes, nanoseconds.
// Threads: the context's. Copies also use the threads of Options::parallel_for.
// Memory:  about 90 MiB, most of it rings, and 4 times the size measured; freed on return. Sizes that would not fit into
//          Context::memory_limit_bytes are not measured.
// Errors:  those of a context. A candidate that fails or moves wrong bytes is left out, with a warning in the log.
// GL:      buffers, copies between them, and fences. Changes the COPY_READ and COPY_WRITE bindings, as every call of
//          pmb does, and no other GL state.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <pmb/detail/api.hpp>
#include <pmb/result.hpp>
#include <pmb/tune/profile.hpp>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace pmb {

class Context;

/// The placement of a buffer, as reported by the driver.
enum class ReportedMemory : std::uint8_t { unknown, system, video };

/// Callbacks run on the context's thread and must not throw.
struct CalibrateOptions {
  /// A soft limit: calibration overruns it by at most one run of one candidate. Whatever was not measured keeps its
  /// default. Half a second measures placements and small sizes; everything takes 10 to 25 seconds.
  std::chrono::nanoseconds budget = std::chrono::seconds(25);
  /// Larger sizes are not measured; 16 MiB is the largest in any case.
  std::uint64_t largest_bytes = std::uint64_t{16} << 20;
  /// Polled between runs. Returning true ends calibration as the budget does.
  std::function<bool()> stopped = {};
  /// Receives the part that is done, 0 to 1, and the name of the next work.
  std::function<void(double done, std::string_view what)> progress = {};
  /// Called for each probed mapping. NVIDIA's driver reports placements in debug messages, which belong to the program.
  std::function<ReportedMemory(std::uint32_t buffer)> reported_memory = {};
};

/// The figures of one candidate at one size.
struct CalibrationCell {
  std::string work;       ///< "upload" or "download".
  std::string candidate;  ///< "glBufferSubData", "ring, chunks of 256 KiB, 1 thread", …
  std::uint64_t size_bytes = 0;
  double ns = 0;         ///< Median of one operation; 0: not timed.
  double spread_ns = 0;  ///< Half of the interquartile range.
  std::uint32_t runs = 0;
  bool verified = false;    ///< All its bytes were right.
  bool is_default = false;  ///< Used without a profile.
  bool chosen = false;
};

struct Calibration {
  Profile profile;
  std::vector<CalibrationCell> cells;  ///< In the order of measuring.
  bool complete = false;               ///< Every size was measured.
  std::uint32_t wrong = 0;             ///< Candidates that moved wrong bytes.
};

/// Measures, and applies the profile to all later plans, rings and transfers of this context. Transfers make their
/// rings anew; the program's objects stay as they are. Blocks for the budget. Statuses: wrong_context, context_lost,
/// out_of_memory.
[[nodiscard]] PMB_API Result<Calibration> calibrate(
    Context& context, const CalibrateOptions& options = {},
    std::source_location where = std::source_location::current());

}  // namespace pmb
