// SPDX-License-Identifier: MIT
// The device behind calibrate(): a GL context, its mappings, and the clock on the wall.
#pragma once

#include <optional>
#include <pmb/context.hpp>
#include <pmb/tune/calibrate.hpp>

#include "tune/calibration.hpp"
#include "tune/measuring_ground.hpp"

namespace pmb::detail {

class MeasuringDevice final : public detail::Device {
 public:
  MeasuringDevice(ContextState& state, const CalibrateOptions& options) noexcept
      : state_(state), options_(options), ground_(state) {}

  /// Must be called first. Statuses: those of Context.
  Result<void> open() { return ground_.open(); }
  detail::DeviceFacts facts() const;

  double now_ns() override;
  Result<MemoryCosts> probe_memory() override;
  Result<Probe> probe(Access access, bool client_storage) override;
  Result<std::unique_ptr<detail::Trial>> prepare(const detail::PlanWork& work,
                                                 const PlanChoice& choice) override;
  Result<std::unique_ptr<detail::Trial>> prepare(bool up, std::uint64_t size_bytes,
                                                 const TransferDirection& way,
                                                 const Profile& so_far) override;

 private:
  Result<void> prepare_probes();
  Result<double> time_gpu(std::uint32_t from, std::uint32_t to);

  ContextState& state_;
  const CalibrateOptions& options_;
  MeasuringGround ground_;
  std::optional<Context> timed_;      ///< Whose fences time the GPU.
  std::optional<Context> transfers_;  ///< Whose transfers are compared.
};

}  // namespace pmb::detail
