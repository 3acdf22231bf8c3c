// SPDX-License-Identifier: MIT
// The device behind calibrate(): a GL context, its mappings, and a monotonic clock.
#pragma once

#include <optional>
#include <pmb/context.hpp>
#include <pmb/tune/calibrate.hpp>

#include "tune/calibrator.hpp"
#include "tune/transfer_trial.hpp"

namespace pmb::detail {

class GlDevice final : public Device {
 public:
  GlDevice(ContextState& state, const CalibrateOptions& options) noexcept
      : state_(state), options_(options), transfers_(state) {}

  /// Must be called first. Statuses: those of Context.
  Result<void> open() { return transfers_.open(); }
  DeviceFacts facts() const;

  double now_ns() override;
  Result<MemoryCosts> probe_memory() override;
  Result<Probe> probe(Access access, bool client_storage) override;
  Result<std::unique_ptr<Trial>> prepare(bool up, std::uint64_t size_bytes,
                                         const TransferDirection& direction, const Profile& profile) override;

 private:
  Result<double> time_gpu(std::uint32_t from, std::uint32_t to);

  ContextState& state_;
  const CalibrateOptions& options_;
  TestTransfers transfers_;
  std::optional<TestBuffer> source_;  ///< Of the GPU's copies into mappings.
  std::optional<TestBuffer> sink_;    ///< Of the GPU's copies from mappings.
};

}  // namespace pmb::detail
