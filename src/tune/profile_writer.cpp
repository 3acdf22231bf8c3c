// SPDX-License-Identifier: MIT
// Writes a profile as JSON and saves it.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <pmb/tune/profile.hpp>

#include "base/fail.hpp"
#include "plan/profile_names.hpp"

namespace pmb {
namespace {

namespace fs = std::filesystem;
using namespace detail::profile_names;
using Json = nlohmann::ordered_json;

Json to_json(const MemoryCosts& costs) {
  return {{"read_ns", costs.read_ns}, {"write_ns", costs.write_ns}, {"gpu_ns_per_kib", costs.gpu_ns_per_kib}};
}

Json to_json(const TransferDirection& direction) {
  Json json = {{"ring_bytes", direction.ring_bytes},
               {"streaming_from_bytes", direction.streaming_from_bytes},
               {"slow_reads", direction.slow_reads},
               {"steps", Json::array()}};
  if (direction.model) json["model"] = name_of(kModels, *direction.model);
  for (const TransferStep& step : direction.steps) {
    Json entry = Json::object();
    // The last step has no limit.
    if (step.up_to_bytes != UINT64_MAX) entry["up_to_bytes"] = step.up_to_bytes;
    entry["path"] = name_of(kPaths, step.path);
    entry["chunk_bytes"] = step.chunk_bytes;
    entry["threads"] = step.threads;
    json["steps"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

std::string Profile::to_json() const {
  Json json;
  json["pmb_profile"] = kFormat;
  json["made"] = made;
  json["key"] = {{"vendor", key.vendor}, {"renderer", key.renderer},
                 {"driver", key.driver}, {"gles", key.gles},
                 {"cpu", key.cpu},       {"hardware_threads", key.hardware_threads}};
  json["memory"] = pmb::to_json(memory);
  for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
    for (const bool client : {false, true}) {
      const MappingProfile& found = mapping(access, client);
      Json entry = {{"access", name_of(kAccesses, access)},
                    {"client_storage", client},
                    {"placement", name_of(kPlacements, found.placement)}};
      entry.update(pmb::to_json(found.costs));
      json["mappings"].push_back(std::move(entry));
    }
  }
  if (transfers) {
    json["transfers"] = {{"upload", pmb::to_json(transfers->up)},
                         {"download", pmb::to_json(transfers->down)},
                         {"pending_bytes", transfers->pending_bytes}};
  }
  // A hand-made key may not be UTF-8.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Result<void> Profile::save(const std::string& file, std::source_location where) const {
  return guarded(where, [&]() -> Result<void> {
    // Beside the target, so that the rename stays within one file system; unique to this call.
    static std::atomic<std::uint32_t> calls = 0;
    const fs::path target(file);
    const fs::path half(fmt::format("{}.{}.{}.part", file, getpid(), ++calls));
    std::error_code error;
    if (target.has_parent_path()) fs::create_directories(target.parent_path(), error);
    std::ofstream stream(half, std::ios::binary);
    stream << to_json();
    stream.close();
    if (stream) fs::rename(half, target, error);
    if (stream && !error) return {};
    fs::remove(half, error);
    return fail(ErrorId::profile_unwritable, where);
  });
}

}  // namespace pmb
