// SPDX-License-Identifier: MIT
#include "tune/measuring_device.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <pmb/mapped_buffer.hpp>
#include <pmb/store_fence.hpp>
#include <vector>

#include "gl/buffer_calls.hpp"
#include "transfer/chunked_upload.hpp"
#include "tune/measuring_trials.hpp"

namespace pmb::detail {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kHere = std::source_location::current();
// More than any cache of level 2, and little for the GPU.
constexpr std::size_t kProbeBytes = std::size_t{4} << 20;
constexpr std::size_t kLine = 64;
// Few enough for mappings where each takes a microsecond.
constexpr std::size_t kLoads = 2048;
constexpr std::size_t kStores = 16384;
constexpr int kTries = 3;
constexpr int kCopies = 4;
// Of memory, for what is measured at one time: eight times its size.
constexpr std::uint64_t kPartOfMemory = 32;

double since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

/// Nanoseconds of a load of 8 bytes, one after the other; each try somewhere else. Volatile, so that each is made.
double time_loads(std::span<const std::byte> bytes) {
  double best = 0;
  for (std::size_t i = 0; i < kTries; ++i) {
    const auto* at = reinterpret_cast<const volatile std::uint64_t*>(bytes.data() + bytes.size() / kTries /
                                                                                        kLine * kLine * i);
    const auto start = Clock::now();
    for (std::size_t n = 0; n < kLoads; ++n) static_cast<void>(at[n]);
    const double ns = since(start) / kLoads;
    if (i == 0 || ns < best) best = ns;
  }
  return best;
}

/// Nanoseconds of a store of 8 bytes to a line of its own, no two neighbours one after the other.
double time_stores(std::span<std::byte> bytes) {
  constexpr std::size_t kStride = 1021;  // Lines; prime, so that all are met.
  const std::size_t lines = bytes.size() / kLine;
  double best = 0;
  for (int i = 0; i < kTries; ++i) {
    const auto start = Clock::now();
    std::size_t line = 0;
    for (std::size_t n = 0; n < kStores; ++n) {
      *reinterpret_cast<volatile std::uint64_t*>(bytes.data() + line * kLine) = n;
      line += kStride;
      if (line >= lines) line -= lines;
    }
    store_fence();
    const double ns = since(start) / kStores;
    if (i == 0 || ns < best) best = ns;
  }
  return best;
}

Result<std::optional<Context>> view(const ContextState& state) {
  auto made = state.sister(kHere);
  if (!made) return pass_on(made);
  return std::move(*made);
}

}  // namespace

detail::DeviceFacts MeasuringDevice::facts() const {
  return {.driver = traits_of(state_),
          .transfers = unforced_transfers(state_, nullptr),
          .updates_by_gl = !state_.quirk(QuirkId::nvidia_update_order),
          .reads_by_gl = !state_.limits.gles && !state_.quirk(QuirkId::nvidia_update_order),
          .threads = copy_threads(state_, {.threads = UINT32_MAX}),
          .largest_bytes = state_.memory_limit / kPartOfMemory};
}

double MeasuringDevice::now_ns() {
  return std::chrono::duration<double, std::nano>(Clock::now().time_since_epoch()).count();
}

Result<void> MeasuringDevice::prepare_probes() {
  if (auto ready = ground_.prepare(kProbeBytes); !ready) return ready;
  if (timed_) return {};
  auto made = view(state_);
  if (!made) return pass_on(made);
  timed_ = std::move(*made);
  return {};
}

Result<double> MeasuringDevice::time_gpu(std::uint32_t from, std::uint32_t to) {
  const BufferCalls calls(state_);
  double best = 0;
  for (int i = 0; i <= kTries; ++i) {
    const auto start = Clock::now();
    for (int n = 0; n < kCopies; ++n) calls.copy(from, 0, to, 0, kProbeBytes);
    auto ticket = timed_->timeline().mark();
    if (!ticket) return pass_on(ticket);
    if (auto waited = timed_->timeline().wait(*ticket, timed_->options().timeout); !waited)
      return pass_on(waited);
    const double ns = since(start) * 1024 / (static_cast<double>(kProbeBytes) * kCopies);
    // The first try moves and touches what has not been used yet.
    if (i == 1 || (i > 1 && ns < best)) best = ns;
  }
  return best;
}

Result<MemoryCosts> MeasuringDevice::probe_memory() {
  if (auto ready = prepare_probes(); !ready) return pass_on(ready);
  const auto origin = ground_.buffer(GroundBuffer::origin);
  const auto sink = ground_.buffer(GroundBuffer::sink);
  if (!origin || !sink) return tl::unexpected(!origin ? origin.error() : sink.error());
  std::vector<std::byte> bytes(kProbeBytes, std::byte{1});
  MemoryCosts costs{.read_ns = time_loads(bytes), .write_ns = time_stores(bytes)};
  const auto gpu = time_gpu(*origin, *sink);
  if (!gpu) return pass_on(gpu);
  costs.gpu_ns_per_kib = *gpu;
  return costs;
}

Result<detail::Device::Probe> MeasuringDevice::probe(Access access, bool client_storage) {
  if (auto ready = prepare_probes(); !ready) return pass_on(ready);
  const auto origin = ground_.buffer(GroundBuffer::origin);
  const auto sink = ground_.buffer(GroundBuffer::sink);
  if (!origin || !sink) return tl::unexpected(!origin ? origin.error() : sink.error());
  ContextState::of(*timed_).profile =
      profile_of({.model = Model::coherent, .path = Path::direct, .client_storage = client_storage});
  auto buffer = MappedBuffer::create(*timed_, {.size_bytes = kProbeBytes, .access = access});
  if (!buffer) return pass_on(buffer);

  const std::span<std::byte> bytes = buffer->raw_bytes();
  const bool writable = access != Access::read;
  const bool readable = access != Access::sequential_write;
  if (writable) std::memset(bytes.data(), 1, bytes.size());
  Probe probe;
  const auto gpu = writable ? time_gpu(buffer->buffer(), *sink) : time_gpu(*origin, buffer->buffer());
  if (!gpu) return pass_on(gpu);
  probe.costs.gpu_ns_per_kib = *gpu;
  if (writable) probe.costs.write_ns = time_stores(bytes);
  if (readable) probe.costs.read_ns = time_loads(bytes);
  if (options_.driver_says) probe.said = options_.driver_says(buffer->buffer());
  return probe;
}

Result<std::unique_ptr<detail::Trial>> MeasuringDevice::prepare(const detail::PlanWork& work,
                                                                const PlanChoice& choice) {
  if (auto ready = ground_.prepare(work.size_bytes); !ready) return pass_on(ready);
  return make_plan_trial(state_, ground_, work, choice);
}

Result<std::unique_ptr<detail::Trial>> MeasuringDevice::prepare(bool up, std::uint64_t size_bytes,
                                                                const TransferDirection& way,
                                                                const Profile& so_far) {
  if (auto ready = ground_.prepare(size_bytes); !ready) return pass_on(ready);
  if (!transfers_) {
    auto made = view(state_);
    if (!made) return pass_on(made);
    transfers_ = std::move(*made);
    ContextState::of(*transfers_).profile = so_far;
  }
  return make_transfer_trial(*transfers_, ground_, up, way);
}

}  // namespace pmb::detail
