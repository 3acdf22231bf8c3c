// SPDX-License-Identifier: MIT
#include <pmb/tune/calibrate.hpp>
#include <string>

#include "capi/border.hpp"

namespace pmb::capi {

template <>
struct ObjectOf<pmb_calibration> : std::type_identity<Calibration> {};

namespace {

CalibrateOptions from_c(const pmb_calibrate_options& given) {
  CalibrateOptions options;
  options.budget = timeout_or_default(given.budget_ns).value_or(options.budget);
  if (given.largest_bytes != 0) options.largest_bytes = number(given.largest_bytes);
  void* const user = given.user;
  if (given.stopped) options.stopped = [stopped = given.stopped, user] { return stopped(user); };
  if (given.progress) {
    options.progress = [progress = given.progress, user](double done, std::string_view what) {
      progress(user, done, std::string(what).c_str());
    };
  }
  if (given.reported_memory) {
    options.reported_memory = [reported = given.reported_memory, user](std::uint32_t buffer) {
      return static_cast<ReportedMemory>(reported(user, buffer));
    };
  }
  return options;
}

}  // namespace
}  // namespace pmb::capi

using namespace pmb::capi;

pmb_status pmb_calibrate(pmb_context* context, const pmb_calibrate_options* options,
                         pmb_calibration** calibration) {
  return answer(calibration, [&](auto where) {
    return pmb::calibrate(object(context), from_c(checked_or_default(options)), where);
  });
}

void pmb_calibration_destroy(pmb_calibration** calibration) {
  destroy(calibration);
}

const pmb_profile* pmb_calibration_profile(const pmb_calibration* calibration) {
  return calibration ? reinterpret_cast<const pmb_profile*>(&object(calibration).profile) : nullptr;
}

bool pmb_calibration_complete(const pmb_calibration* calibration) {
  return answer_or(calibration, false, [](const auto& owner) { return owner.complete; });
}

uint32_t pmb_calibration_wrong(const pmb_calibration* calibration) {
  return answer_or(calibration, 0U, [](const auto& owner) { return owner.wrong; });
}

int64_t pmb_calibration_cell_count(const pmb_calibration* calibration) {
  return answer_or(calibration, int64_t{0}, [](const auto& owner) { return owner.cells.size(); });
}

pmb_status pmb_calibration_cell_at(const pmb_calibration* calibration, int64_t index,
                                   pmb_calibration_cell* cell) {
  return answer([&](auto) {
    const auto& cells = object(calibration).cells;
    const pmb::CalibrationCell& found = cells[index_below(index, cells.size())];
    fill(cell, {.struct_bytes = sizeof(pmb_calibration_cell),
                .work = found.work.c_str(),
                .candidate = found.candidate.c_str(),
                .size_bytes = to_c(found.size_bytes),
                .ns = found.ns,
                .spread_ns = found.spread_ns,
                .runs = found.runs,
                .verified = found.verified,
                .is_default = found.is_default,
                .chosen = found.chosen});
  });
}
