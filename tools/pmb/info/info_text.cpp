// SPDX-License-Identifier: MIT
// What `pmb info` shows, laid out for a terminal.

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "common/units.hpp"
#include "info/info_report.hpp"

namespace pmb::tool {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kLabelColumns = 24;

// Appends `label`, then `text` broken at blanks, its lines aligned behind the label's column.
void add_wrapped(std::string& out, std::string_view label, std::string_view text, std::size_t column) {
  out += label;
  std::size_t at = label.size();
  if (at < column) {
    out.append(column - at, ' ');
    at = column;
  }
  bool line_is_empty = true;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    if (!line_is_empty && at + 1 + word.size() > kColumns) {
      out += '\n';
      out.append(column, ' ');
      at = column;
      line_is_empty = true;
    }
    if (!line_is_empty) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
    line_is_empty = false;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  out += '\n';
}

void add_heading(std::string& out, std::string_view heading) {
  if (!out.empty()) out += '\n';
  out += heading;
  out += '\n';
}

void add_row(std::string& out, std::string_view label, std::string_view text) {
  add_wrapped(out, fmt::format("  {}", label), text, kLabelColumns);
}

const char* yes_or_no(bool value) {
  return value ? "yes" : "no";
}

std::string limit_text(std::uint64_t bytes) {
  return bytes == 0 ? "none here" : bytes_text(bytes);
}

std::string kind_text(const Driver& driver) {
  std::string text(driver.kind);
  text += driver.mesa ? ", a Mesa driver" : "";
  text += fmt::format(", release {}.{}.{}", driver.release[0], driver.release[1], driver.release[2]);
  text += driver.software ? ", renders on the CPU" : "";
  return text;
}

void add_driver(std::string& out, const InfoReport& report) {
  add_heading(out, "Driver");
  add_row(out, "vendor", report.driver.vendor);
  add_row(out, "renderer", report.driver.renderer);
  add_row(out, "version", report.driver.version);
  add_row(out, "recognised as", kind_text(report.driver));
  add_row(out, "GPU",
          fmt::format("index {} of --list-gpus{}{}", report.gpu.index,
                      report.gpu.device_path.empty() ? "" : ", ", report.gpu.device_path));
}

void add_features(std::string& out, const Limits& limits) {
  add_heading(out, "Features");
  add_row(
      out, limits.gles ? "OpenGL ES" : "OpenGL",
      fmt::format("{}.{}{}", limits.gl_major, limits.gl_minor, limits.core_profile ? " core profile" : ""));
  add_row(out, "buffer storage", yes_or_no(limits.buffer_storage));
  add_row(out, "direct state access", yes_or_no(limits.direct_state_access));
  add_row(out, "memory barrier", yes_or_no(limits.memory_barrier));
  add_row(out, "compute", yes_or_no(limits.compute));
  add_row(out, "reset notification", yes_or_no(limits.reset_notification));
  add_row(out, "no-error context", yes_or_no(limits.no_error));
}

void add_limits(std::string& out, const Limits& limits) {
  add_heading(out, "Limits");
  add_row(out, "uniform alignment", bytes_text(limits.uniform_offset_alignment));
  add_row(out, "storage alignment", bytes_text(limits.storage_offset_alignment));
  add_row(out, "texture alignment", bytes_text(limits.texture_offset_alignment));
  add_row(out, "map alignment", bytes_text(limits.map_alignment));
  add_row(out, "uniform block", limit_text(limits.max_uniform_block));
  add_row(out, "storage block", limit_text(limits.max_storage_block));
  add_row(out, "buffer texture",
          limits.max_texture_buffer_texels == 0 ? "none here"
                                                : fmt::format("{} texels", limits.max_texture_buffer_texels));
}

const char* state_text(const Quirk& quirk) {
  if (quirk.enabled) return "in force";
  return quirk.applies ? "switched off" : "not on this driver";
}

void add_quirks(std::string& out, std::vector<Quirk> quirks) {
  add_heading(out, "Quirks");
  std::stable_sort(quirks.begin(), quirks.end(), [](const Quirk& a, const Quirk& b) {
    return a.enabled != b.enabled ? a.enabled : a.applies && !b.applies;
  });
  for (const Quirk& quirk : quirks) {
    out += fmt::format("  {}: {}\n", quirk.id, state_text(quirk));
    add_wrapped(out, "    does", quirk.what, 14);
    add_wrapped(out, "    evidence", quirk.evidence, 14);
  }
}

bool same_choice(const PlanAnswer& a, const PlanAnswer& b) {
  if (a.access != b.access || a.plan.has_value() != b.plan.has_value()) return false;
  if (!a.plan) return a.plan.error().id == b.plan.error().id;
  const auto same_text = [](const char* x, const char* y) {
    return std::string_view(x == nullptr ? "" : x) == std::string_view(y == nullptr ? "" : y);
  };
  return a.plan->model == b.plan->model && a.plan->path == b.plan->path &&
         a.plan->storage_flags == b.plan->storage_flags && a.plan->map_flags == b.plan->map_flags &&
         std::equal(a.plan->reasons.begin(), a.plan->reasons.end(), b.plan->reasons.begin(), same_text);
}

// "4 KiB, 8 MiB used once or 8 times by the GPU"
std::string cases_text(const std::vector<const PlanAnswer*>& cases) {
  struct Run {
    std::uint32_t last_reads;
    std::string sizes;
    std::string times;
  };
  const auto times_text = [](std::uint32_t reads) {
    return reads == 1 ? "once" : fmt::format("{} times", reads);
  };
  std::vector<Run> runs;
  for (const PlanAnswer* answer : cases) {
    const std::uint32_t reads = answer->gpu_reads;
    const std::string size = bytes_text(answer->size_bytes);
    if (runs.empty() || runs.back().last_reads != reads) {
      runs.push_back({reads, size, times_text(reads)});
    } else {
      runs.back().sizes += ", " + size;
    }
  }
  std::string text;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::string times = runs[i].times;
    while (i + 1 < runs.size() && runs[i + 1].sizes == runs[i].sizes) times += " or " + runs[++i].times;
    text += fmt::format("{}{} used {} by the GPU", text.empty() ? "" : "; ", runs[i].sizes, times);
  }
  return text;
}

void add_plan(std::string& out, const std::vector<const PlanAnswer*>& cases) {
  const PlanAnswer& first = *cases.front();
  add_wrapped(out, fmt::format("  {}", to_string(first.access)), cases_text(cases), kLabelColumns);
  if (!first.plan) {
    add_wrapped(out, "    none", first.plan.error().message(), kLabelColumns);
    return;
  }
  const Plan& plan = *first.plan;
  add_wrapped(out, "    choice", fmt::format("{}, {} path", to_string(plan.model), to_string(plan.path)),
              kLabelColumns);
  if (plan.path != Path::traditional) {
    add_wrapped(out, "    storage flags", flag_names(plan.storage_flags), kLabelColumns);
    add_wrapped(out, "    map flags", flag_names(plan.map_flags), kLabelColumns);
  }
  const char* label = "    because";
  for (const char* reason : plan.reasons) {
    if (reason == nullptr) continue;
    add_wrapped(out, label, reason, kLabelColumns);
    label = "";
  }
}

void add_profile(std::string& out, const InfoReport& report) {
  add_heading(out, "Profile");
  if (report.profile_file.empty()) {
    add_row(out, "none", "not looked for; plans come from quirks and defaults");
    return;
  }
  const bool missing = report.profile_error.id == ErrorId::profile_missing;
  add_row(out, report.profile ? "in force" : missing ? "none as" : "ignored", report.profile_file);
  if (!report.profile) {
    add_row(out, "because", report.profile_error.message());
    return;
  }
  add_row(out, "measured", report.profile->made);
  for (const Access access : {Access::sequential_write, Access::read, Access::bidirectional}) {
    add_row(
        out, to_string(access),
        fmt::format("{}; with CLIENT_STORAGE {}", to_string(report.profile->mapping(access, false).placement),
                    to_string(report.profile->mapping(access, true).placement)));
  }
}

void add_plans(std::string& out, const std::vector<PlanAnswer>& plans) {
  add_heading(out, "Plans");
  std::vector<std::vector<const PlanAnswer*>> groups;
  for (const PlanAnswer& answer : plans) {
    const auto group = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& cases) { return same_choice(*cases.front(), answer); });
    if (group == groups.end()) {
      groups.push_back({&answer});
    } else {
      group->push_back(&answer);
    }
  }
  for (const auto& group : groups) add_plan(out, group);
}

void add_transfers(std::string& out, const TransferPlan& plan) {
  add_heading(out, "Transfers");
  add_wrapped(out, "  reason", plan.reason, kLabelColumns);
  for (const TransferDirection* way : {&plan.up, &plan.down}) {
    const char* call = way == &plan.up ? "glBufferSubData" : "glGetBufferSubData";
    for (const TransferStep& step : way->steps) {
      const std::string size =
          step.up_to_bytes == UINT64_MAX ? "any further size" : "up to " + bytes_text(step.up_to_bytes);
      const std::string how =
          step.path == Path::traditional
              ? std::string(call)
              : fmt::format("through a ring of {}, in chunks of {}, {} thread{}", bytes_text(way->ring_bytes),
                            bytes_text(step.chunk_bytes), step.threads, step.threads == 1 ? "" : "s");
      add_row(out, &step == &way->steps.front() ? (way == &plan.up ? "upload" : "download") : "",
              size + ": " + how);
    }
  }
}

}  // namespace

std::string info_text(const InfoReport& report) {
  std::string out;
  add_driver(out, report);
  add_features(out, report.limits);
  add_limits(out, report.limits);
  add_heading(out, "Memory");
  add_row(out, "may be mapped", bytes_text(report.memory_limit_bytes));
  add_row(out, "mapped now", bytes_text(report.mapped_bytes));
  add_quirks(out, report.quirks);
  add_profile(out, report);
  add_plans(out, report.plans);
  add_transfers(out, report.transfers);
  return out;
}

std::string gpu_list_text(const std::vector<GpuInfo>& gpus) {
  std::size_t name_columns = 4;
  std::size_t driver_columns = 6;
  for (const GpuInfo& gpu : gpus) {
    name_columns = std::max(name_columns, gpu.name.size());
    driver_columns = std::max(driver_columns, gpu.driver.size());
  }
  std::string out =
      fmt::format("index  {:{}}  {:{}}  device\n", "name", name_columns, "driver", driver_columns);
  for (const GpuInfo& gpu : gpus) {
    const char* const device = gpu.software              ? "CPU (software)"
                               : gpu.device_path.empty() ? "-"
                                                         : gpu.device_path.c_str();
    out += fmt::format("{:>5}  {:{}}  {:{}}  {}\n", gpu.index, gpu.name, name_columns, gpu.driver,
                       driver_columns, device);
  }
  return out;
}

}  // namespace pmb::tool
