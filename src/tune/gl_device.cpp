// SPDX-License-Identifier: MIT
// The device behind calibrate(): a GL context, its mappings, and a monotonic clock. Transfers are those of a second
// context on the same GL context, used as programs use them.
#include <algorithm>
#include <cstring>
#include <optional>
#include <pmb/context.hpp>
#include <pmb/copy.hpp>
#include <pmb/transfer.hpp>
#include <pmb/tune/measure.hpp>
#include <span>
#include <vector>

#include "context/context_state.hpp"
#include "gl/buffer_calls.hpp"
#include "tune/calibrator.hpp"

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

/// A GL buffer, deleted with its owner.
class TestBuffer {
 public:
  explicit TestBuffer(const ContextState& state) noexcept
      : state_(state), name_(BufferCalls(state.gl).create(error_)) {}
  ~TestBuffer() {
    if (state_.is_current() && !state_.lost) state_.gl.DeleteBuffers(1, &name_);
  }
  TestBuffer(const TestBuffer&) = delete;
  TestBuffer& operator=(const TestBuffer&) = delete;

  /// Immutable storage with these flags, or mutable storage, as most programs have. Statuses: out_of_memory.
  Result<void> allocate(std::uint64_t size_bytes, std::optional<std::uint32_t> storage_flags) {
    const BufferCalls calls(state_.gl);
    if (name_ == 0)
      return fail(ErrorId::storage_failed, kHere, {.numbers = {size_bytes}, .gl_error = error_});
    if (storage_flags) {
      calls.storage(name_, size_bytes, *storage_flags);
    } else {
      calls.data(name_, size_bytes, GL_DYNAMIC_DRAW);
    }
    const GLenum error = state_.gl.GetError();
    if (error == GL_NO_ERROR && calls.parameter(name_, GL_BUFFER_SIZE) == calls.reported(size_bytes))
      return {};
    return fail(ErrorId::storage_failed, kHere,
                {.numbers = {size_bytes},
                 .gl_call = storage_flags ? calls.storage_call() : calls.data_call(),
                 .gl_error = error});
  }
  std::uint32_t name() const noexcept { return name_; }

 private:
  const ContextState& state_;
  GLenum error_ = GL_NO_ERROR;
  std::uint32_t name_;  ///< 0: GL made none.
};

class GlDevice final : public Device {
 public:
  GlDevice(ContextState& state, const CalibrateOptions& options) noexcept
      : state_(state), options_(options) {}

  /// Must be called first.
  Result<void> open() {
    for (std::optional<Context>* context : {&context_, &checker_}) {
      auto made = state_.clone_for_same_gl(kHere);
      if (!made) return pass_on(made);
      *context = std::move(*made);
    }
    // The check must not use the transfers that it checks: it has a fixed plan and a ring apart.
    TransferPlan plan;
    if (!state_.gl.limits.buffer_storage) plan.up.steps[0].path = plan.down.steps[0].path = Path::traditional;
    ContextState::of(*checker_).plans.transfers = plan;
    return {};
  }

  double now_ns() override { return tune::now_ns(); }

  Result<MemoryCosts> probe_memory() override {
    // Storage without flags asks for VRAM.
    for (std::optional<TestBuffer>* buffer : {&source_, &sink_}) {
      if (auto made = buffer->emplace(state_).allocate(kProbeBytes, 0); !made) return pass_on(made);
    }
    renew_bytes(kProbeBytes);
    if (auto written = upload(*checker_, source_->name(), 0, bytes_); !written) return pass_on(written);
    const auto gpu = time_gpu(source_->name(), sink_->name());
    if (!gpu) return pass_on(gpu);
    return MemoryCosts{
        .read_ns = time_loads(bytes_), .write_ns = time_stores(bytes_), .gpu_ns_per_kib = *gpu};
  }

  Result<Probe> probe(Access access, bool client_storage) override {
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

  Result<bool> prepare(const TestTransfer& transfer, const Profile& profile) override {
    ContextState::of(*context_).plans.profile = profile;
    TestBuffer& buffer = buffer_of(transfer).emplace(state_);
    if (auto made = buffer.allocate(transfer.size_bytes, std::nullopt); !made) return pass_on(made);
    renew_bytes(transfer.size_bytes);
    if (!transfer.up) {
      if (auto written = upload(*checker_, buffer.name(), 0, bytes_); !written) return pass_on(written);
    }
    if (auto moved = run(transfer, 1); !moved) return pass_on(moved);
    if (transfer.up) {
      if (auto read = download(*checker_, buffer.name(), 0, result_); !read) return pass_on(read);
    }
    return bytes_ == result_;
  }

  Result<double> run(const TestTransfer& transfer, std::uint32_t count) override {
    TransferPlan& plan = ContextState::of(*context_).plans.transfers;
    (transfer.up ? plan.up : plan.down) = transfer.direction;
    const std::uint32_t buffer = buffer_of(transfer)->name();
    const double start = now_ns();
    for (std::uint32_t i = 0; i < count; ++i) {
      auto done =
          transfer.up ? upload(*context_, buffer, 0, bytes_) : download(*context_, buffer, 0, result_);
      if (!done) return pass_on(done);
    }
    if (transfer.up) {
      if (auto finished = finish(); !finished) return pass_on(finished);
    }
    return now_ns() - start;
  }

 private:
  Result<void> finish() {
    auto ticket = context_->timeline().mark();
    if (!ticket) return pass_on(ticket);
    return ticket->wait(context_->options().timeout);
  }

  Result<double> time_gpu(std::uint32_t from, std::uint32_t to) {
    const BufferCalls calls(state_.gl);
    Result<void> finished;
    const auto copy = [&](std::size_t) {
      for (int n = 0; n < kCopies && finished; ++n) calls.copy(from, 0, to, 0, kProbeBytes);
      if (finished) finished = finish();
    };
    // Untimed: the first copies may move the buffers and touch fresh memory.
    copy(0);
    const double ns = best_of(kCopies, copy);
    if (!finished) return pass_on(finished);
    return ns * 1024 / static_cast<double>(kProbeBytes);
  }

  /// Changes all bytes, so that no buffer holds them yet, and clears the result.
  void renew_bytes(std::size_t size) {
    bytes_.resize(size);
    result_.assign(size, std::byte{0xFF});
    // Incompressible: a linear congruential generator.
    std::uint64_t state = ++generation_ * 0x9E3779B97F4A7C15U;
    for (std::size_t at = 0; at < size; at += sizeof state) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      const std::uint64_t mixed = state ^ (state >> 29U);
      std::memcpy(bytes_.data() + at, &mixed, std::min(sizeof mixed, size - at));
    }
  }

  /// The raw GL calls have a buffer apart from that of the rings, because drivers move buffers that such calls use.
  std::optional<TestBuffer>& buffer_of(const TestTransfer& transfer) {
    return buffers_[transfer.direction.steps.front().path == Path::traditional ? 1 : 0];
  }

  ContextState& state_;
  const CalibrateOptions& options_;
  std::optional<Context> context_;    ///< Its transfers are compared.
  std::optional<Context> checker_;    ///< Its transfers bring the bytes to compare.
  std::optional<TestBuffer> source_;  ///< Of the GPU's copies into mappings.
  std::optional<TestBuffer> sink_;    ///< Of the GPU's copies from mappings.
  std::optional<TestBuffer> buffers_[2];
  std::vector<std::byte> bytes_;
  std::vector<std::byte> result_;
  std::uint64_t generation_ = 0;
};

}  // namespace

DeviceFacts facts_of(const ContextState& state) {
  return {.driver = traits_of(state),
          .transfers = unforced_transfers(state, nullptr),
          .sub_data_ok = !state.gl.quirk(QuirkId::nvidia_update_order),
          .get_sub_data_ok = !state.gl.limits.gles && !state.gl.quirk(QuirkId::nvidia_update_order),
          .threads = copy_threads(state, {.threads = UINT32_MAX}),
          .largest_bytes = state.memory_limit / kSizesInMemory};
}

Result<Calibration> calibrate_gl(ContextState& state, const CalibrateOptions& options) {
  GlDevice device(state, options);
  if (auto opened = device.open(); !opened) return pass_on(opened);
  return calibrate_device(device, facts_of(state), options);
}

}  // namespace pmb::detail
