// SPDX-License-Identifier: MIT
// What is measured, in which order and for how long, and what is concluded from it. No GL and no clock: both are a
// Device's, so that simulated ones show what would be chosen on machines that nobody here has.
//
// Order:   placements; then, from small sizes to large ones, each access once and often; then transfers, through rings
//          that are planned by what was found before. Each stage ends at its share of the budget, and what it leaves
//          goes to the next one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/result.hpp>
#include <pmb/tune/calibrate.hpp>
#include <pmb/tune/profile.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tune/calibration_ways.hpp"
#include "tune/race.hpp"

namespace pmb::detail {

class Device {
 public:
  virtual ~Device() = default;
  virtual double now_ns() = 0;
  /// What the process's own memory costs the CPU, and the GPU's own the GPU.
  virtual Result<MemoryCosts> probe_memory() = 0;
  struct Probe {
    MemoryCosts costs;
    DriverMemory said = DriverMemory::unsaid;
  };
  virtual Result<Probe> probe(Access access, bool client_storage) = 0;
  virtual Result<std::unique_ptr<Trial>> prepare(const PlanWork& work, const PlanChoice& choice) = 0;
  /// By the first step of `way`, whatever the size, through a ring that is planned as `so_far` has it.
  virtual Result<std::unique_ptr<Trial>> prepare(bool up, std::uint64_t size_bytes,
                                                 const TransferDirection& way, const Profile& so_far) = 0;
};

class Calibrator {
 public:
  Calibrator(Device& device, const DeviceFacts& facts, const CalibrateOptions& options);
  /// Fails only where nothing can go on: the context is lost, or somewhere else.
  Result<Calibration> run();

 private:
  /// Works of one kind, from size to size.
  struct Series {
    std::string name;
    std::vector<std::string> near_best = {};  ///< Ways worth trying at the next size.
    double pass_ns = 0;                       ///< What making and running one way took at the last size.
    std::uint64_t pass_bytes = 0;
    bool ended = false;
  };
  struct Outcome {
    std::size_t way = 0;  ///< Its place among the contenders.
    double ns = 0;
    double default_ns = 0;
  };

  Result<void> probe_placements();
  Result<void> measure_plans(double end);
  Result<void> measure_transfers(double end);

  /// Of all works of a stage together.
  double plan_weight() const noexcept;
  double transfer_weight() const noexcept;
  /// The default is the first contender. Empty where time or memory ended the series.
  Result<std::optional<Outcome>> contest(Series& series, std::uint64_t size,
                                         std::vector<Contender> contenders, double stage_end);
  static void keep_near_best(Series& series, const std::vector<Contender>& contenders, double near);
  void add_cells(const Series& series, std::uint64_t size, const std::vector<Contender>& contenders,
                 std::optional<std::size_t> chosen);
  bool stopped() const { return options_.stopped && options_.stopped(); }
  void tell(std::string_view what) const;

  Device& device_;
  const DeviceFacts& facts_;
  const CalibrateOptions& options_;
  std::vector<std::uint64_t> plan_sizes_;
  std::vector<std::uint64_t> transfer_sizes_;
  double weight_left_ = 0;  ///< Of this stage.
  double weight_done_ = 0;  ///< Of all.
  Calibration result_;
};

}  // namespace pmb::detail
