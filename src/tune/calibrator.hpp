// SPDX-License-Identifier: MIT
// The order of measuring, the time for each part, and the conclusions. No GL and no clock: a Device supplies both, so
// that tests can simulate machines.
//
// Order: placements, then transfers from small sizes to large ones. The rings of transfers are planned from the
//        placements.
#pragma once

#include <cstdint>
#include <memory>
#include <pmb/result.hpp>
#include <pmb/tune/calibrate.hpp>
#include <pmb/tune/profile.hpp>

#include "tune/candidate_comparison.hpp"
#include "tune/candidates.hpp"

namespace pmb::detail {

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
  /// `direction` has one step. Its ring is planned from `profile`.
  virtual Result<std::unique_ptr<Trial>> prepare(bool up, std::uint64_t size_bytes,
                                                 const TransferDirection& direction,
                                                 const Profile& profile) = 0;
};

/// Fails only if ends_everything(): the context is lost or not current.
Result<Calibration> calibrate_device(Device& device, const DeviceFacts& facts,
                                     const CalibrateOptions& options);

}  // namespace pmb::detail
