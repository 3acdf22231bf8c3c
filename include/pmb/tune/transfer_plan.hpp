// SPDX-License-Identifier: MIT
// The plan of upload() and download() for each size: the crossovers between the raw GL calls and pmb's rings, the length of
// the chunks that CPU and GPU work on concurrently, and the threads that copy.
//
//   pmb::TransferPlan plan = context->transfer_plan();
//   for (pmb::TransferStep& step : plan.up.steps) step.threads = 1;
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
#include <pmb/detail/api.hpp>
#include <pmb/plan.hpp>
#include <string>
#include <vector>

namespace pmb {

/// The method for transfers up to a size.
struct TransferStep {
  std::uint64_t up_to_bytes = UINT64_MAX;  ///< The largest size of this step.
  /// Path::traditional: glBufferSubData and glGetBufferSubData, if the buffer allows them. Path::staged: a mapped ring.
  Path path = Path::staged;
  /// The longest GPU copy. Uploads begin and downloads end with shorter ones, of at least 512 KiB.
  std::uint64_t chunk_bytes = std::uint64_t{1} << 20;
  /// Threads that copy, the calling one included, as far as Options::parallel_for provides them.
  std::uint32_t threads = 1;

  friend bool operator==(const TransferStep&, const TransferStep&) = default;
};

/// One direction.
struct TransferDirection {
  /// By growing up_to_bytes; the last step has no limit.
  std::vector<TransferStep> steps = std::vector<TransferStep>(1);
  /// Mapped at the first transfer that needs it, and kept.
  std::uint64_t ring_bytes = std::uint64_t{8} << 20;
  std::optional<Model> model = {};  ///< Of that ring; empty: that of its plan.
  /// CPU copies of this size or more use streaming stores; 0: the defaults of copy.hpp.
  std::uint64_t streaming_from_bytes = 0;
  /// Reads from the mapping are slow (write-combined memory, or VRAM): copies use streaming loads.
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
  /// The ring of pending downloads (download_async), mapped at the first one.
  std::uint64_t pending_bytes = std::uint64_t{32} << 20;
  const char* reason = "transfers: given by the caller";  ///< Its source; a literal.

  /// Whether each direction has steps of growing size, the last without limit; paths are traditional or staged; chunks are
  /// multiples of 64 KiB and at most a quarter of the ring; threads are at least 1; and pending_bytes is not 0.
  PMB_API bool usable() const noexcept;
  /// One line a step. Allocates.
  PMB_API std::string describe() const;
};

}  // namespace pmb
