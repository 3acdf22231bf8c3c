// SPDX-License-Identifier: MIT
#include "capi/plan.hpp"

#include <string>

namespace pmb::capi {
namespace {

/// The name of a constant of pmb.h, "unknown" for other values.
template <class Choice>
const char* name_of(std::optional<Choice> (*find)(std::int32_t), std::int32_t value) noexcept {
  try {
    const std::optional<Choice> found = find(value);
    return found ? to_string(*found) : "unknown";
  } catch (const Misuse&) {
    return "unknown";
  }
}

/// `value`, or what 0 stands for.
std::uint64_t number_or(std::int64_t value, std::uint64_t otherwise) {
  return value == 0 ? otherwise : number(value);
}

TransferDirection direction_of(const pmb_transfer_direction& given) {
  TransferDirection direction;
  const std::span<const pmb_transfer_step> steps = values_of(given.steps, given.step_count);
  if (!steps.empty()) direction.steps.clear();
  for (const pmb_transfer_step& step : steps) {
    const TransferStep usual;
    const bool limited = step.up_to_bytes != 0 && step.up_to_bytes != INT64_MAX;
    direction.steps.push_back({.up_to_bytes = limited ? number(step.up_to_bytes) : usual.up_to_bytes,
                               .path = path_of(step.path).value_or(usual.path),
                               .chunk_bytes = number_or(step.chunk_bytes, usual.chunk_bytes),
                               .threads = step.threads == 0 ? usual.threads : step.threads});
  }
  direction.ring_bytes = number_or(given.ring_bytes, direction.ring_bytes);
  direction.model = model_of(given.model);
  direction.streaming_from_bytes = number(given.streaming_from_bytes);
  direction.slow_reads = given.slow_reads;
  return direction;
}

/// Its steps lie in `steps`.
pmb_transfer_direction filled(const TransferDirection& direction, std::vector<pmb_transfer_step>& steps) {
  steps.clear();
  for (const TransferStep& step : direction.steps) {
    steps.push_back({to_c(step.up_to_bytes), to_c(step.chunk_bytes), to_c(step.path), step.threads});
  }
  return {.steps = steps.data(),
          .step_count = to_c(steps.size()),
          .ring_bytes = to_c(direction.ring_bytes),
          .streaming_from_bytes = to_c(direction.streaming_from_bytes),
          .model = direction.model ? to_c(*direction.model) : 0,
          .slow_reads = direction.slow_reads};
}

}  // namespace

pmb_plan to_c(const Plan& plan) noexcept {
  pmb_plan values = {.struct_bytes = sizeof(pmb_plan),
                     .size_bytes = to_c(plan.size_bytes),
                     .access = to_c(plan.access),
                     .model = to_c(plan.model),
                     .path = to_c(plan.path),
                     .gpu_reads = plan.gpu_reads,
                     .storage_flags = plan.storage_flags,
                     .map_flags = plan.map_flags,
                     .reasons = {}};
  static_assert(std::tuple_size_v<decltype(plan.reasons)> == std::extent_v<decltype(values.reasons)>);
  std::ranges::copy(plan.reasons, values.reasons);
  return values;
}

TransferPlan from_c(const pmb_transfer_plan& given) {
  TransferPlan plan;
  plan.up = direction_of(given.up);
  plan.down = direction_of(given.down);
  plan.pending_bytes = number_or(given.pending_bytes, plan.pending_bytes);
  return plan;
}

}  // namespace pmb::capi

using namespace pmb::capi;

const char* pmb_access_name(pmb_access access) {
  return name_of(&access_of, access);
}

const char* pmb_model_name(pmb_model model) {
  return name_of(&model_of, model);
}

const char* pmb_path_name(pmb_path path) {
  return name_of(&path_of, path);
}

pmb_status pmb_plan_describe(const pmb_plan* plan, char* text, int64_t text_bytes, int64_t* length) {
  return answer([&](auto) {
    const pmb_plan& given = checked(plan);
    const pmb::Plan usual;
    pmb::Plan described = {.access = access_of(given.access).value_or(usual.access),
                           .model = model_of(given.model).value_or(usual.model),
                           .path = path_of(given.path).value_or(usual.path),
                           .storage_flags = given.storage_flags,
                           .map_flags = given.map_flags,
                           .size_bytes = number(given.size_bytes),
                           .gpu_reads = given.gpu_reads};
    std::ranges::copy(given.reasons, described.reasons.begin());
    give_text(described.describe(), text, text_bytes, length);
  });
}

pmb_status pmb_flag_names(uint32_t flags, char* text, int64_t text_bytes, int64_t* length) {
  return answer([&](auto) { give_text(pmb::flag_names(flags), text, text_bytes, length); });
}

pmb_status pmb_transfer_plan_check(const pmb_transfer_plan* plan) {
  return answer([&](auto) {
    if (!from_c(checked(plan)).usable()) throw Misuse{pmb::ErrorId::bad_transfer_plan};
  });
}

pmb_status pmb_transfer_plan_describe(const pmb_transfer_plan* plan, char* text, int64_t text_bytes,
                                      int64_t* length) {
  return answer([&](auto) {
    pmb::TransferPlan described = from_c(checked(plan));
    if (plan->reason) described.reason = plan->reason;
    give_text(described.describe(), text, text_bytes, length);
  });
}

pmb_status pmb_context_transfer_plan(pmb_context* context, pmb_transfer_plan* plan) {
  return answer([&](auto) {
    ContextObject& owner = *object_or_null(not_null(context));
    const pmb::TransferPlan& current = owner.context.transfer_plan();
    fill(plan, {.struct_bytes = sizeof(pmb_transfer_plan),
                .up = filled(current.up, owner.up),
                .down = filled(current.down, owner.down),
                .pending_bytes = to_c(current.pending_bytes),
                .reason = current.reason});
  });
}
