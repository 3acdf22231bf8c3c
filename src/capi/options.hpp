// SPDX-License-Identifier: MIT
// Options of pmb.h as C++ takes them.
#pragma once

#include "capi/border.hpp"

namespace pmb::capi {

Options from_c(const pmb_options& given);
RingOptions from_c(const pmb_ring_options& given);

}  // namespace pmb::capi
