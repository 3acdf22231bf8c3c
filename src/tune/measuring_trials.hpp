// SPDX-License-Identifier: MIT
// The ways that calibration compares, each on rings, pools or transfers of a context of its own: what is timed is what
// programs call.
#pragma once

#include <cstdint>
#include <memory>
#include <pmb/result.hpp>
#include <pmb/tune/profile.hpp>
#include <pmb/tune/transfer_plan.hpp>

#include "tune/calibration.hpp"
#include "tune/measuring_ground.hpp"

namespace pmb::detail {

/// A profile by which everything is planned as `choice` has it.
Profile profile_of(const PlanChoice& choice);

/// A buffer of this access used as `choice` has it. The ground is prepared for the work's size.
Result<std::unique_ptr<detail::Trial>> make_plan_trial(ContextState& state, MeasuringGround& ground,
                                                       const detail::PlanWork& work,
                                                       const PlanChoice& choice);

/// Transfers on `transfers`, which all such trials share with its rings.
Result<std::unique_ptr<detail::Trial>> make_transfer_trial(Context& transfers, MeasuringGround& ground,
                                                           bool up, const TransferDirection& way);

}  // namespace pmb::detail
