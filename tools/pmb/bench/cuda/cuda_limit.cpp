// SPDX-License-Identifier: MIT
// The limit with CUDA: copies and kernels on pinned memory.

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "bench/cuda/cuda_driver.hpp"
#include "bench/limits/limit.hpp"
#include "bench/source.hpp"

namespace pmb::tool::bench {
namespace {

constexpr unsigned kGroupSize = 256;
constexpr unsigned kMostGroups = 2048;
constexpr std::uint64_t kUnit = 16;  // Bytes of one access.

/// Memory and streams of one measurement, freed with it.
class CudaMemory {
 public:
  explicit CudaMemory(const CudaDriver& cuda) : cuda_(cuda) {}
  CudaMemory(const CudaMemory&) = delete;
  CudaMemory& operator=(const CudaMemory&) = delete;
  ~CudaMemory() {
    for (void* stream : streams_) cuda_.calls().cuStreamDestroy_v2(stream);
    for (void* pinned : pinned_) cuda_.calls().cuMemFreeHost(pinned);
    for (const CudaDriver::DevicePointer device : device_) cuda_.calls().cuMemFree_v2(device);
  }

  Outcome<std::byte*> pinned(std::uint64_t size_bytes) {
    constexpr unsigned kPortable = 1;
    constexpr unsigned kDeviceMap = 2;
    void* memory = nullptr;
    auto done = cuda_.check(cuda_.calls().cuMemHostAlloc(&memory, size_bytes, kPortable | kDeviceMap),
                            "cuMemHostAlloc");
    if (!done) return pass_on(done);
    pinned_.push_back(memory);
    return static_cast<std::byte*>(memory);
  }
  Outcome<CudaDriver::DevicePointer> device(std::uint64_t size_bytes) {
    CudaDriver::DevicePointer memory = 0;
    auto done = cuda_.check(cuda_.calls().cuMemAlloc_v2(&memory, size_bytes), "cuMemAlloc");
    if (!done) return pass_on(done);
    device_.push_back(memory);
    return memory;
  }
  Outcome<void*> stream() {
    // Ordered with the default stream, which verification uses.
    constexpr unsigned kDefault = 0;
    void* made = nullptr;
    auto done = cuda_.check(cuda_.calls().cuStreamCreate(&made, kDefault), "cuStreamCreate");
    if (!done) return pass_on(done);
    streams_.push_back(made);
    return made;
  }
  /// The GPU's address of pinned memory.
  Outcome<CudaDriver::DevicePointer> seen(std::byte* memory) const {
    CudaDriver::DevicePointer pointer = 0;
    auto done = cuda_.check(cuda_.calls().cuMemHostGetDevicePointer_v2(&pointer, memory, 0),
                            "cuMemHostGetDevicePointer");
    if (!done) return pass_on(done);
    return pointer;
  }

 private:
  const CudaDriver& cuda_;
  std::vector<void*> streams_;
  std::vector<void*> pinned_;
  std::vector<CudaDriver::DevicePointer> device_;
};

unsigned groups_for(std::uint64_t size_bytes) {
  const std::uint64_t units = size_bytes / kUnit;
  return static_cast<unsigned>(std::clamp<std::uint64_t>(units / (kGroupSize * 4ULL), 1, kMostGroups));
}

/// Copies by the copy engines: up, down, or both at once; pinned or pageable.
class CudaCopyMethod final : public Method {
 public:
  static Outcome<std::unique_ptr<Method>> create(const CudaDriver& cuda, const WireShape& shape) {
    std::unique_ptr<CudaCopyMethod> method(new CudaCopyMethod(cuda, shape));
    if (auto made = method->allocate(); !made) return pass_on(made);
    return method;
  }

  Outcome<void> run(std::uint32_t times) override {
    const auto& calls = cuda_.calls();
    for (std::uint32_t time = 0; time < times; ++time) {
      for (std::uint32_t i = 0; i < shape_.operations; ++i) {
        if (goes_up()) {
          const auto code = calls.cuMemcpyHtoDAsync_v2(device_up_, host_up_, shape_.size_bytes, stream_up_);
          if (auto done = cuda_.check(code, "cuMemcpyHtoDAsync"); !done) return done;
        }
        if (goes_down()) {
          const auto code =
              calls.cuMemcpyDtoHAsync_v2(host_down_, device_down_, shape_.size_bytes, stream_down_);
          if (auto done = cuda_.check(code, "cuMemcpyDtoHAsync"); !done) return done;
        }
      }
      for (void* stream : {stream_up_, stream_down_}) {
        if (auto done = cuda_.check(calls.cuStreamSynchronize(stream), "cuStreamSynchronize"); !done)
          return done;
      }
    }
    return {};
  }

  Outcome<void> verify() override {
    const auto& calls = cuda_.calls();
    const std::size_t size = shape_.size_bytes;
    const auto bytes = source_.renew();
    constexpr unsigned char kPoison = 0xA5;
    if (goes_up()) {
      std::ranges::copy(bytes, host_up_);
      calls.cuMemsetD8_v2(device_up_, kPoison, size);
    }
    if (goes_down()) {
      std::memset(host_down_, kPoison, size);
      calls.cuMemcpyHtoD_v2(device_down_, bytes.data(), size);
    }
    if (auto done = run(1); !done) return done;
    if (goes_up()) {
      std::vector<std::byte> arrived(size);
      calls.cuMemcpyDtoH_v2(arrived.data(), device_up_, size);
      if (auto same = compare("what CUDA copied up", bytes, arrived); !same) return same;
    }
    if (!goes_down()) return {};
    return compare("what CUDA copied down", bytes, {host_down_, size});
  }

  std::uint64_t cpu_bytes_copied() const noexcept override {
    return is_pageable() ? shape_.size_bytes * shape_.operations : 0;
  }

 private:
  CudaCopyMethod(const CudaDriver& cuda, const WireShape& shape)
      : cuda_(cuda), shape_(shape), memory_(cuda), source_(shape.size_bytes) {}

  bool is_pageable() const { return shape_.wire == Wire::pageable_up || shape_.wire == Wire::pageable_down; }
  bool goes_up() const { return shape_.wire != Wire::down && shape_.wire != Wire::pageable_down; }
  bool goes_down() const { return shape_.wire != Wire::up && shape_.wire != Wire::pageable_up; }

  Outcome<void> allocate() {
    const auto end = [&](bool wanted, std::byte*& host, CudaDriver::DevicePointer& device,
                         std::vector<std::byte>& pageable) -> Outcome<void> {
      if (!wanted) return {};
      auto on_device = memory_.device(shape_.size_bytes);
      if (!on_device) return pass_on(on_device);
      device = *on_device;
      if (is_pageable()) {
        pageable.resize(shape_.size_bytes);
        host = pageable.data();
        return {};
      }
      auto pinned = memory_.pinned(shape_.size_bytes);
      if (!pinned) return pass_on(pinned);
      host = *pinned;
      return {};
    };
    if (auto made = end(goes_up(), host_up_, device_up_, pageable_up_); !made) return made;
    if (auto made = end(goes_down(), host_down_, device_down_, pageable_down_); !made) return made;
    for (void** stream : {&stream_up_, &stream_down_}) {
      auto made = memory_.stream();
      if (!made) return pass_on(made);
      *stream = *made;
    }
    return {};
  }

  const CudaDriver& cuda_;
  WireShape shape_;
  CudaMemory memory_;
  Source source_;
  std::vector<std::byte> pageable_up_;
  std::vector<std::byte> pageable_down_;
  std::byte* host_up_ = nullptr;
  std::byte* host_down_ = nullptr;
  CudaDriver::DevicePointer device_up_ = 0;
  CudaDriver::DevicePointer device_down_ = 0;
  void* stream_up_ = nullptr;
  void* stream_down_ = nullptr;
};

/// Kernels on pinned memory in place: reading it, writing it, or from one piece to another.
class CudaKernelMethod final : public Method {
 public:
  static Outcome<std::unique_ptr<Method>> create(const CudaDriver& cuda, const WireShape& shape) {
    std::unique_ptr<CudaKernelMethod> method(new CudaKernelMethod(cuda, shape));
    if (auto made = method->allocate(); !made) return pass_on(made);
    return method;
  }

  Outcome<void> run(std::uint32_t times) override {
    for (std::uint32_t time = 0; time < times; ++time) {
      for (std::uint32_t i = 0; i < shape_.operations; ++i) {
        if (auto done = launch(); !done) return done;
      }
      if (auto done = cuda_.check(cuda_.calls().cuStreamSynchronize(stream_), "cuStreamSynchronize"); !done) {
        return done;
      }
    }
    return {};
  }

  Outcome<void> verify() override {
    const std::size_t size = shape_.size_bytes;
    const auto bytes = source_.renew();
    if (input_ != nullptr) std::ranges::copy(bytes, input_);
    if (output_ != nullptr) std::memset(output_, 0xA5, size);
    seed_ = Source::next_seed();
    if (auto done = run(1); !done) return done;
    switch (shape_.wire) {
      case Wire::kernel_both:
        return compare("what the CUDA kernel copied", bytes, {output_, size});
      case Wire::kernel_write: {
        std::vector<std::byte> expected(size);
        for (std::size_t i = 0; i < size / sizeof(std::uint32_t); ++i) {
          const std::uint32_t word = static_cast<std::uint32_t>(i + seed_);
          std::memcpy(expected.data() + i * sizeof(word), &word, sizeof(word));
        }
        return compare("what the CUDA kernel wrote", expected, {output_, size});
      }
      default:
        return compare_sums(bytes);
    }
  }

  std::uint64_t cpu_bytes_copied() const noexcept override { return 0; }

 private:
  CudaKernelMethod(const CudaDriver& cuda, const WireShape& shape)
      : cuda_(cuda), shape_(shape), memory_(cuda), source_(shape.size_bytes) {}

  std::uint64_t threads() const { return std::uint64_t{groups_for(shape_.size_bytes)} * kGroupSize; }

  Outcome<void> allocate() {
    const bool reads = shape_.wire != Wire::kernel_write;
    const bool writes = shape_.wire != Wire::kernel_read;
    if (reads) {
      auto made = memory_.pinned(shape_.size_bytes);
      if (!made) return pass_on(made);
      input_ = *made;
      auto seen = memory_.seen(input_);
      if (!seen) return pass_on(seen);
      second_ = *seen;
    }
    if (writes) {
      auto made = memory_.pinned(shape_.size_bytes);
      if (!made) return pass_on(made);
      output_ = *made;
      auto seen = memory_.seen(output_);
      if (!seen) return pass_on(seen);
      first_ = *seen;
    } else {
      auto sums = memory_.device(threads() * sizeof(std::uint32_t));
      if (!sums) return pass_on(sums);
      first_ = *sums;
    }
    auto stream = memory_.stream();
    if (!stream) return pass_on(stream);
    stream_ = *stream;
    const char* const name = !writes ? "pmb_read" : reads ? "pmb_copy" : "pmb_write";
    kernel_ = cuda_.kernel(name);
    if (kernel_ == nullptr) return fail(kGpu, "CUDA has no kernel {}", name);
    return {};
  }

  Outcome<void> launch() {
    std::uint64_t units = shape_.size_bytes / kUnit;
    CudaDriver::DevicePointer second = shape_.wire == Wire::kernel_write ? seed_ : second_;
    std::array<void*, 3> parameters = {&first_, &second, &units};
    const auto code = cuda_.calls().cuLaunchKernel(kernel_, groups_for(shape_.size_bytes), 1, 1, kGroupSize,
                                                   1, 1, 0, stream_, parameters.data(), nullptr);
    return cuda_.check(code, "cuLaunchKernel");
  }

  Outcome<void> compare_sums(std::span<const std::byte> bytes) {
    std::vector<std::uint32_t> sums(threads());
    cuda_.calls().cuMemcpyDtoH_v2(sums.data(), first_, sums.size() * sizeof(std::uint32_t));
    std::uint32_t sum = 0;
    for (const std::uint32_t part : sums) sum += part;
    std::uint32_t expected = 0;
    for (std::size_t at = 0; at + sizeof(expected) <= bytes.size(); at += sizeof(expected)) {
      std::uint32_t word = 0;
      std::memcpy(&word, bytes.data() + at, sizeof(word));
      expected += word;
    }
    if (sum == expected) return {};
    return fail(kMismatch, "the CUDA kernel's sum is 0x{:08X} and should be 0x{:08X}", sum, expected);
  }

  const CudaDriver& cuda_;
  WireShape shape_;
  CudaMemory memory_;
  Source source_;
  std::uint64_t seed_ = 0;
  std::byte* input_ = nullptr;
  std::byte* output_ = nullptr;
  CudaDriver::DevicePointer first_ = 0;
  CudaDriver::DevicePointer second_ = 0;
  void* stream_ = nullptr;
  void* kernel_ = nullptr;
};

class CudaLimit final : public Limit {
 public:
  explicit CudaLimit(std::unique_ptr<CudaDriver> cuda) : cuda_(std::move(cuda)) {}

  std::optional<std::string> describe(Wire wire) const override {
    switch (wire) {
      case Wire::up:
        return "cuMemcpy from pinned memory to the GPU";
      case Wire::down:
        return "cuMemcpy from the GPU to pinned memory";
      case Wire::both:
        return "cuMemcpy both methods at once, pinned memory";
      case Wire::pageable_up:
        return "cuMemcpy from pageable memory to the GPU";
      case Wire::pageable_down:
        return "cuMemcpy from the GPU to pageable memory";
      case Wire::kernel_read:
        return "a CUDA kernel that reads pinned memory in place";
      case Wire::kernel_write:
        return "a CUDA kernel that writes pinned memory in place";
      case Wire::kernel_both:
        return "a CUDA kernel that copies pinned memory in place";
    }
    return std::nullopt;
  }

  Outcome<std::unique_ptr<Method>> make(const WireShape& shape) override {
    switch (shape.wire) {
      case Wire::kernel_read:
      case Wire::kernel_write:
      case Wire::kernel_both:
        return CudaKernelMethod::create(*cuda_, shape);
      default:
        return CudaCopyMethod::create(*cuda_, shape);
    }
  }

  std::string name() const override { return cuda_->name(); }

 private:
  std::unique_ptr<CudaDriver> cuda_;
};

}  // namespace

std::unique_ptr<Limit> open_cuda_limit(int device, std::string& why, const char* library) {
  auto cuda = CudaDriver::open(library, device);
  if (cuda) return std::make_unique<CudaLimit>(std::move(*cuda));
  why = cuda.error().message;
  return nullptr;
}

}  // namespace pmb::tool::bench
