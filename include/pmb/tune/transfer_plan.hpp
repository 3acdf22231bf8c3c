// SPDX-License-Identifier: MIT
// Which way upload() and download() take at each size: the crossovers between GL's own calls and pmb's rings, the
// length of the chunks that CPU and GPU work on at the same time, and the threads that copy.
//
//   pmb::TransferPlan plan = context->transfer_plan();             // what is in force
//   for (const pmb::TransferStep& step : plan.up.steps) …
//   options.transfer = plan;                                       // forces it on the next context
//
// Units:   bytes.
// Threads: values only.
// Memory:  a few vectors.
// Errors:  none; Context::from_current refuses a plan that is not usable().
// GL:      none.
#pragma once

#include <cstdint>
#include <optional>
#include <pmb/plan.hpp>
#include <string>
#include <vector>

namespace pmb {

/// What is done with transfers of up to a size.
struct TransferStep {
  std::uint64_t up_to_bytes = UINT64_MAX;  ///< The greatest size that takes this step.
  /// Path::traditional: glBufferSubData and glGetBufferSubData, where the buffer takes them. Path::staged: through a
  /// mapped ring.
  Path path = Path::staged;
  std::uint64_t chunk_bytes = std::uint64_t{1}
                              << 20;  ///< Of one GPU copy; on the way down, of one fence too.
  std::uint32_t threads =
      1;  ///< That copy, the calling one included, where Options::parallel_for lends some.

  friend bool operator==(const TransferStep&, const TransferStep&) = default;
};

/// One direction.
struct TransferDirection {
  /// By growing up_to_bytes; the last one takes all the rest.
  std::vector<TransferStep> steps = std::vector<TransferStep>(1);
  std::uint64_t ring_bytes = std::uint64_t{8}
                             << 20;  ///< Mapped at the first transfer that needs it, and kept.
  std::optional<Model> model = {};   ///< Of that ring; else that of its plan.
  /// CPU stores go past the caches from this size on; 0 for the defaults of copy.hpp.
  std::uint64_t streaming_from_bytes = 0;
  /// The mapping reads slowly (write-combined, or in GPU memory): loads are streamed.
  bool slow_reads = false;

  /// The step for a transfer of this size.
  const TransferStep& step_for(std::uint64_t size_bytes) const noexcept {
    std::size_t i = 0;
    while (i + 1 < steps.size() && size_bytes > steps[i].up_to_bytes) ++i;
    return steps[i];
  }
  friend bool operator==(const TransferDirection&, const TransferDirection&) = default;
};

struct TransferPlan {
  TransferDirection up;
  TransferDirection down;
  /// Of the ring that unfinished downloads lie in (download_async), mapped at the first one.
  std::uint64_t pending_bytes = std::uint64_t{32} << 20;
  const char* reason = "transfers: given by the caller";  ///< Where it comes from; a literal.

  /// At least one step each, by growing size, the last without limit; paths traditional or staged; chunks multiples of
  /// 64 KiB and at most a quarter of their ring; one thread or more.
  bool usable() const noexcept;
  /// A line a step. Allocates.
  std::string describe() const;
};

}  // namespace pmb
