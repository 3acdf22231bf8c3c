// SPDX-License-Identifier: MIT
// Simulated machines, as costs. Other projects report these placements for their drivers; the rates are rounded figures of
// the right order.
//
// Units: nanoseconds; for transfers and copies, per byte.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "fake_gl.hpp"
#include "tune/calibrator.hpp"

namespace pmb_test {

/// A kind of memory.
struct SimulatedMemory {
  pmb::MemoryCosts probed;  ///< The costs that a probe measures.
  double cpu_write = 0;
  double cpu_read = 0;
  double gpu = 0;
};

// The GPU's rate gives its cost of 1 KiB.
constexpr SimulatedMemory memory(double load, double store, double cpu_write, double cpu_read, double gpu) {
  return {{.read_ns = load, .write_ns = store, .gpu_ns_per_kib = gpu * 1024}, cpu_write, cpu_read, gpu};
}

constexpr double kBus = 0.05;   // 20 GB/s.
constexpr double kOwn = 0.002;  // 500 GB/s.
constexpr SimulatedMemory kPlain = memory(0.8, 3, 0.06, 0.06, kOwn);
constexpr SimulatedMemory kCached = memory(0.9, 3, 0.06, 0.06, kBus);
constexpr SimulatedMemory kWriteCombined = memory(90, 45, 0.06, 5, kBus);
constexpr SimulatedMemory kAperture = memory(700, 40, 0.07, 60, kOwn);      // Resizable BAR.
constexpr SimulatedMemory kSlowAperture = memory(900, 60, 0.13, 80, kOwn);  // The same over an older bus.
constexpr SimulatedMemory kSmallAperture =
    memory(1200, 300, 1.0, 100, kOwn);                                 // A window of 256 MiB, shared by all.
constexpr SimulatedMemory kShared = memory(0.9, 3, 0.06, 0.06, 0.03);  // One memory for both.

struct SimulatedDriver {
  std::string vendor;
  std::string renderer;
  std::string version;
  bool es = false;
  std::function<SimulatedMemory(pmb::Access, bool client_storage)> mapped;
  double own = kOwn;          ///< GPU copies within VRAM.
  double mapping_stalls = 0;  ///< Added by mapped memory.
  double update = 1000;       ///< glBufferSubData, and its cost per byte.
  double update_byte = 0.15;
  double get = 8000;  ///< glGetBufferSubData.
  double get_byte = 0.2;
  double ring = 4000;  ///< A transfer through a ring, and each of its chunks.
  double chunk = 3000;
  std::uint64_t wrong_chunk = 0;    ///< Chunks of this length arrive too late.
  bool one_good_placement = false;  ///< The first ring with two threads of each direction and size is faster.

  strict_gl::FakeConfig config() const {
    strict_gl::FakeConfig config;
    config.vendor = vendor;
    config.renderer = renderer;
    config.version_suffix = version;
    if (es) {
      config.es = true;
      config.major = 3;
      config.minor = 2;
      config.extensions = {"GL_EXT_buffer_storage"};
    }
    return config;
  }
};

class SimulatedDevice final : public pmb::detail::Device {
 public:
  explicit SimulatedDevice(SimulatedDriver driver) : driver_(std::move(driver)) {}

  double now_ns() override { return now_; }
  /// Runs vary by this much.
  double noise = 0.02;
  double now() const { return now_; }
  std::size_t runs() const { return runs_; }
  /// Every later run fails with this error.
  void fail_after(std::size_t runs, pmb::ErrorId id) {
    last_run_ = runs;
    failure_ = {.status = pmb::status_of(id), .id = id};
  }

  /// Mappings of this kind fail with this error.
  void refuse(pmb::Access access, bool client_storage, pmb::ErrorId id) {
    refused_ = {access, client_storage};
    refusal_ = {.status = pmb::status_of(id), .id = id};
  }

  pmb::Result<pmb::MemoryCosts> probe_memory() override {
    now_ += 1e6;
    pmb::MemoryCosts costs = kPlain.probed;
    costs.gpu_ns_per_kib = driver_.own * 1024;
    return costs;
  }
  pmb::Result<Probe> probe(pmb::Access access, bool client_storage) override {
    now_ += 1e6;
    if (refused_ == std::pair(access, client_storage)) return tl::unexpected(refusal_);
    Probe probe{.costs = driver_.mapped(access, client_storage).probed};
    if (access == pmb::Access::sequential_write) probe.costs.read_ns = 0;
    if (access == pmb::Access::read) probe.costs.write_ns = 0;
    return probe;
  }
  pmb::Result<bool> prepare(const pmb::detail::TestTransfer& transfer, const pmb::Profile&) override {
    const pmb::TransferStep& step = transfer.direction.steps.front();
    const bool ring = step.path == pmb::Path::staged;
    now_ += 50'000 + static_cast<double>(transfer.size_bytes) * 0.25;  // Making a buffer and touching it.
    if (driver_.one_good_placement && ring && step.threads == 2) {
      const auto [placed, is_first] = good_chunks_.try_emplace(place_of(transfer), step.chunk_bytes);
      // Made anew, it lies elsewhere.
      if (!is_first && placed->second == step.chunk_bytes) placed->second = 0;
    }
    if (auto once = run(transfer, 1); !once) return tl::unexpected(once.error());
    return !ring || step.chunk_bytes != driver_.wrong_chunk;
  }
  pmb::Result<double> run(const pmb::detail::TestTransfer& transfer, std::uint32_t count) override {
    if (runs_++ >= last_run_) return tl::unexpected(failure_);
    const pmb::TransferStep& step = transfer.direction.steps.front();
    const auto placed = good_chunks_.find(place_of(transfer));
    const bool well_placed = step.path == pmb::Path::staged && step.threads == 2 &&
                             placed != good_chunks_.end() && placed->second == step.chunk_bytes;
    const double cost =
        transfer_cost(transfer.up, static_cast<double>(transfer.size_bytes), transfer.direction);
    const double swing = 1 + noise * std::sin(static_cast<double>(runs_));
    const double ns = cost * (well_placed ? 0.75 : 1) * count * swing;
    now_ += ns;
    return ns;
  }

 private:
  /// One number for a size and direction.
  static std::uint64_t place_of(const pmb::detail::TestTransfer& transfer) {
    return transfer.size_bytes * 2 + (transfer.up ? 1 : 0);
  }

  double transfer_cost(bool up, double size, const pmb::TransferDirection& direction) const {
    const SimulatedDriver& d = driver_;
    const pmb::TransferStep& step = direction.steps.front();
    if (step.path == pmb::Path::traditional) {
      return up ? d.update + size * d.update_byte : d.get + size * d.get_byte;
    }
    const SimulatedMemory m = d.mapped(up ? pmb::Access::sequential_write : pmb::Access::read, !up);
    const auto chunk = static_cast<double>(step.chunk_bytes);
    const double cpu = (up ? m.cpu_write : m.cpu_read) / std::min(step.threads, 4U);
    // The slower side sets the pace; the faster one adds one chunk at the start or the end.
    return d.ring + d.mapping_stalls + std::ceil(size / chunk) * d.chunk + size * std::max(cpu, m.gpu) +
           std::min(size, chunk) * std::min(cpu, m.gpu);
  }

  SimulatedDriver driver_;
  double now_ = 0;
  std::size_t runs_ = 0;
  std::map<std::uint64_t, std::uint64_t>
      good_chunks_;  ///< By place_of(): the chunk of the ring that lies well.
  std::size_t last_run_ = SIZE_MAX;
  pmb::Error failure_;
  std::optional<std::pair<pmb::Access, bool>> refused_;
  pmb::Error refusal_;
};

inline SimulatedDriver radeonsi(const SimulatedMemory& aperture) {
  return {.vendor = "AMD",
          .renderer = "AMD Radeon RX 7900 XTX (radeonsi, navi31, LLVM 15.0.6, DRM 3.54)",
          .version = "Mesa 23.1.0",
          .mapped = [aperture](pmb::Access access, bool client) {
            if (access != pmb::Access::sequential_write) return kCached;
            return client ? kWriteCombined : aperture;
          }};
}

inline SimulatedDriver amd_windows() {
  return {.vendor = "ATI Technologies Inc.",
          .renderer = "AMD Radeon RX 7900 XTX",
          .version = "Compatibility Profile Context 23.11.1.231017",
          .mapped = [](pmb::Access access, bool client) {
            if (access == pmb::Access::sequential_write) return kWriteCombined;
            return client ? kWriteCombined : kCached;  // Readback with CLIENT_STORAGE crawls.
          }};
}

inline SimulatedDriver intel_windows() {
  return {.vendor = "Intel",
          .renderer = "Intel(R) Iris(R) Xe Graphics",
          .version = "Build 31.0.101.4502",
          .mapped = [](pmb::Access, bool) { return kShared; },
          .own = kShared.gpu};
}

inline SimulatedDriver intel_mesa() {
  SimulatedDriver driver = intel_windows();
  driver.renderer = "Mesa Intel(R) UHD Graphics 770 (ADL-S GT1)";
  driver.version = "Mesa 23.1.0";
  return driver;
}

inline SimulatedDriver nvidia() {
  return {.vendor = "NVIDIA Corporation",
          .renderer = "NVIDIA GeForce RTX 4090/PCIe/SSE2",
          .version = "NVIDIA 580.159.03",
          .mapped = [](pmb::Access access, bool client) {
            return access != pmb::Access::sequential_write && !client ? kAperture : kCached;
          }};
}

inline SimulatedDriver adreno() {
  return {.vendor = "Qualcomm",
          .renderer = "Adreno (TM) 740",
          .version = "V@0676.0",
          .es = true,
          .mapped = [](pmb::Access, bool) { return kShared; },
          .own = kShared.gpu,
          .mapping_stalls = 400'000};
}

inline SimulatedDriver llvmpipe() {
  return {.vendor = "Mesa/X.org",
          .renderer = "llvmpipe (LLVM 15.0.6, 256 bits)",
          .version = "Mesa 22.3.6",
          .mapped = [](pmb::Access, bool) { return memory(0.8, 3, 0.06, 0.06, 0.06); },
          .own = 0.06,
          .update = 400,
          .update_byte = 0.07,
          .get = 400,
          .get_byte = 0.07};
}

}  // namespace pmb_test
