// SPDX-License-Identifier: MIT
// Plans as pmb.h has them.
#pragma once

#include <pmb/tune/transfer_plan.hpp>

#include "capi/border.hpp"

namespace pmb::capi {

pmb_plan to_c(const Plan& plan) noexcept;
TransferPlan from_c(const pmb_transfer_plan& plan);

}  // namespace pmb::capi
