// SPDX-License-Identifier: MIT
// Bytes cross between CPU and GPU, both ways, under both models (OpenGL 4.6 sections 6.2 and 6.3).

#include "verify/checks.hpp"

namespace pmb::tool::verify {
namespace {

constexpr std::uint32_t kBlocks = 4;
// A driver may show the bytes of an earlier lap.
constexpr std::uint32_t kLaps = 8;
constexpr std::uint32_t kAll = kBlocks * kLaps;

std::string judged(const char* who, std::uint32_t wrong, std::uint32_t first_wrong, const Words& seen) {
  if (wrong == 0) return fmt::format("{} {} blocks right", who, kAll);
  fail_check("{} {} of {} blocks wrong; the first is block {}, which shows {:#x}", who, wrong, kAll,
             first_wrong, seen[0]);
}

}  // namespace

std::string cpu_writes(const Gpu& gpu, GLbitfield access, Reader by, Remedy remedy) {
  const Mapped mapped(gpu, access, kBlocks * kBlockBytes);
  const auto reads = Reads::of(gpu, by);
  for (std::uint32_t number = 0; number < kAll; ++number) {
    const std::uint64_t offset = number % kBlocks * kBlockBytes;
    if (offset == 0) finish(gpu);
    mapped.put(offset, words_of(number));
    if (access == kFlushedWrite) mapped.flush(offset);
    if (remedy == Remedy::barrier) gpu.gl.MemoryBarrier(GL_ALL_BARRIER_BITS);
    reads->issue(mapped.name(), offset);
  }
  const std::vector<Words> seen = reads->results();
  std::uint32_t wrong = 0;
  std::uint32_t first_wrong = 0;
  for (std::uint32_t number = kAll; number-- > 0;) {
    if (seen[number] == words_of(number)) continue;
    ++wrong;
    first_wrong = number;
  }
  return judged("the GPU read", wrong, first_wrong, seen[first_wrong]);
}

std::string gpu_writes(const Gpu& gpu, GLbitfield access, Writer by) {
  const bool needs_barrier = access == kBarrierRead;
  const Mapped mapped(gpu, access, kBlocks * kBlockBytes);
  if (needs_barrier && !gpu.context.limits().memory_barrier)
    skip_check("the context has no glMemoryBarrier; pmb reads coherent mappings only");
  const auto writes = Writes::of(gpu, by);
  std::uint32_t wrong = 0;
  std::uint32_t first_wrong = 0;
  Words first_seen{};
  for (std::uint32_t lap = 0; lap < kLaps; ++lap) {
    for (std::uint32_t i = 0; i < kBlocks; ++i)
      writes->issue(lap * kBlocks + i, mapped.name(), i * kBlockBytes);
    if (needs_barrier) gpu.gl.MemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
    finish(gpu);
    for (std::uint32_t i = 0; i < kBlocks; ++i) {
      const Words seen = mapped.get(i * kBlockBytes);
      if (seen == words_of(lap * kBlocks + i)) continue;
      if (wrong++ > 0) continue;
      first_wrong = lap * kBlocks + i;
      first_seen = seen;
    }
  }
  return judged("the CPU read", wrong, first_wrong, first_seen);
}

}  // namespace pmb::tool::verify
