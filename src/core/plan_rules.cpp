// SPDX-License-Identifier: MIT
#include "core/plan_rules.hpp"

namespace pmb::core {

void add_reason(Plan& plan, const char* reason) noexcept {
  for (const char*& slot : plan.reasons) {
    if (slot == nullptr) {
      slot = reason;
      return;
    }
  }
}

bool choose(const PlanRequest& request, const DriverTraits& driver, const Measured& measured,
            Plan& plan) noexcept {
  plan.access = request.access;
  plan.size_bytes = request.size_bytes;
  plan.gpu_reads = request.gpu_reads;

  if (request.model) {
    plan.model = *request.model;
    add_reason(plan, "model: forced by the caller");
  } else if (measured.model) {
    plan.model = *measured.model;
    add_reason(plan, "model: measured on this driver");
  } else {
    plan.model = Model::coherent;
    add_reason(plan,
               "model: coherent by default, since no driver measured so far gains from flushing and nothing "
               "can be forgotten");
  }

  if (request.path) {
    plan.path = *request.path;
    add_reason(plan, "path: forced by the caller");
  } else if (!driver.buffer_storage) {
    plan.path = Path::traditional;
    add_reason(plan, "path: traditional, since this context has no buffer storage");
  } else if (measured.path) {
    plan.path = *measured.path;
    add_reason(plan, "path: measured on this driver");
  } else if (driver.software) {
    plan.path = Path::direct;
    add_reason(plan, "path: direct, since a software renderer's mapped memory is plain memory");
  } else if (driver.unified_memory) {
    plan.path = Path::direct;
    add_reason(plan, "path: direct, since CPU and GPU share all memory here");
  } else if (request.gpu_reads <= 1) {
    plan.path = Path::direct;
    add_reason(plan, "path: direct, since each byte crosses the bus once either way");
  } else {
    plan.path = Path::staged;
    add_reason(plan,
               "path: staged, since the GPU touches each byte more than once and its own memory is faster "
               "than the bus");
  }

  if (plan.path == Path::traditional) return true;
  const bool readable = plan.access != Access::sequential_write;
  return driver.buffer_storage && (plan.model == Model::coherent || !readable || driver.memory_barrier);
}

}  // namespace pmb::core
