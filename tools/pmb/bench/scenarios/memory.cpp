// SPDX-License-Identifier: MIT
// memory: the memory of a payload that CPU and GPU both use, shared or copied. Its figures are the memory columns; its
// time is one use by both sides.

#include <pmb/mapped_buffer.hpp>

#include "bench/scenarios/scenario.hpp"
#include "bench/shader.hpp"
#include "bench/source.hpp"

namespace pmb::tool::bench {
namespace {

Outcome<void> check_sum(Reduction& reduction, std::span<const std::byte> bytes) {
  auto sum = reduction.result();
  if (!sum) return pass_on(sum);
  if (*sum == Reduction::expected(bytes)) return {};
  return fail(kMismatch, "the GPU's checksum is 0x{:08X} and should be 0x{:08X}", *sum,
              Reduction::expected(bytes));
}

/// One mapping that CPU and GPU share.
class SharedPayload final : public Method {
 public:
  SharedPayload(BenchContext& bench, pmb::MappedBuffer buffer, Reduction reduction)
      : bench_(bench), buffer_(std::move(buffer)), reduction_(std::move(reduction)) {}

  Outcome<void> run(std::uint32_t times) override {
    for (std::uint32_t time = 0; time < times; ++time) {
      fill_pattern(time, buffer_.raw_bytes());
      if (auto used = use(); !used) return used;
    }
    return {};
  }
  Outcome<void> verify() override {
    fill_pattern(Source::next_seed(), buffer_.raw_bytes());
    if (auto used = use(); !used) return used;
    return check_sum(reduction_, buffer_.raw_bytes());
  }
  std::uint64_t cpu_bytes_copied() const noexcept override { return 0; }

 private:
  Outcome<void> use() {
    if (auto done = buffer_.flush(0, buffer_.size_bytes()); !done)
      return gpu_failure("flushing", done.error());
    reduction_.run({buffer_.buffer(), 0}, buffer_.size_bytes());
    return bench_.finish();
  }

  BenchContext& bench_;
  pmb::MappedBuffer buffer_;
  Reduction reduction_;
};

/// The caller's array, the driver's copy, and the GPU's copy.
class CopiedPayload final : public Method {
 public:
  CopiedPayload(BenchContext& bench, TraditionalUpload method, std::uint64_t size_bytes, GlBuffer buffer,
                Reduction reduction)
      : bench_(bench),
        method_(method),
        memory_(size_bytes),
        buffer_(std::move(buffer)),
        reduction_(std::move(reduction)) {}

  Outcome<void> run(std::uint32_t times) override {
    for (std::uint32_t time = 0; time < times; ++time) {
      fill_pattern(time, memory_);
      if (auto used = use(); !used) return used;
    }
    return {};
  }
  Outcome<void> verify() override {
    fill_pattern(Source::next_seed(), memory_);
    if (auto used = use(); !used) return used;
    return check_sum(reduction_, memory_);
  }
  std::uint64_t cpu_bytes_copied() const noexcept override { return 2 * memory_.size(); }

 private:
  Outcome<void> use() {
    const GladGLContext& gl = bench_.gl();
    const auto size = static_cast<GLsizeiptr>(memory_.size());
    gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer_.name());
    if (method_ == TraditionalUpload::buffer_data) {
      gl.BufferData(GL_COPY_WRITE_BUFFER, size, memory_.data(), GL_DYNAMIC_DRAW);
    } else {
      gl.BufferSubData(GL_COPY_WRITE_BUFFER, 0, size, memory_.data());
    }
    reduction_.run({buffer_.name(), 0}, memory_.size());
    gl.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
    gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer_.name());
    gl.GetBufferSubData(GL_COPY_WRITE_BUFFER, 0, size, memory_.data());
    return bench_.require_no_error("using a payload from both sides");
  }

  BenchContext& bench_;
  TraditionalUpload method_;
  std::vector<std::byte> memory_;
  GlBuffer buffer_;
  Reduction reduction_;
};

}  // namespace

void add_memory_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  constexpr std::uint64_t kFull = 1ULL << 30;
  constexpr std::uint64_t kQuick = 1ULL << 26;
  BenchContext& bench = setup.bench;
  const std::uint64_t size = setup.quick ? kQuick : kFull;
  Case work{
      .scenario = "memory", .size_bytes = size, .moved_bytes = size, .one_at_a_time = true, .one_turn = true};
  for (const TraditionalUpload method :
       {TraditionalUpload::buffer_data, TraditionalUpload::buffer_sub_data}) {
    add_method(work, to_string(method), MethodKind::traditional,
               [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
                 auto reduction = Reduction::create(bench);
                 if (!reduction) return pass_on(reduction);
                 auto buffer = GlBuffer::create(bench.gl(), size, GL_DYNAMIC_DRAW);
                 if (!buffer) return pass_on(buffer);
                 return std::make_unique<CopiedPayload>(bench, method, size, std::move(*buffer),
                                                        std::move(*reduction));
               });
  }
  for (const PmbMethod& method : pmb_methods(bench, {pmb::Path::direct})) {
    add_method(work, method.name, method.kind, [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
      auto reduction = Reduction::create(bench);
      if (!reduction) return pass_on(reduction);
      auto buffer = pmb::MappedBuffer::create(
          *method.context,
          {.size_bytes = size, .access = pmb::Access::bidirectional, .label = "bench payload"});
      if (!buffer) return gpu_failure("a mapped buffer", buffer.error());
      return std::make_unique<SharedPayload>(bench, std::move(*buffer), std::move(*reduction));
    });
  }
  cases.push_back(std::move(work));
}

}  // namespace pmb::tool::bench
