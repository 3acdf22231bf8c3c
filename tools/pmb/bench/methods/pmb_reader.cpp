// SPDX-License-Identifier: MIT
// Downloads with pmb.

#include <algorithm>
#include <pmb/readback_ring.hpp>
#include <pmb/timeline.hpp>
#include <pmb/transfer.hpp>
#include <vector>

#include "bench/methods/gpu_targets.hpp"
#include "bench/methods/own_memory.hpp"
#include "bench/methods/reader.hpp"
#include "bench/methods/ring_reader.hpp"

namespace pmb::tool::bench {
namespace {

class StagedReader final : public RingReader {
 public:
  StagedReader(BenchContext& bench, pmb::Context& context, pmb::ReadbackRing ring, const ReadShape& shape,
               Marks marks)
      : RingReader(context, bench.gl(), std::move(ring), shape, marks),
        gl_(bench.gl()),
        targets_(bench, shape.result_bytes, shape.depth) {}

  Outcome<BufferOffset> target() override { return targets_.next(); }
  Outcome<void> sent() override {
    // A request orders its copy after shader stores; this orders the next stores after the copy.
    gl_.MemoryBarrier(GL_SHADER_STORAGE_BARRIER_BIT);
    return pull_used(targets_.latest(), pmb::BufferUse::any);
  }
  void poison() override {
    RingReader::poison();
    targets_.poison();
  }

 private:
  const GladGLContext& gl_;
  GpuTargets targets_;
};

class TransferReader final : public Reader {
 public:
  TransferReader(pmb::Context& context, const ReadShape& shape)
      : context_(context), memory_(shape.result_bytes) {}

  Outcome<BufferOffset> target() override { return fail(kUsage, "pmb::download reads existing buffers"); }
  Outcome<void> sent() override { return {}; }
  Outcome<void> pull(BufferOffset source) override {
    if (source.buffer != source_.buffer()) {
      // The scenario sets the barrier, for all methods. The buffer is not updated.
      const auto found =
          pmb::BufferTarget::query(context_, source.buffer, pmb::BufferUse::download_only_no_shader_writes);
      if (!found) return gpu_failure("looking a buffer up", found.error());
      source_ = *found;
    }
    offsets_.push_back(source.offset_bytes);
    return {};
  }
  Outcome<std::span<const std::byte>> wait_oldest() override {
    const std::uint64_t offset = offsets_.front();
    offsets_.pop_front();
    if (auto done = pmb::download(context_, source_, offset, memory_.bytes()); !done) {
      return gpu_failure("pmb::download", done.error());
    }
    return memory_.bytes();
  }
  Outcome<void> release_oldest() override { return {}; }
  void poison() override { memory_.poison(); }
  std::uint32_t copies() const noexcept override { return 1; }

 private:
  pmb::Context& context_;
  OwnMemory memory_;
  pmb::BufferTarget source_;  ///< Looked up once, as a streaming program would.
  std::deque<std::uint64_t> offsets_;
};

Outcome<pmb::ReadbackRing> make_ring(pmb::Context& context, const ReadShape& shape) {
  constexpr std::uint64_t kLine = 64;
  const std::uint64_t step = std::max(context.limits().storage_offset_alignment, kLine);
  const std::uint64_t padded = (shape.result_bytes + step - 1) / step * step;
  auto ring = pmb::ReadbackRing::create(
      context, {.capacity_bytes = padded * shape.depth, .label = "bench readback", .prefault = true});
  if (!ring) return gpu_failure("a readback ring", ring.error());
  return std::move(*ring);
}

}  // namespace

Outcome<std::unique_ptr<Reader>> make_ring_reader(pmb::Context& context, const BenchContext& bench,
                                                  const ReadShape& shape, Marks marks) {
  auto ring = make_ring(context, shape);
  if (!ring) return pass_on(ring);
  return std::make_unique<RingReader>(context, bench.gl(), std::move(*ring), shape, marks);
}

Outcome<std::unique_ptr<Reader>> make_staged_reader(BenchContext& bench, pmb::Context& context,
                                                    const ReadShape& shape, Marks marks) {
  auto ring = make_ring(context, shape);
  if (!ring) return pass_on(ring);
  return std::make_unique<StagedReader>(bench, context, std::move(*ring), shape, marks);
}

Outcome<std::unique_ptr<Reader>> make_transfer_reader(pmb::Context& context, const ReadShape& shape) {
  return std::make_unique<TransferReader>(context, shape);
}

}  // namespace pmb::tool::bench
