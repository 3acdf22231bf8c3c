// SPDX-License-Identifier: MIT
#include "capi/options.hpp"

#include <cstdio>
#include <string>

#include "capi/plan.hpp"

namespace pmb::capi {
namespace {

/// Runs a callback that needs memory of its own. Without memory it is not called.
template <class Call>
void call_if_memory(Call&& call) noexcept {
  try {
    call();
  } catch (const std::exception&) {
    return;
  }
}

LogCallback log_of(pmb_log_callback function, void* user) {
  return [function, user](LogLevel level, std::string_view line) {
    call_if_memory([&] {
      function(user, level == LogLevel::warning ? PMB_LOG_WARNING : PMB_LOG_INFO, std::string(line).c_str());
    });
  };
}

/// C has functions of pmb.h in place of lines of C++.
Report without_places(Report report) {
  report.acquired_at = {};
  report.noticed_at = {};
  return report;
}

/// Adds the functions of pmb.h that a report concerns, each between `before` and `after`.
std::string with_functions(std::string text, const Report& report, const char* before, const char* after) {
  const auto add = [&](const char* verb, const std::source_location& place) {
    if (const char* by = function_at(place); *by) text.append(before).append(verb).append(by).append(after);
  };
  add("acquired by ", report.acquired_at);
  add("noticed by ", report.noticed_at);
  return text;
}

ValidationSink sink_of(pmb_validation_sink function, void* user) {
  return [function, user](const Report& report) {
    call_if_memory([&] {
      const std::string label(report.label);
      const Report placeless = without_places(report);
      const std::string message = with_functions(placeless.message(), report, ", ", "");
      const std::string details = with_functions(placeless.details(), report, "  ", "\n");
      const pmb_report seen = {.struct_bytes = sizeof(pmb_report),
                               .id = static_cast<pmb_error_id>(report.id),
                               .buffer = report.buffer,
                               .label = label.c_str(),
                               .begin_bytes = to_c(report.begin_bytes),
                               .end_bytes = to_c(report.end_bytes),
                               .numbers = {report.numbers[0], report.numbers[1], report.numbers[2]},
                               .acquired_by = function_at(report.acquired_at),
                               .noticed_by = function_at(report.noticed_at),
                               .message = message.c_str(),
                               .details = details.c_str()};
      function(user, &seen);
    });
  };
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> words;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    words.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return words;
}

}  // namespace

Options from_c(const pmb_options& given) {
  Options options = given.from_environment ? Options::from_environment() : Options{};
  if (options.validation) options.validation = sink_of(&pmb_print_report, nullptr);
  if (given.log) options.log = log_of(given.log, given.log_user);
  if (given.validation) options.validation = sink_of(given.validation, given.validation_user);
  if (given.model != 0) options.model = model_of(given.model);
  if (given.path != 0) options.path = path_of(given.path);
  options.bind_to_edit |= given.bind_to_edit;
  options.page_guard |= given.page_guard;
  if (given.disabled_quirks) options.disabled_quirks = split(given.disabled_quirks);
  options.memory_limit_bytes = number(given.memory_limit_bytes);
  options.share_group = given.share_group;
  options.parallel_for = parallel_for_of(given.parallel_for, given.parallel_for_user);
  options.copy_threads = given.copy_threads;
  if (given.transfer) options.transfer = std::make_shared<TransferPlan>(from_c(checked(given.transfer)));
  if (given.profile) options.profile = given.profile;
  options.long_wait = timeout_or_default(given.long_wait_ns).value_or(options.long_wait);
  options.timeout = timeout_or_default(given.timeout_ns).value_or(options.timeout);
  options.current_context = given.current_context;
  return options;
}

RingOptions from_c(const pmb_ring_options& given) {
  return {.capacity_bytes = number(given.capacity_bytes),
          .label = text_or_empty(given.label),
          .model = model_of(given.model),
          .max_slices = given.max_slices,
          .timeout = timeout_or_default(given.timeout_ns),
          .prefault = given.prefault,
          .max_capacity_bytes = number(given.max_capacity_bytes)};
}

}  // namespace pmb::capi

void pmb_print_report(void* /*user*/, const pmb_report* report) {
  if (report) std::fputs(report->details, stderr);
}
