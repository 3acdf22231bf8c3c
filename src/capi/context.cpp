// SPDX-License-Identifier: MIT
#include <string>

#include "capi/options.hpp"
#include "capi/plan.hpp"

using namespace pmb::capi;

namespace {

const pmb::Context& current(const pmb_context* context) {
  return object(context);
}

}  // namespace

pmb_status pmb_context_from_current(pmb_loader loader, const pmb_options* options, pmb_context** context) {
  return answer(context, [&](auto where) {
    return pmb::Context::from_current(not_null(loader), from_c(checked_or_default(options)), where);
  });
}

pmb_status pmb_context_from_current_with(pmb_user_loader loader, void* user, const pmb_options* options,
                                         pmb_context** context) {
  return answer(context, [&](auto where) {
    return pmb::Context::from_current({not_null(loader), user}, from_c(checked_or_default(options)), where);
  });
}

void pmb_context_destroy(pmb_context** context) {
  destroy(context);
}

pmb_status pmb_context_claim_thread(pmb_context* context) {
  return answer([&](auto where) { return object(context).claim_thread(where); });
}

pmb_status pmb_context_limits(const pmb_context* context, pmb_limits* limits) {
  return answer([&](auto) {
    const pmb::Limits& found = current(context).limits();
    fill(limits, {.struct_bytes = sizeof(pmb_limits),
                  .uniform_offset_alignment = to_c(found.uniform_offset_alignment),
                  .storage_offset_alignment = to_c(found.storage_offset_alignment),
                  .texture_offset_alignment = to_c(found.texture_offset_alignment),
                  .map_alignment = to_c(found.map_alignment),
                  .max_uniform_block = to_c(found.max_uniform_block),
                  .max_storage_block = to_c(found.max_storage_block),
                  .max_texture_buffer_texels = to_c(found.max_texture_buffer_texels),
                  .gl_major = found.gl_major,
                  .gl_minor = found.gl_minor,
                  .gles = found.gles,
                  .core_profile = found.core_profile,
                  .no_error = found.no_error,
                  .buffer_storage = found.buffer_storage,
                  .direct_state_access = found.direct_state_access,
                  .memory_barrier = found.memory_barrier,
                  .compute = found.compute,
                  .reset_notification = found.reset_notification});
  });
}

pmb_status pmb_context_driver(const pmb_context* context, pmb_driver* driver) {
  return answer([&](auto) {
    const pmb::Driver& found = current(context).driver();
    fill(driver, {.struct_bytes = sizeof(pmb_driver),
                  .vendor = found.vendor.c_str(),
                  .renderer = found.renderer.c_str(),
                  .version = found.version.c_str(),
                  .kind = found.kind.data(),
                  .release = {found.release[0], found.release[1], found.release[2]},
                  .mesa = found.mesa,
                  .software = found.software});
  });
}

bool pmb_context_has_extension(const pmb_context* context, const char* name) {
  return name &&
         answer_or(context, false, [&](const pmb::Context& owner) { return owner.has_extension(name); });
}

int64_t pmb_context_quirk_count(const pmb_context* context) {
  return answer_or(context, int64_t{0}, [](const pmb::Context& owner) { return owner.quirks().size(); });
}

pmb_status pmb_context_quirk(const pmb_context* context, int64_t index, pmb_quirk* quirk) {
  return answer([&](auto) {
    const std::vector<pmb::Quirk> all = current(context).quirks();
    const pmb::Quirk& found = all[index_below(index, all.size())];
    fill(quirk, {.struct_bytes = sizeof(pmb_quirk),
                 .id = found.id,
                 .what = found.what,
                 .evidence = found.evidence,
                 .applies = found.applies,
                 .enabled = found.enabled});
  });
}

pmb_status pmb_context_plan(const pmb_context* context, pmb_access access, int64_t size_bytes,
                            uint32_t gpu_reads, pmb_plan* plan) {
  return answer([&](auto where) -> pmb::Result<void> {
    const pmb::Access used = access_of(access).value_or(pmb::Access::sequential_write);
    const auto chosen = current(context).plan(used, number(size_bytes), gpu_reads, where);
    if (!chosen) return tl::unexpected<pmb::Error>(chosen.error());
    fill(plan, to_c(*chosen));
    return {};
  });
}

pmb_status pmb_context_profile(const pmb_context* context, pmb_profile** profile) {
  return answer([&](auto) {
    const pmb::Profile* const found = current(context).profile();
    *not_null(profile) = found ? reinterpret_cast<pmb_profile*>(new pmb::Profile(*found)) : nullptr;
  });
}

const char* pmb_context_profile_file(const pmb_context* context) {
  return answer_or(context, "", [](const pmb::Context& owner) { return profile_file(owner).c_str(); });
}

pmb_status pmb_context_profile_error(const pmb_context* context) {
  return answer([&](auto) -> pmb::Result<void> {
    const pmb::Error& error = current(context).profile_error();
    if (error.status != pmb::Status::ok) return tl::unexpected<pmb::Error>(error);
    return {};
  });
}

int64_t pmb_context_mapped_bytes(const pmb_context* context) {
  return answer_or(context, int64_t{0}, [](const pmb::Context& owner) { return to_c(owner.mapped_bytes()); });
}

int64_t pmb_context_memory_limit_bytes(const pmb_context* context) {
  return answer_or(context, int64_t{0},
                   [](const pmb::Context& owner) { return to_c(owner.memory_limit_bytes()); });
}

uint32_t pmb_context_take_caller_error(pmb_context* context) {
  return answer_or(context, 0U, [](pmb::Context& owner) { return owner.take_caller_error(); });
}

void pmb_context_report_reset(pmb_context* context, uint32_t status) {
  if (context) object(context).report_reset(status);
}

bool pmb_context_lost(const pmb_context* context) {
  return answer_or(context, false, [](const pmb::Context& owner) { return owner.lost(); });
}
