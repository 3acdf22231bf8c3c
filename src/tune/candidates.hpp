// SPDX-License-Identifier: MIT
// The candidates that calibration compares, and the steps by size that follow from the winners. No GL.
#pragma once

#include <cstdint>
#include <pmb/tune/transfer_plan.hpp>
#include <string>
#include <vector>

#include "plan/plan_rules.hpp"

namespace pmb::detail {

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

/// Every candidate for a size: the default first, then the simpler before the others.
std::vector<TransferStep> transfer_candidates(bool up, std::uint64_t size, const DeviceFacts& facts);

/// A traditional step goes through the ring where the raw GL call is not safe, and is named so.
std::string name_of(bool up, const TransferStep& step, const DeviceFacts& facts);

/// Adds the winner at a size larger than those before. Equal neighbours become one step.
void append(std::vector<TransferStep>& steps, std::uint64_t size, TransferStep step);
/// Larger sizes than those measured keep the defaults.
void append_defaults(std::vector<TransferStep>& steps, const TransferDirection& defaults);

}  // namespace pmb::detail
