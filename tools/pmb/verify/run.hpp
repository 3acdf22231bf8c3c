// SPDX-License-Identifier: MIT
// Measures properties in other processes: a driver that hangs or crashes costs one property, not the run.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/failure.hpp"
#include "common/stop_signal.hpp"
#include "verify/property.hpp"
#include "verify/worker.hpp"

namespace pmb::tool::verify {

using Properties = std::vector<const Property*>;
/// Runs in a worker: opens a driver, then calls `measure_all` once with it. Returns a failure to open it.
using Open = std::function<Outcome<void>(const std::function<void(const Gpu&)>& measure_all)>;

struct RunRules {
  /// For opening the driver, and for each property. Long, since a machine may be busy; every wait of a check is shorter.
  std::chrono::seconds limit{120};
  /// Called before each property, and with each finding.
  std::function<void(const Property&)> begins = [](const Property&) {};
  std::function<void(const Finding&)> found = [](const Finding&) {};
};

struct RunResult {
  nlohmann::ordered_json driver;  ///< Its names, and the quirks in force.
  std::vector<Finding> findings;
};

/// Failures: those of `open`, kLimit, kInterrupted.
Outcome<RunResult> run(const Properties& properties, const Open& open, const RunRules& rules,
                       const StopSignal& stop);

}  // namespace pmb::tool::verify
