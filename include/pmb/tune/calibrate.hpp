// SPDX-License-Identifier: MIT
// Measures the driver of a context: where its mappings lie, which model and path is fastest at each size, from which
// size on transfers take a ring, and with how many threads. For programs that ship without a profile; `pmb tune` is
// the same with a file and a progress line.
//
//   auto measured = pmb::calibrate(*context, {.budget = std::chrono::milliseconds(500)});   // while the game loads
//   if (measured) measured->profile.save(file);                                             // and next time:
//   options.profile = file;
//
// Units:   bytes, nanoseconds.
// Threads: the context's; copies are shared with those of Options::parallel_for.
// Memory:  up to eight times the size measured at that moment, a quarter of Context::memory_limit_bytes at most; given
//          back on return.
// Errors:  those of a context. Ways that fail or move wrong bytes are left out, with a warning in the log.
// GL:      buffers of its own, copies between them, fences. What programs see of GL's state is as for every call
//          of pmb: the COPY_READ and COPY_WRITE bindings change, nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <pmb/result.hpp>
#include <pmb/tune/profile.hpp>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace pmb {

class Context;

/// Where the driver says that a buffer lies.
enum class DriverMemory : std::uint8_t { unsaid, system, video };

/// Callbacks are called on the context's thread and must not throw.
struct CalibrateOptions {
  /// It ends about then, by one run of what it is at late; what was not reached keeps its defaults. Half a second
  /// finds placements and the sizes to 1 MiB; all of it takes 10 to 30 seconds.
  std::chrono::nanoseconds budget = std::chrono::seconds(25);
  /// No transfer or buffer beyond this is tried.
  std::uint64_t largest_bytes = std::uint64_t{256} << 20;
  /// Asked between runs: true ends it as if the time were up.
  std::function<bool()> stopped = {};
  /// Told what is being measured and how much is done, 0 to 1.
  std::function<void(double done, std::string_view what)> progress = {};
  /// Asked of each mapping that is probed. NVIDIA's driver tells in debug messages, which belong to the program.
  std::function<DriverMemory(std::uint32_t buffer)> driver_says = {};
};

/// One way at one size.
struct CalibrationCell {
  std::string work;  ///< "upload", "download", or the access and how often the GPU touches each byte.
  std::string way;   ///< "glBufferSubData", "coherent, direct", …
  std::uint64_t size_bytes = 0;
  double ns = 0;         ///< Median of one operation; 0: it was not timed.
  double spread_ns = 0;  ///< Half the distance of the quartiles.
  std::uint32_t runs = 0;
  bool verified = false;    ///< All of its bytes were right.
  bool is_default = false;  ///< What is done without a profile.
  bool chosen = false;
};

struct Calibration {
  Profile profile;
  std::vector<CalibrationCell> cells;  ///< In the order of measuring.
  bool complete = false;               ///< Everything that this context can do was reached.
  std::uint32_t wrong = 0;             ///< Ways that moved wrong bytes.
};

/// Measures, and puts the profile in force: for plans, rings and transfers from now on. Kept rings of transfers are made
/// anew; what the program has made stays as it is. Blocks for the budget. Statuses: wrong_context, context_lost,
/// out_of_memory.
Result<Calibration> calibrate(Context& context, const CalibrateOptions& options = {},
                              std::source_location where = std::source_location::current());

}  // namespace pmb
