// SPDX-License-Identifier: MIT
// Shared by frame_round_trip, duplex and conv2d: the methods of a stream that goes up, through a kernel, and down.
#pragma once

#include "bench/methods/flow_method.hpp"
#include "bench/scenarios/scenario.hpp"

namespace pmb::tool::bench {

/// Makes the kernel of one method, together with the method.
using KernelMaker = std::function<Outcome<FlowKernel>()>;

/// Adds the usual combinations of traditional methods, and pmb's. The kernel reads each input byte `gpu_reads` times.
void add_flow_methods(const CaseSetup& setup, Case& work, const SharedSource& source, const FlowShape& shape,
                      std::uint32_t gpu_reads, const KernelMaker& kernel);

}  // namespace pmb::tool::bench
