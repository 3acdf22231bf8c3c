// SPDX-License-Identifier: MIT
#include "plan/plan_rules.hpp"

#include <algorithm>
#include <utility>

namespace pmb::detail {
namespace {

std::pair<Path, const char*> choose_path(const PlanRequest& request, const DriverTraits& driver,
                                         Placement placement) noexcept {
  const bool orphans = driver.orphan_uploads && request.access == Access::sequential_write;
  if (request.path) return {*request.path, "path: forced by the caller"};
  if (orphans) return {Path::orphaned, "path: orphaned, by quirk mobile_orphaning"};
  if (!driver.buffer_storage)
    return {Path::traditional, "path: traditional, since this context has no buffer storage"};
  if (driver.software || placement == Placement::plain)
    return {Path::direct, "path: direct, since a software renderer's mapped memory is plain memory"};
  if (placement == Placement::gpu_memory && request.access == Access::sequential_write)
    return {Path::direct, "path: direct, since the mapping was found to lie in the GPU's own memory"};
  if (driver.unified_memory) return {Path::direct, "path: direct, since CPU and GPU share all memory here"};
  if (request.gpu_reads <= 1)
    return {Path::direct, "path: direct, since each byte crosses the bus once either way"};
  return {
      Path::staged,
      "path: staged, since the GPU touches each byte more than once and its own memory is faster than the "
      "bus"};
}

}  // namespace

Measured measured_for(const Profile& profile, Access access, bool by_default) noexcept {
  const auto placement = [&](bool client) { return profile.mapping(access, client).placement; };
  Measured measured;
  // The CPU reads cached memory faster than any other.
  if (access != Access::sequential_write && placement(by_default) != Placement::cached &&
      placement(!by_default) == Placement::cached) {
    measured.client_storage = !by_default;
  }
  measured.placement = placement(measured.client_storage.value_or(by_default));
  return measured;
}

void add_reason(Plan& plan, const char* reason) noexcept {
  const auto unused = std::find(plan.reasons.begin(), plan.reasons.end(), nullptr);
  if (unused != plan.reasons.end()) *unused = reason;
}

bool choose(const PlanRequest& request, const DriverTraits& driver, Placement placement,
            Plan& plan) noexcept {
  plan.access = request.access;
  plan.size_bytes = request.size_bytes;
  plan.gpu_reads = request.gpu_reads;

  auto [path, path_reason] = choose_path(request, driver, placement);
  // What the GPU wrote would be gone with the old storage.
  if (path == Path::orphaned && plan.access != Access::sequential_write) path = Path::traditional;
  plan.path = path;
  const bool flushing_works = plan.access == Access::sequential_write || driver.memory_barrier;

  if (is_private(path)) {
    plan.model = Model::explicit_flush;
    add_reason(plan, "model: explicit flush, since publishing copies on this path");
  } else if (request.model) {
    plan.model = *request.model;
    add_reason(plan, "model: forced by the caller");
  } else {
    plan.model = Model::coherent;
    add_reason(plan,
               "model: coherent by default, since no driver measured so far gains from flushing and nothing "
               "can be forgotten");
  }
  add_reason(plan, path_reason);

  if (is_private(path)) return true;
  return driver.buffer_storage && (plan.model == Model::coherent || flushing_works);
}

bool choose_client_storage(const DriverTraits& driver, const Measured& measured, Plan& plan) noexcept {
  if (measured.client_storage) {
    if (*measured.client_storage) add_reason(plan, "storage: CLIENT_STORAGE, measured on this driver");
    return *measured.client_storage;
  }
  if (!client_by_quirk(plan.access, driver)) return false;
  const char* reason = "storage: CLIENT_STORAGE, by quirk nvidia_upload_client_storage";
  if (plan.access == Access::read) {
    reason = "storage: CLIENT_STORAGE, by quirk nvidia_readback_client_storage";
  } else if (driver.client_writes) {
    reason = "storage: CLIENT_STORAGE, by quirk radeonsi_client_storage";
  }
  add_reason(plan, reason);
  return true;
}

}  // namespace pmb::detail
