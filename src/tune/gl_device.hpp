// SPDX-License-Identifier: MIT
// The device behind calibrate(): a GL context, its mappings, and a monotonic clock.
#pragma once

#include <optional>
#include <pmb/context.hpp>
#include <pmb/tune/calibrate.hpp>

#include "tune/calibrator.hpp"
#include "tune/test_buffers.hpp"

namespace pmb::detail {

class GlDevice final : public Device {
 public:
  GlDevice(ContextState& state, const CalibrateOptions& options) noexcept
      : state_(state), options_(options), buffers_(state) {}

  /// Must be called first. Statuses: those of Context.
  Result<void> open() { return buffers_.open(); }
  DeviceFacts facts() const;

  double now_ns() override;
  Result<MemoryCosts> probe_memory() override;
  Result<Probe> probe(Access access, bool client_storage) override;
  Result<std::unique_ptr<Trial>> prepare(const PlanWork& work, const PlanChoice& choice) override;
  Result<std::unique_ptr<Trial>> prepare(bool up, std::uint64_t size_bytes,
                                         const TransferDirection& direction, const Profile& so_far) override;

 private:
  struct Probes {
    std::uint32_t source = 0;
    std::uint32_t sink = 0;
  };
  Result<Probes> prepare_probes();
  Result<double> time_gpu(std::uint32_t from, std::uint32_t to);

  ContextState& state_;
  const CalibrateOptions& options_;
  TestBuffers buffers_;
  std::optional<Context> probing_;    ///< Its mappings are probed.
  std::optional<Context> transfers_;  ///< Its transfers are compared.
};

}  // namespace pmb::detail
