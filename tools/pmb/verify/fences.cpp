// SPDX-License-Identifier: MIT
// Fences signal after the commands before them, and waits end (OpenGL 4.6 section 4.1).

#include <chrono>

#include "verify/checks.hpp"

namespace pmb::tool::verify {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::uint32_t kTries = 8;
// Longer than any call of the driver, so that a fence that signals too early does so before the draw has ended.
constexpr milliseconds kSlow{10};

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

std::string fence_follows_store(const Gpu& gpu) {
  if (!gpu.shaders.can_store()) skip_check("no fragment shader of this context can store into a buffer");
  const Mapped mapped(gpu, kCoherentRead, kBlockBytes);
  int polls = 0;
  for (std::uint32_t number = 0; number < kTries; ++number) {
    gpu.shaders.store(number, mapped.name(), 0, kSlow);
    const Fence fence(gpu);
    gpu.gl.Flush();
    polls += fence.poll();
    if (mapped.get(0) != words_of(number))
      fail_check("the fence behind slow store {} of {} had signalled before its words arrived", number + 1,
                 kTries);
  }
  finish(gpu);
  return fmt::format("{} slow stores had arrived when their fences signalled, after {} polls", kTries, polls);
}

std::string fence_follows_read(const Gpu& gpu) {
  const Reader by = gpu.shaders.can_read(Reader::storage) ? Reader::storage : Reader::uniform;
  const Mapped mapped(gpu, kCoherentWrite, kBlockBytes);
  const auto reads = Reads::of(gpu, by, kSlow);
  for (std::uint32_t number = 0; number < kTries; ++number) {
    mapped.put(0, words_of(number));
    reads->issue(mapped.name(), 0);
    const Fence fence(gpu);
    gpu.gl.Flush();
    fence.poll();
    mapped.put(0, words_of(kTries));
  }
  const std::vector<Words> seen = reads->results();
  for (std::uint32_t number = 0; number < kTries; ++number) {
    if (seen[number] != words_of(number))
      fail_check("slow draw {} of {} read words that were written after its fence had signalled", number + 1,
                 kTries);
  }
  return fmt::format("{} slow draws had read their words when their fences signalled", kTries);
}

std::string flushed_fence_signals(const Gpu& gpu) {
  const GlBuffer source = plain_buffer(gpu, kBlockBytes, words_of(1).data());
  const GlBuffer target = plain_buffer(gpu, kBlockBytes);
  const auto start = Clock::now();
  copy(gpu, source.name(), 0, target.name(), 0);
  const Fence fence(gpu);
  gpu.gl.Flush();
  const int polls = fence.poll();
  return fmt::format("a fence signalled {:.2f} ms after glFlush, without a wait, after {} polls",
                     ms_since(start), polls);
}

std::string waiting_flushes(const Gpu& gpu) {
  const GlBuffer source = plain_buffer(gpu, kBlockBytes, words_of(1).data());
  const GlBuffer target = plain_buffer(gpu, kBlockBytes);
  const auto start = Clock::now();
  copy(gpu, source.name(), 0, target.name(), 0);
  const Fence fence(gpu);
  fence.wait_until_signalled(GL_SYNC_FLUSH_COMMANDS_BIT);
  return fmt::format("a wait with GL_SYNC_FLUSH_COMMANDS_BIT ended after {:.2f} ms", ms_since(start));
}

// A busy machine may stop this thread for a whole draw, so one wait that ends before its draw is enough.
std::string wait_keeps_its_bound(const Gpu& gpu) {
  constexpr int kWaits = 5;
  constexpr milliseconds kBound{5};
  constexpr milliseconds kShortestDraw{100};
  const Reader by = gpu.shaders.can_read(Reader::storage) ? Reader::storage : Reader::uniform;
  const GlBuffer source = plain_buffer(gpu, kBlockBytes, words_of(1).data());
  double waited = 0;
  for (int i = 0; i < kWaits; ++i) {
    const auto reads = Reads::of(gpu, by, kShortestDraw * (1 << i));
    reads->issue(source.name(), 0);
    const Fence fence(gpu);
    gpu.gl.Flush();
    const auto start = Clock::now();
    const GLenum answer = fence.wait(kBound);
    waited = ms_since(start);
    finish(gpu);
    if (answer == GL_WAIT_FAILED) fail_check("glClientWaitSync returned GL_WAIT_FAILED");
    if (answer == GL_TIMEOUT_EXPIRED || waited < 2 * kBound.count())
      return fmt::format("a wait of {} ms {} after {:.1f} ms, and the draw ended after {:.1f} ms",
                         kBound.count(), answer == GL_TIMEOUT_EXPIRED ? "expired" : "ended", waited,
                         ms_since(start));
  }
  fail_check("each of {} waits of {} ms lasted until its draw ended, the last for {:.1f} ms", kWaits,
             kBound.count(), waited);
}

}  // namespace pmb::tool::verify
