// SPDX-License-Identifier: MIT
// What frame_round_trip, duplex and conv2d share: the methods of a stream that goes up, through a kernel, and down.
#pragma once

#include "bench/methods/flow_method.hpp"
#include "bench/scenarios/scenario.hpp"

namespace pmb::tool::bench {

/// Answers a kernel for one method; made when the method is.
using KernelMaker = std::function<Outcome<FlowKernel>()>;

/// Adds the traditional methods, in the combinations that programs use, and pmb's. `gpu_reads`: how often the kernel
/// reads each byte of its input.
void add_flow_methods(const CaseSetup& setup, Case& work, const SharedSource& source, const FlowShape& shape,
                      std::uint32_t gpu_reads, const KernelMaker& kernel);

}  // namespace pmb::tool::bench
