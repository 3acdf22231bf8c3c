// SPDX-License-Identifier: MIT
// The trials of calibration: rings, pools and transfers of a second context on the same GL context, used as programs
// use them.
#pragma once

#include <cstdint>
#include <memory>
#include <pmb/result.hpp>
#include <pmb/tune/profile.hpp>
#include <pmb/tune/transfer_plan.hpp>

#include "tune/calibrator.hpp"
#include "tune/test_buffers.hpp"

namespace pmb::detail {

/// Marks the context's timeline and waits for it.
Result<void> finish(Context& context);

/// A profile that plans everything by `choice`.
Profile profile_of(const PlanChoice& choice);

/// A buffer of the work's access, used by `choice`. The test buffers have the work's size.
Result<std::unique_ptr<Trial>> make_plan_trial(ContextState& state, TestBuffers& buffers,
                                               const PlanWork& work, const PlanChoice& choice);

/// Transfers on a context that all such trials share, with its rings.
Result<std::unique_ptr<Trial>> make_transfer_trial(Context& transfers, TestBuffers& buffers, bool up,
                                                   const TransferDirection& direction);

}  // namespace pmb::detail
