// SPDX-License-Identifier: MIT
// Runs one check and judges its result.

#include "verify/property.hpp"

#include <chrono>

#include "verify/gpu.hpp"

namespace pmb::tool::verify {
namespace {

CheckEnd run_check(const Gpu& gpu, Check check) {
  try {
    std::string evidence = check(gpu);
    if (const GLenum error = gpu.gl.GetError(); error != GL_NO_ERROR)
      return {Verdict::fail, fmt::format("{}, but GL error 0x{:04X} was left behind", evidence, error)};
    return {Verdict::pass, std::move(evidence)};
  } catch (const CheckEnd& end) {
    // The next check starts without an error.
    static_cast<void>(gpu.gl.GetError());
    return end;
  }
}

CheckEnd judge_failure(const Gpu& gpu, const Property& property, CheckEnd raw) {
  for (const pmb::Quirk& quirk : gpu.context.quirks()) {
    if (property.quirk == nullptr || std::string_view(quirk.id) != property.quirk) continue;
    if (!quirk.applies)
      return {Verdict::fail, fmt::format("{}; the quirk {} would avoid it but does not know this driver",
                                         raw.evidence, quirk.id)};
    if (!quirk.enabled)
      return {Verdict::fail,
              fmt::format("{}; the quirk {} avoids it but is disabled", raw.evidence, quirk.id)};
    const CheckEnd avoided = run_check(gpu, property.under_quirk);
    if (avoided.verdict == Verdict::pass)
      return {Verdict::avoided,
              fmt::format("avoided by quirk {}: {}; with it {}", quirk.id, raw.evidence, avoided.evidence)};
    return {Verdict::fail, fmt::format("{}; the quirk {} is in force and does not help: {}", raw.evidence,
                                       quirk.id, avoided.evidence)};
  }
  return raw;
}

}  // namespace

std::string_view name_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::avoided:
      return "avoided";
    case Verdict::fail:
      return "fail";
    case Verdict::not_applicable:
      return "n/a";
  }
  return "";
}

Finding measure(const Gpu& gpu, const Property& property) {
  const auto start = std::chrono::steady_clock::now();
  CheckEnd end = run_check(gpu, property.check);
  if (end.verdict == Verdict::fail) end = judge_failure(gpu, property, std::move(end));
  return {.name = property.name,
          .verdict = end.verdict,
          .evidence = std::move(end.evidence),
          .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()};
}

}  // namespace pmb::tool::verify
