// SPDX-License-Identifier: MIT
// The order of measuring, the time for each part, and the conclusions. No GL and no clock: a Device supplies both, so
// that tests can simulate machines.
//
// Order: placements, then transfers from small sizes to large ones. The rings of transfers are planned from the
//        placements.
#pragma once

#include <cstdint>
#include <pmb/result.hpp>
#include <pmb/tune/calibrate.hpp>
#include <pmb/tune/profile.hpp>

#include "context/context_state.hpp"
#include "plan/plan_rules.hpp"

namespace pmb::detail {

/// The facts that limit the candidates.
struct DeviceFacts {
  DriverTraits driver;
  TransferPlan transfers;           ///< The defaults of this driver.
  bool sub_data_ok = true;          ///< glBufferSubData is safe on the program's buffers.
  bool get_sub_data_ok = true;      ///< glGetBufferSubData is.
  std::uint32_t threads = 1;        ///< A copy may use this many.
  std::uint64_t largest_bytes = 0;  ///< Memory allows no larger size.
};

/// Of a GL context.
DeviceFacts facts_of(const ContextState& state);

/// A transfer by one candidate: `direction` has one step.
struct TestTransfer {
  bool up = false;
  std::uint64_t size_bytes = 0;
  TransferDirection direction;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual double now_ns() = 0;
  /// The costs of the process's memory for the CPU, and of VRAM for the GPU. Called before probe().
  virtual Result<MemoryCosts> probe_memory() = 0;
  struct Probe {
    MemoryCosts costs;
    ReportedMemory reported = ReportedMemory::unknown;
  };
  virtual Result<Probe> probe(Access access, bool client_storage) = 0;
  /// Makes a buffer and transfers all its bytes once; returns whether the right ones arrive. The ring is planned from
  /// `profile`.
  virtual Result<bool> prepare(const TestTransfer& transfer, const Profile& profile) = 0;
  /// Transfers `count` times, waits for the GPU, and returns the nanoseconds of all runs. Called after prepare().
  virtual Result<double> run(const TestTransfer& transfer, std::uint32_t count) = 0;
};

/// `plain` holds the costs of the process's memory for the CPU, and of VRAM for the GPU.
Placement placement_of(Access access, const MemoryCosts& costs, const MemoryCosts& plain,
                       const DriverTraits& driver, ReportedMemory reported) noexcept;

/// Fails only if ends_everything(): the context is lost or not current.
Result<Calibration> calibrate_device(Device& device, const DeviceFacts& facts,
                                     const CalibrateOptions& options);
/// The same on a GL context. Also fails with the statuses of Context::from_current.
Result<Calibration> calibrate_gl(ContextState& state, const CalibrateOptions& options);

}  // namespace pmb::detail
