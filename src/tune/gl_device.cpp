// SPDX-License-Identifier: MIT
#include "tune/gl_device.hpp"

#include <cstring>
#include <pmb/copy.hpp>
#include <pmb/tune/measure.hpp>
#include <vector>

#include "context/context_state.hpp"
#include "gl/buffer_calls.hpp"

namespace pmb::detail {
namespace {

constexpr auto kHere = std::source_location::current();
// Larger than any level-2 cache, and little for the GPU.
constexpr std::size_t kProbeBytes = std::size_t{4} << 20;
constexpr std::size_t kLine = 64;
// Few enough for mappings where a load takes a microsecond.
constexpr std::size_t kLoads = 2048;
constexpr std::size_t kStores = 16384;
constexpr int kTries = 3;
constexpr int kCopies = 4;
// All candidates for a size and the test buffers together take less than this many times the size.
constexpr std::uint64_t kSizesInMemory = 32;

/// The best try, in nanoseconds of one operation.
template <class Try>
double best_of(std::size_t operations, Try&& attempt) {
  double best = 0;
  for (std::size_t i = 0; i < kTries; ++i) {
    const double ns = tune::time_ns([&] { attempt(i); }) / static_cast<double>(operations);
    if (i == 0 || ns < best) best = ns;
  }
  return best;
}

/// Consecutive loads of 8 bytes; each try elsewhere. Volatile, so that the compiler keeps every load.
double time_loads(std::span<const std::byte> bytes) {
  const std::size_t part = bytes.size() / kTries / kLine * kLine;
  return best_of(kLoads, [&](std::size_t i) {
    const auto* at = reinterpret_cast<const volatile std::uint64_t*>(bytes.data() + part * i);
    for (std::size_t n = 0; n < kLoads; ++n) static_cast<void>(at[n]);
  });
}

/// Stores of 8 bytes to separate lines, never to two neighbours in a row.
double time_stores(std::span<std::byte> bytes) {
  constexpr std::size_t kStride = 1021;  // Lines; prime, so that every line is reached.
  const std::size_t lines = bytes.size() / kLine;
  return best_of(kStores, [&](std::size_t) {
    for (std::size_t n = 0, line = 0; n < kStores; ++n, line = (line + kStride) % lines)
      *reinterpret_cast<volatile std::uint64_t*>(bytes.data() + line * kLine) = n;
    store_fence();
  });
}

}  // namespace

DeviceFacts GlDevice::facts() const {
  return {.driver = traits_of(state_),
          .transfers = unforced_transfers(state_, nullptr),
          .sub_data_ok = !state_.gl.quirk(QuirkId::nvidia_update_order),
          .get_sub_data_ok = !state_.gl.limits.gles && !state_.gl.quirk(QuirkId::nvidia_update_order),
          .threads = copy_threads(state_, {.threads = UINT32_MAX}),
          .largest_bytes = state_.memory_limit / kSizesInMemory};
}

double GlDevice::now_ns() {
  return tune::now_ns();
}

Result<double> GlDevice::time_gpu(std::uint32_t from, std::uint32_t to) {
  const BufferCalls calls(state_.gl);
  Result<void> finished;
  const auto copy = [&](std::size_t) {
    for (int n = 0; n < kCopies && finished; ++n) calls.copy(from, 0, to, 0, kProbeBytes);
    if (finished) finished = finish(transfers_.context());
  };
  // Untimed: the first copies may move the buffers and touch fresh memory.
  copy(0);
  const double ns = best_of(kCopies, copy);
  if (!finished) return pass_on(finished);
  return ns * 1024 / static_cast<double>(kProbeBytes);
}

Result<MemoryCosts> GlDevice::probe_memory() {
  // Storage without flags asks for VRAM.
  for (std::optional<TestBuffer>* buffer : {&source_, &sink_}) {
    if (auto made = buffer->emplace(state_).allocate(kProbeBytes, 0); !made) return pass_on(made);
  }
  transfers_.resize(kProbeBytes);
  transfers_.renew_bytes();
  if (auto written = transfers_.write(source_->name()); !written) return pass_on(written);
  const auto gpu = time_gpu(source_->name(), sink_->name());
  if (!gpu) return pass_on(gpu);
  std::vector<std::byte> bytes(kProbeBytes, std::byte{1});
  return MemoryCosts{.read_ns = time_loads(bytes), .write_ns = time_stores(bytes), .gpu_ns_per_kib = *gpu};
}

Result<Device::Probe> GlDevice::probe(Access access, bool client_storage) {
  const bool writable = access != Access::read;
  const bool readable = access != Access::sequential_write;
  GLbitfield flags = GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
  if (writable) flags |= GL_MAP_WRITE_BIT;
  if (readable) flags |= GL_MAP_READ_BIT;
  TestBuffer buffer(state_);
  if (auto made = buffer.allocate(kProbeBytes, flags | (client_storage ? GL_CLIENT_STORAGE_BIT : 0)); !made)
    return pass_on(made);
  const BufferCalls calls(state_.gl);
  auto* const mapped = static_cast<std::byte*>(calls.map(buffer.name(), 0, kProbeBytes, flags));
  if (mapped == nullptr) {
    return fail(ErrorId::map_answered_null, kHere,
                {.numbers = {kProbeBytes}, .gl_call = calls.map_call(), .gl_error = state_.gl.GetError()});
  }

  const std::span<std::byte> bytes(mapped, kProbeBytes);
  if (writable) std::memset(bytes.data(), 1, bytes.size());
  const auto gpu =
      writable ? time_gpu(buffer.name(), sink_->name()) : time_gpu(source_->name(), buffer.name());
  if (!gpu) return pass_on(gpu);
  Probe probe{.costs = {.gpu_ns_per_kib = *gpu}};
  if (writable) probe.costs.write_ns = time_stores(bytes);
  if (readable) probe.costs.read_ns = time_loads(bytes);
  if (options_.reported_memory) probe.reported = options_.reported_memory(buffer.name());
  return probe;
}

Result<std::unique_ptr<Trial>> GlDevice::prepare(bool up, std::uint64_t size_bytes,
                                                 const TransferDirection& direction, const Profile& profile) {
  ContextState::of(transfers_.context()).plans.profile = profile;
  transfers_.resize(size_bytes);
  return make_transfer_trial(transfers_, up, direction);
}

}  // namespace pmb::detail
