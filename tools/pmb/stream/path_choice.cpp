// SPDX-License-Identifier: MIT
// Asks the context's plans.

#include "path_choice.hpp"

#include <algorithm>

namespace pmb::tool {
namespace {

// Plans give several reasons, each with its subject in front.
std::string path_reason(const pmb::Plan& plan) {
  constexpr std::string_view kSubject = "path: ";
  for (const char* reason : plan.reasons) {
    if (reason != nullptr && std::string_view(reason).starts_with(kSubject)) {
      return std::string(std::string_view(reason).substr(kSubject.size()));
    }
  }
  return "by the plan";
}

}  // namespace

Outcome<PathChoice> choose_path(const pmb::Context& context, std::string_view wanted,
                                std::uint64_t input_bytes, std::uint64_t output_bytes,
                                std::uint32_t gpu_reads) {
  for (const pmb::Path path : {pmb::Path::direct, pmb::Path::staged, pmb::Path::traditional}) {
    if (wanted == to_string(path)) return PathChoice{path, "by --path"};
  }
  const auto input = context.plan(pmb::Access::sequential_write, input_bytes, gpu_reads);
  const auto output = context.plan(pmb::Access::read, output_bytes);
  for (const auto* plan : {&input, &output}) {
    if (!*plan) return fail(kNoGl, "no path: {}; try --path traditional", plan->error().message());
  }
  // In the order of the enumeration each path asks less of the driver than the one before.
  const pmb::Plan& decisive = output->path > input->path ? *output : *input;
  return PathChoice{decisive.path, path_reason(decisive)};
}

}  // namespace pmb::tool
