// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pmb/plan.hpp>
#include <utility>

#include "context/context_state.hpp"
#include "context/mapping.hpp"
#include "plan/plan_rules.hpp"

namespace pmb {
namespace detail {
namespace {

/// OpenGL 4.6 core, sections 6.2 and 6.3: FLUSH_EXPLICIT is a flag of the mapping only and needs WRITE; COHERENT and
/// FLUSH_EXPLICIT are never combined; a write mapping has one of them, otherwise its bytes could not be published.
void set_flags(Plan& plan, bool client_storage) {
  std::uint32_t common = GL_MAP_PERSISTENT_BIT;
  const bool writes = plan.access != Access::read;
  const bool reads = plan.access != Access::sequential_write;
  if (writes) common |= GL_MAP_WRITE_BIT;
  if (reads) common |= GL_MAP_READ_BIT;
  if (plan.model == Model::coherent) common |= GL_MAP_COHERENT_BIT;
  plan.storage_flags = common;
  plan.map_flags = common;
  if (plan.model == Model::explicit_flush && writes) plan.map_flags |= GL_MAP_FLUSH_EXPLICIT_BIT;
  if (client_storage) plan.storage_flags |= GL_CLIENT_STORAGE_BIT;
}

TransferPlan default_transfers(const ContextState& context) {
  const Driver& driver = context.gl.driver;
  TransferKind kind = TransferKind::other;
  if (context.gl.quirk(QuirkId::software_direct)) {
    kind = TransferKind::software;
  } else if (driver.kind == "nvidia" && !driver.mesa) {
    kind = TransferKind::nvidia;
  } else if (driver.mesa) {
    kind = TransferKind::mesa;
  }
  // lima, vc4 and panfrost also map write-combined memory for reading (source of those drivers).
  const bool slow_reads = driver.mesa && (driver.kind == "arm" || driver.kind == "broadcom");
  return default_transfer_plan(kind, slow_reads);
}

void force_by_gl(TransferPlan& plan) {
  force_path(plan.up, Path::traditional);
  force_path(plan.down, Path::traditional);
  plan.reason = "transfers: by GL's own calls, since nothing is mapped here";
}

}  // namespace

DriverTraits traits_of(const ContextState& context) {
  const std::string_view kind = context.gl.driver.kind;
  return {.software = context.gl.quirk(QuirkId::software_direct),
          .unified_memory = kind == "intel" || kind == "qualcomm" || kind == "arm" || kind == "imagination" ||
                            kind == "broadcom",
          .buffer_storage = context.gl.limits.buffer_storage,
          .memory_barrier = context.gl.limits.memory_barrier,
          .orphan_uploads = context.gl.quirk(QuirkId::mobile_orphaning),
          .client_writes = context.gl.quirk(QuirkId::radeonsi_client_storage),
          .client_uploads = context.gl.quirk(QuirkId::nvidia_upload_client_storage),
          .client_reads = context.gl.quirk(QuirkId::nvidia_readback_client_storage)};
}

Result<Plan> make_plan(const ContextState& context, PlanRequest asked, Memory memory,
                       std::source_location where) {
  DriverTraits traits = traits_of(context);
  if (!asked.model) asked.model = context.options.model;
  if (!asked.path) asked.path = context.options.path;
  Measured measured;
  if (context.plans.profile) {
    measured = measured_for(*context.plans.profile, asked.access, client_by_quirk(asked.access, traits));
  }
  if (memory == Memory::mapped) {
    if (asked.path && is_private(*asked.path)) asked.path = std::nullopt;
    traits.orphan_uploads = false;
  }
  Plan plan;
  const bool possible = choose(asked, traits, measured.placement, plan);
  if (!possible || (memory == Memory::mapped && is_private(plan.path))) {
    const Limits& limits = context.gl.limits;
    if (limits.buffer_storage) return fail(ErrorId::barrier_missing, where);
    return fail(ErrorId::buffer_storage_missing, where,
                {.numbers = {static_cast<std::uint64_t>(limits.gl_major),
                             static_cast<std::uint64_t>(limits.gl_minor)}});
  }
  if (!is_private(plan.path)) set_flags(plan, choose_client_storage(traits, measured, plan));
  return plan;
}

TransferPlan unforced_transfers(const ContextState& context, const Profile* profile) {
  const bool measured = profile && profile->transfers;
  TransferPlan plan = measured ? *profile->transfers : default_transfers(context);
  if (!measured && context.gl.quirk(QuirkId::mobile_orphaning)) force_path(plan.up, Path::traditional);
  // OpenGL ES has no glGetBufferSubData, and cannot map a buffer twice.
  if (context.gl.limits.gles) force_path(plan.down, Path::staged);
  if (!context.gl.limits.buffer_storage) force_by_gl(plan);
  return plan;
}

Result<TransferPlan> make_transfer_plan(const ContextState& context, std::source_location where) {
  const Options& options = context.options;
  if (options.transfer && !options.transfer->usable()) return fail(ErrorId::bad_transfer_plan, where);
  const Profile* const profile = context.plans.profile ? &*context.plans.profile : nullptr;
  TransferPlan plan = options.transfer ? *options.transfer : unforced_transfers(context, profile);
  if (!context.gl.limits.buffer_storage || (options.path && is_private(*options.path))) {
    force_by_gl(plan);
  } else if (options.path) {
    force_path(plan.up, Path::staged);
    force_path(plan.down, Path::staged);
    plan.reason = "transfers: through rings, forced by the caller";
  }
  return plan;
}

}  // namespace detail

Result<Plan> Context::plan(Access access, std::uint64_t size_bytes, std::uint32_t gpu_reads,
                           std::source_location where) const {
  if (size_bytes == 0) return fail(ErrorId::zero_size, where);
  return detail::make_plan(*state_, {.access = access, .size_bytes = size_bytes, .gpu_reads = gpu_reads},
                           detail::Memory::any, where);
}

std::string flag_names(std::uint32_t flags) {
  constexpr std::pair<std::uint32_t, const char*> kNames[] = {
      {GL_MAP_READ_BIT, "MAP_READ"},
      {GL_MAP_WRITE_BIT, "MAP_WRITE"},
      {GL_MAP_PERSISTENT_BIT, "MAP_PERSISTENT"},
      {GL_MAP_COHERENT_BIT, "MAP_COHERENT"},
      {GL_MAP_FLUSH_EXPLICIT_BIT, "MAP_FLUSH_EXPLICIT"},
      {GL_MAP_INVALIDATE_RANGE_BIT, "MAP_INVALIDATE_RANGE"},
      {GL_MAP_INVALIDATE_BUFFER_BIT, "MAP_INVALIDATE_BUFFER"},
      {GL_MAP_UNSYNCHRONIZED_BIT, "MAP_UNSYNCHRONIZED"},
      {GL_DYNAMIC_STORAGE_BIT, "DYNAMIC_STORAGE"},
      {GL_CLIENT_STORAGE_BIT, "CLIENT_STORAGE"},
  };
  std::string text;
  for (const auto& [bit, name] : kNames) {
    if ((flags & bit) == 0) continue;
    if (!text.empty()) text += " | ";
    text += name;
    flags &= ~bit;
  }
  if (flags != 0) text += fmt::format("{}{:#x}", text.empty() ? "" : " | ", flags);
  return text.empty() ? "none" : text;
}

std::string Plan::describe() const {
  std::string text =
      fmt::format("{}, {}, {} path ({} bytes, each touched {} time{} by the GPU)", to_string(access),
                  to_string(model), to_string(path), size_bytes, gpu_reads, gpu_reads == 1 ? "" : "s");
  if (!detail::is_private(path)) {
    text += fmt::format("\n  storage {}\n  mapping {}", flag_names(storage_flags), flag_names(map_flags));
  }
  for (const char* reason : reasons) {
    if (reason) text += fmt::format("\n  - {}", reason);
  }
  return text;
}

const char* to_string(Access access) noexcept {
  constexpr const char* kNames[] = {"sequential write", "read", "bidirectional"};
  return kNames[static_cast<std::size_t>(access)];
}

const char* to_string(Model model) noexcept {
  return model == Model::coherent ? "coherent" : "explicit flush";
}

const char* to_string(Path path) noexcept {
  constexpr const char* kNames[] = {"direct", "staged", "traditional", "orphaned"};
  return kNames[static_cast<std::size_t>(path)];
}

}  // namespace pmb
