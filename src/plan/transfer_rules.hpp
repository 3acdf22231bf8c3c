// SPDX-License-Identifier: MIT
// The transfer plans of drivers that nobody has measured. No GL.
//
// Order:   what the caller forces (Options::transfer, Options::path), then a measured profile (whoever measures hands its
//          plan in as Options::transfer), then these.
#pragma once

#include <cstdint>
#include <optional>
#include <pmb/tune/transfer_plan.hpp>

namespace pmb::detail {

/// What the default rests on.
enum class TransferKind : std::uint8_t {
  software,  ///< GL's own call is one memcpy: nothing can beat it, and it beats nothing.
  nvidia,    ///< Small updates travel in the command stream; large ones are one thread's memcpy.
  mesa,      ///< Hardware drivers of Mesa: small updates go through a ring of the driver's own.
  other,
};

/// `slow_reads`: readback mappings are write-combined on this driver.
TransferPlan default_transfer_plan(TransferKind kind, bool slow_reads);

/// Every size by one path.
void force_path(TransferDirection& way, Path path);

}  // namespace pmb::detail
