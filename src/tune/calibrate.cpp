// SPDX-License-Identifier: MIT
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <pmb/context.hpp>
#include <pmb/tune/calibrate.hpp>

#include "base/fail.hpp"
#include "context/context_state.hpp"
#include "transfer/transfer_rings.hpp"
#include "tune/calibrator.hpp"

namespace pmb {
namespace {

using detail::ContextState;

std::string now_text() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

/// Candidates that failed may have left GL errors; the caller's were set aside before.
void forget_own_errors(const ContextState& state) {
  for (int i = 0; i < 8; ++i) {
    const GLenum error = state.gl.GetError();
    if (error == GL_NO_ERROR || error == GL_CONTEXT_LOST) return;
  }
}

void warn(const ContextState& state, const Calibration& measured) {
  for (const CalibrationCell& cell : measured.cells) {
    if (cell.verified) continue;
    state.log(LogLevel::warning, [&] {
      return fmt::format("calibration leaves out {} for {} of {} bytes: it failed or moved wrong bytes",
                         cell.candidate, cell.work, cell.size_bytes);
    });
  }
}

}  // namespace

Result<Calibration> calibrate(Context& context, const CalibrateOptions& options, std::source_location where) {
  ContextState& state = ContextState::of(context);
  if (auto current = state.check_current(where); !current) return pass_on(current);
  return guarded(where, [&]() -> Result<Calibration> {
    state.set_caller_errors_aside();
    auto measured = detail::calibrate_gl(state, options);
    if (!measured && measured.error().status == Status::context_lost) {
      return tl::unexpected(state.lose(static_cast<std::uint32_t>(measured.error().numbers[0]), where));
    }
    forget_own_errors(state);
    if (!measured) return pass_on(measured);
    measured->profile.key = profile_key(context);
    measured->profile.made = now_text();
    warn(state, *measured);

    state.plans = {};
    state.plans.profile = measured->profile;
    auto transfers = make_transfer_plan(state, where);
    if (!transfers) return pass_on(transfers);
    state.plans.transfers = std::move(*transfers);
    // These were made for the previous plan. Pending downloads keep their ring.
    detail::TransferRings& rings = detail::rings_of(state);
    rings.up.reset();
    rings.down.reset();
    rings.up_fences = {};
    return std::move(*measured);
  });
}

}  // namespace pmb
