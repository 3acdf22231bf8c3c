// SPDX-License-Identifier: MIT
// The ways that calibration compares, and steps by size from what won. No GL.
#pragma once

#include <cstdint>
#include <pmb/tune/profile.hpp>
#include <pmb/tune/transfer_plan.hpp>
#include <string>
#include <utility>
#include <vector>

#include "plan/plan_rules.hpp"

namespace pmb::detail {

/// One use of a buffer of this size: filled, read, or both.
struct PlanWork {
  Access access = Access::sequential_write;
  std::uint32_t gpu_reads = 1;
  std::uint64_t size_bytes = 0;
};

/// What decides which ways there are.
struct DeviceFacts {
  DriverTraits driver;
  TransferPlan transfers;           ///< The defaults of this driver.
  bool updates_by_gl = true;        ///< glBufferSubData may be used on the program's buffers.
  bool reads_by_gl = true;          ///< glGetBufferSubData may.
  std::uint32_t threads = 1;        ///< That a copy may have.
  std::uint64_t largest_bytes = 0;  ///< That memory allows.
};

/// The longest chunk that is tried, and the ring that it needs.
inline constexpr std::uint64_t kLongestChunk = std::uint64_t{4} << 20;
inline constexpr std::uint64_t kRingBytes = 4 * kLongestChunk;

/// Every way of a work, the default first, then the simpler before the others. `found` tells whether the flag leads
/// elsewhere.
std::vector<PlanChoice> plan_ways(const PlanWork& work, const DriverTraits& driver,
                                  const AccessProfile& found);
std::vector<TransferStep> transfer_ways(bool up, std::uint64_t size, const DeviceFacts& facts);

std::string name_of(const PlanChoice& choice);
/// Where GL may not be asked (updates_by_gl, reads_by_gl) what it would do goes through the ring.
std::string name_of(bool up, const TransferStep& step, const DeviceFacts& facts);

/// Adds what won at a size, larger than those before. Neighbours that are alike become one step.
void append(std::vector<PlanStep>& steps, std::uint64_t size, const PlanChoice& once, const PlanChoice& many);

using FoundSteps = std::vector<std::pair<std::uint64_t, TransferStep>>;
/// The same for transfers, all at once; where the measurement did not reach the largest size the defaults go on.
std::vector<TransferStep> steps_of(const FoundSteps& found, bool complete, const TransferDirection& defaults);

}  // namespace pmb::detail
