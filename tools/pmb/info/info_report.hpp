// SPDX-License-Identifier: MIT
// The report of `pmb info`, gathered once, as text for people and as JSON for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <pmb/context.hpp>
#include <pmb/headless.hpp>
#include <pmb/plan.hpp>
#include <pmb/result.hpp>
#include <pmb/tune/profile.hpp>
#include <pmb/tune/transfer_plan.hpp>
#include <string>
#include <vector>

#include "common/gpu_options.hpp"

namespace pmb::tool {

/// One request to Context::plan and its result.
struct PlanAnswer {
  Access access;
  std::uint64_t size_bytes;
  std::uint32_t gpu_reads;
  Result<Plan> plan;
};

struct InfoReport {
  GpuInfo gpu;
  Driver driver;
  Limits limits;
  std::uint64_t memory_limit_bytes = 0;
  std::uint64_t mapped_bytes = 0;
  std::vector<Quirk> quirks;
  std::vector<PlanAnswer>
      plans;  ///< Each access at some sizes, each touched once and several times by the GPU.
  TransferPlan transfers;
  std::optional<Profile> profile;  ///< In force.
  std::string profile_file;        ///< That was looked for; "" where none was.
  Error profile_error;             ///< Why it is not in force.
};

InfoReport gather_info(const OpenGpu& gpu);

/// Lines of at most 100 columns, where no single word is longer.
std::string info_text(const InfoReport& report);
std::string gpu_list_text(const std::vector<GpuInfo>& gpus);

nlohmann::ordered_json info_json(const InfoReport& report);
nlohmann::ordered_json gpu_list_json(const std::vector<GpuInfo>& gpus);

}  // namespace pmb::tool
