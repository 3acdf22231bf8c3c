// SPDX-License-Identifier: MIT
// What `pmb info` shows, gathered, and as JSON.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "info/info_report.hpp"

namespace pmb::tool {
namespace {

using Json = nlohmann::ordered_json;

// A small update, a frame, and more than any cache or aperture.
constexpr std::uint64_t kPlanSizes[] = {std::uint64_t{4} << 10, std::uint64_t{8} << 20,
                                        std::uint64_t{256} << 20};
constexpr std::uint32_t kPlanReads[] = {1, 8};

// The spelling of the C++ enumerators: no blanks, as scripts like them.
std::string identifier(std::string text) {
  std::replace(text.begin(), text.end(), ' ', '_');
  return text;
}

Json gpu_json(const GpuInfo& gpu) {
  return {{"index", gpu.index},
          {"name", gpu.name},
          {"driver", gpu.driver},
          {"device_path", gpu.device_path},
          {"software", gpu.software}};
}

Json plan_json(const PlanAnswer& answer) {
  Json json = {{"access", identifier(to_string(answer.access))},
               {"size_bytes", answer.size_bytes},
               {"gpu_reads", answer.gpu_reads}};
  if (!answer.plan) {
    json["error"] = to_string(answer.plan.error().id);
    json["message"] = answer.plan.error().message();
    return json;
  }
  const Plan& plan = *answer.plan;
  json["model"] = identifier(to_string(plan.model));
  json["path"] = identifier(to_string(plan.path));
  json["storage_flags"] = flag_names(plan.storage_flags);
  json["map_flags"] = flag_names(plan.map_flags);
  json["reasons"] = Json::array();
  for (const char* reason : plan.reasons) {
    if (reason != nullptr) json["reasons"].push_back(reason);
  }
  return json;
}

// Without and with CLIENT_STORAGE.
Json placements_json(const Profile& profile) {
  Json json;
  for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
    for (const bool client : {false, true}) {
      json[identifier(to_string(access))].push_back(to_string(profile.mapping(access, client).placement));
    }
  }
  return json;
}

Json transfers_json(const TransferDirection& way) {
  Json json = {{"ring_bytes", way.ring_bytes}, {"slow_reads", way.slow_reads}, {"steps", Json::array()}};
  for (const TransferStep& step : way.steps) {
    Json entry;
    // The last step has no limit.
    if (step.up_to_bytes != UINT64_MAX) entry["up_to_bytes"] = step.up_to_bytes;
    entry["path"] = identifier(to_string(step.path));
    if (step.path != Path::traditional) {
      entry["chunk_bytes"] = step.chunk_bytes;
      entry["threads"] = step.threads;
    }
    json["steps"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

InfoReport gather_info(const OpenGpu& gpu) {
  InfoReport report;
  report.gpu = gpu.headless.gpu();
  report.driver = gpu.context.driver();
  report.limits = gpu.context.limits();
  report.memory_limit_bytes = gpu.context.memory_limit_bytes();
  report.mapped_bytes = gpu.context.mapped_bytes();
  report.quirks = gpu.context.quirks();
  for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
    for (const std::uint32_t reads : kPlanReads) {
      for (const std::uint64_t size : kPlanSizes) {
        report.plans.push_back({access, size, reads, gpu.context.plan(access, size, reads)});
      }
    }
  }
  report.transfers = gpu.context.transfer_plan();
  if (const Profile* const profile = gpu.context.profile()) report.profile = *profile;
  report.profile_file = pmb::profile_file(gpu.context);
  report.profile_error = gpu.context.profile_error();
  return report;
}

Json info_json(const InfoReport& report) {
  const Limits& limits = report.limits;
  const Driver& driver = report.driver;
  Json json;
  json["gpu"] = gpu_json(report.gpu);
  json["driver"] = {{"vendor", driver.vendor},  {"renderer", driver.renderer}, {"version", driver.version},
                    {"kind", driver.kind},      {"mesa", driver.mesa},         {"software", driver.software},
                    {"release", driver.release}};
  json["features"] = {
      {"buffer_storage", limits.buffer_storage},         {"direct_state_access", limits.direct_state_access},
      {"memory_barrier", limits.memory_barrier},         {"compute", limits.compute},
      {"reset_notification", limits.reset_notification}, {"no_error", limits.no_error}};
  json["limits"] = {{"gl_major", limits.gl_major},
                    {"gl_minor", limits.gl_minor},
                    {"gles", limits.gles},
                    {"core_profile", limits.core_profile},
                    {"uniform_offset_alignment", limits.uniform_offset_alignment},
                    {"storage_offset_alignment", limits.storage_offset_alignment},
                    {"texture_offset_alignment", limits.texture_offset_alignment},
                    {"map_alignment", limits.map_alignment},
                    {"max_uniform_block", limits.max_uniform_block},
                    {"max_storage_block", limits.max_storage_block},
                    {"max_texture_buffer_texels", limits.max_texture_buffer_texels}};
  json["memory"] = {{"limit_bytes", report.memory_limit_bytes}, {"mapped_bytes", report.mapped_bytes}};
  json["quirks"] = Json::array();
  for (const Quirk& quirk : report.quirks) {
    json["quirks"].push_back({{"id", quirk.id},
                              {"what", quirk.what},
                              {"evidence", quirk.evidence},
                              {"applies", quirk.applies},
                              {"enabled", quirk.enabled}});
  }
  json["profile"] = {{"in_force", report.profile.has_value()}, {"file", report.profile_file}};
  if (report.profile) {
    json["profile"]["made"] = report.profile->made;
    json["profile"]["placements"] = placements_json(*report.profile);
  } else if (report.profile_error.status != Status::ok) {
    json["profile"]["error"] = to_string(report.profile_error.id);
    json["profile"]["message"] = report.profile_error.message();
  }
  json["plans"] = Json::array();
  for (const PlanAnswer& answer : report.plans) json["plans"].push_back(plan_json(answer));
  json["transfers"] = {{"reason", report.transfers.reason},
                       {"upload", transfers_json(report.transfers.up)},
                       {"download", transfers_json(report.transfers.down)},
                       {"pending_bytes", report.transfers.pending_bytes}};
  return json;
}

Json gpu_list_json(const std::vector<GpuInfo>& gpus) {
  Json json;
  json["gpus"] = Json::array();
  for (const GpuInfo& gpu : gpus) json["gpus"].push_back(gpu_json(gpu));
  return json;
}

}  // namespace pmb::tool
