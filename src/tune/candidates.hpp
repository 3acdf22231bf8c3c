// SPDX-License-Identifier: MIT
// The candidates that calibration compares, and the steps by size that follow from the winners. No GL.
#pragma once

#include <cstdint>
#include <pmb/tune/profile.hpp>
#include <pmb/tune/transfer_plan.hpp>
#include <string>
#include <vector>

#include "plan/plan_rules.hpp"

namespace pmb::detail {

/// One use of a buffer of this size: written, read, or both.
struct PlanWork {
  Access access = Access::sequential_write;
  std::uint32_t gpu_reads = 1;
  std::uint64_t size_bytes = 0;
};

/// The facts that limit the candidates.
struct DeviceFacts {
  DriverTraits driver;
  TransferPlan transfers;           ///< The defaults of this driver.
  bool sub_data_ok = true;          ///< glBufferSubData is safe on the program's buffers.
  bool get_sub_data_ok = true;      ///< glGetBufferSubData is.
  std::uint32_t threads = 1;        ///< A copy may use this many.
  std::uint64_t largest_bytes = 0;  ///< Memory allows no larger size.
};

/// The longest chunk that is tried, and the ring that it needs.
inline constexpr std::uint64_t kLongestChunk = std::uint64_t{4} << 20;
inline constexpr std::uint64_t kRingBytes = 4 * kLongestChunk;

/// Every candidate for a work: the default first, then the simpler before the others. Candidates that differ only in
/// CLIENT_STORAGE are left out if `found` places both mappings alike.
std::vector<PlanChoice> plan_candidates(const PlanWork& work, const DriverTraits& driver,
                                        const AccessProfile& found);
std::vector<TransferStep> transfer_candidates(bool up, std::uint64_t size, const DeviceFacts& facts);

std::string name_of(const PlanChoice& choice);
/// A traditional step goes through the ring where the raw GL call is not safe, and is named so.
std::string name_of(bool up, const TransferStep& step, const DeviceFacts& facts);

/// Adds the winners at a size larger than those before. Equal neighbours become one step.
void append(std::vector<PlanStep>& steps, std::uint64_t size, const PlanChoice& once, const PlanChoice& many);
void append(std::vector<TransferStep>& steps, std::uint64_t size, TransferStep step);
/// Larger sizes than those measured keep the defaults.
void append_defaults(std::vector<TransferStep>& steps, const TransferDirection& defaults);

}  // namespace pmb::detail
