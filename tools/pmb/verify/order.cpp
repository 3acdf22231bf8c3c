// SPDX-License-Identifier: MIT
// GL's own updates and reads keep their place among other commands (OpenGL 4.6 section 2.3).

#include <algorithm>
#include <cstring>

#include "verify/checks.hpp"

namespace pmb::tool::verify {
namespace {

constexpr std::uint32_t kUpdates = 32;
// Each draw takes longer than the next update call.
constexpr std::chrono::milliseconds kSlowRead{2};

void replace(const Gpu& gpu, Update how, GLuint buffer, const Words& words) {
  if (how == Update::new_store) {
    gpu.gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
    gpu.gl.BufferData(GL_COPY_WRITE_BUFFER, kBlockBytes, nullptr, GL_STREAM_DRAW);
  }
  update(gpu, buffer, words);
}

constexpr std::uint64_t kKibibyte = 1024;
// On NVIDIA 580.159 updates overtake copies from 128 KiB on (docs/drivers.md).
constexpr std::uint64_t kUpdateSizes[] = {kKibibyte, 128 * kKibibyte, 1024 * kKibibyte};

void write_before(const Gpu& gpu, Earlier earlier, GLuint from, GLuint to, std::uint64_t size) {
  if (earlier == Earlier::copy) return copy(gpu, from, 0, to, 0, size);
  constexpr GLubyte kCleared = 0xA5;
  gpu.gl.BindBuffer(GL_COPY_WRITE_BUFFER, to);
  gpu.gl.ClearBufferData(GL_COPY_WRITE_BUFFER, GL_R8UI, GL_RED_INTEGER, GL_UNSIGNED_BYTE, &kCleared);
}

void update_whole(const Gpu& gpu, Remedy remedy, GLuint buffer, const std::vector<std::uint32_t>& words) {
  const std::uint64_t size = words.size() * sizeof(std::uint32_t);
  if (remedy == Remedy::copy) {
    const GlBuffer source = plain_buffer(gpu, size, words.data());
    return copy(gpu, source.name(), 0, buffer, 0, size);
  }
  gpu.gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  gpu.gl.BufferSubData(GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(size), words.data());
}

// Through another buffer: mapping the buffer itself may order the commands.
std::uint64_t wrong_words(const Gpu& gpu, GLuint buffer, const std::vector<std::uint32_t>& expected) {
  const std::uint64_t size = expected.size() * sizeof(std::uint32_t);
  const GlBuffer seen = plain_buffer(gpu, size, nullptr, GL_STREAM_READ);
  finish(gpu);
  copy(gpu, buffer, 0, seen.name(), 0, size);
  finish(gpu);
  gpu.gl.BindBuffer(GL_COPY_READ_BUFFER, seen.name());
  const auto* const words = static_cast<const std::uint32_t*>(
      gpu.gl.MapBufferRange(GL_COPY_READ_BUFFER, 0, static_cast<GLsizeiptr>(size), GL_MAP_READ_BIT));
  if (words == nullptr) fail_check("glMapBufferRange of a plain buffer returned null");
  std::uint64_t wrong = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) wrong += words[i] != expected[i] ? 1 : 0;
  gpu.gl.UnmapBuffer(GL_COPY_READ_BUFFER);
  return wrong;
}

}  // namespace

std::string update_after_read(const Gpu& gpu, Update how, Reader by, Remedy remedy) {
  const GlBuffer buffer = plain_buffer(gpu, kBlockBytes, words_of(0).data(), GL_STREAM_DRAW);
  const auto reads = Reads::of(gpu, by, kSlowRead);
  for (std::uint32_t number = 0; number < kUpdates; ++number) {
    reads->issue(buffer.name(), 0);
    if (remedy == Remedy::barrier) gpu.gl.MemoryBarrier(GL_ALL_BARRIER_BITS);
    replace(gpu, how, buffer.name(), words_of(number + 1));
  }
  const std::vector<Words> seen = reads->results();
  // Older words are another property: update_before_read.
  std::uint32_t overtaken = 0;
  for (std::uint32_t number = 0; number < kUpdates; ++number)
    overtaken += number_of(seen[number]) > number ? 1 : 0;
  if (overtaken == 0) return fmt::format("no update of {} overtook the command before it", kUpdates);
  fail_check("{} of {} updates overtook the commands that were issued before them", overtaken, kUpdates);
}

std::string update_before_read(const Gpu& gpu, Reader by, Remedy remedy) {
  const GlBuffer buffer = plain_buffer(gpu, kBlockBytes, words_of(0).data(), GL_STREAM_DRAW);
  const auto reads = Reads::of(gpu, by);
  for (std::uint32_t number = 0; number < kUpdates; ++number) {
    if (remedy == Remedy::barrier) gpu.gl.MemoryBarrier(GL_ALL_BARRIER_BITS);
    update(gpu, buffer.name(), words_of(number));
    reads->issue(buffer.name(), 0);
    // No update can overtake the command before it.
    finish(gpu);
  }
  const std::vector<Words> seen = reads->results();
  std::uint32_t stale = 0;
  for (std::uint32_t number = 0; number < kUpdates; ++number)
    stale += seen[number] != words_of(number) ? 1 : 0;
  if (stale == 0) return fmt::format("{} reads after updates are right", kUpdates);
  fail_check("{} of {} reads after an update showed older words", stale, kUpdates);
}

std::string update_after_write(const Gpu& gpu, Earlier earlier, Remedy remedy) {
  constexpr int kTriesPerSize = 3;
  if (earlier == Earlier::clear && gpu.gl.ClearBufferData == nullptr)
    skip_check("the context has no glClearBufferData");
  std::uint64_t lost = 0;
  std::uint64_t tries = 0;
  std::uint64_t first_size = 0;
  for (const std::uint64_t size : kUpdateSizes) {
    for (int i = 0; i < kTriesPerSize; ++i) {
      std::vector<std::uint32_t> words(size / sizeof(std::uint32_t));
      const GlBuffer source = plain_buffer(gpu, size, words.data());
      const GlBuffer target = plain_buffer(gpu, size);
      for (std::uint32_t at = 0; at < words.size(); ++at)
        words[at] = at * 3 + static_cast<std::uint32_t>(i) + 1;
      write_before(gpu, earlier, source.name(), target.name(), size);
      update_whole(gpu, remedy, target.name(), words);
      ++tries;
      if (wrong_words(gpu, target.name(), words) == 0) continue;
      if (lost++ == 0) first_size = size;
    }
  }
  const char* const before = earlier == Earlier::copy ? "copy" : "clear";
  if (lost == 0) return fmt::format("{} updates after a {} of the same bytes are right", tries, before);
  fail_check("{} of {} updates overtook the {} before them, from {} KiB on", lost, tries, before,
             first_size / kKibibyte);
}

std::string read_after_copy(const Gpu& gpu) {
  if (gpu.gl.GetBufferSubData == nullptr) skip_check("the context has no glGetBufferSubData");
  const GlBuffer target = plain_buffer(gpu, kBlockBytes);
  const GlBuffer source = plain_buffer(gpu, kUpdates * kBlockBytes);
  for (std::uint32_t number = 0; number < kUpdates; ++number) {
    update(gpu, source.name(), words_of(number));
    copy(gpu, source.name(), 0, target.name(), 0);
    Words seen{};
    gpu.gl.GetBufferSubData(GL_COPY_WRITE_BUFFER, 0, kBlockBytes, seen.data());
    if (seen != words_of(number))
      fail_check("glGetBufferSubData overtook copy {} of {} before it", number + 1, kUpdates);
  }
  return fmt::format("{} reads by glGetBufferSubData followed the copies before them", kUpdates);
}

}  // namespace pmb::tool::verify
