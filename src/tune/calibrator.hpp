// SPDX-License-Identifier: MIT
// The order of measuring, the time for each part, and the conclusions. No GL and no clock: a Device supplies both, so
// that tests can simulate machines.
//
// Order: placements; then plans, from small sizes to large ones; then transfers, whose rings are planned from the
//        profile so far. Each stage ends at its share of the budget and leaves unused time to the next one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/result.hpp>
#include <pmb/tune/calibrate.hpp>
#include <pmb/tune/profile.hpp>
#include <string>
#include <vector>

#include "tune/candidate_comparison.hpp"
#include "tune/candidates.hpp"

namespace pmb::detail {

class Device {
 public:
  virtual ~Device() = default;
  virtual double now_ns() = 0;
  /// The costs of the process's memory for the CPU, and of VRAM for the GPU.
  virtual Result<MemoryCosts> probe_memory() = 0;
  struct Probe {
    MemoryCosts costs;
    ReportedMemory reported = ReportedMemory::unknown;
  };
  virtual Result<Probe> probe(Access access, bool client_storage) = 0;
  virtual Result<std::unique_ptr<Trial>> prepare(const PlanWork& work, const PlanChoice& choice) = 0;
  /// `direction` has one step. Its ring is planned from the profile `so_far`.
  virtual Result<std::unique_ptr<Trial>> prepare(bool up, std::uint64_t size_bytes,
                                                 const TransferDirection& direction,
                                                 const Profile& so_far) = 0;
};

class Calibrator {
 public:
  Calibrator(Device& device, const DeviceFacts& facts, const CalibrateOptions& options);
  /// Fails only if ends_everything(): the context is lost or not current.
  Result<Calibration> run();

 private:
  /// Works of one kind, from size to size.
  struct Series {
    std::string name;
    bool ended = false;
  };
  struct Outcome {
    std::size_t candidate = 0;
    double ns = 0;
    double default_ns = 0;
  };

  Result<void> probe_placements();
  Result<void> measure_plans(double end);
  Result<PlanChoice> measure_plan(Series& series, const PlanWork& work, double end);
  Result<void> measure_transfers(double end);
  /// Empty if the series ended.
  Result<std::optional<TransferStep>> measure_transfer(Series& series, bool up, std::uint64_t size,
                                                       TransferDirection direction, double end);

  /// The default is the first candidate. Empty if the series ends: no time, or no figures of the default.
  Result<std::optional<Outcome>> pick(Series& series, std::uint64_t size, std::vector<Candidate> candidates,
                                      double stage_end);
  void add_cells(const Series& series, std::uint64_t size, const std::vector<Candidate>& candidates,
                 std::optional<std::size_t> chosen);
  std::size_t plan_works() const noexcept;
  bool stopped() const { return options_.stopped && options_.stopped(); }
  void report(std::string_view what) const;

  Device& device_;
  const DeviceFacts& facts_;
  const CalibrateOptions& options_;
  std::vector<std::uint64_t> plan_sizes_;
  std::vector<std::uint64_t> transfer_sizes_;
  std::size_t works_ = 0;       ///< Of both stages.
  std::size_t works_left_ = 0;  ///< Of this stage.
  std::size_t works_done_ = 0;
  Calibration result_;
};

}  // namespace pmb::detail
