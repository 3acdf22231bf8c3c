// SPDX-License-Identifier: MIT
#include "tune/measuring_ground.hpp"

#include <algorithm>
#include <cstring>
#include <pmb/transfer.hpp>

#include "gl/buffer_calls.hpp"

namespace pmb::detail {
namespace {

constexpr auto kHere = std::source_location::current();
// Marks stand this far from each other, at the start of a page.
constexpr std::size_t kMarkStep = 4096;
constexpr std::size_t kMarkBytes = sizeof(std::uint64_t);

/// Not compressible, and no byte's place is another's.
void fill(std::span<std::byte> bytes) noexcept {
  std::uint64_t state = 0x9E3779B97F4A7C15U;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof state) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const std::uint64_t mixed = state ^ (state >> 29U);
    std::memcpy(bytes.data() + at, &mixed, std::min(sizeof mixed, bytes.size() - at));
  }
}

}  // namespace

Result<void> MeasuringGround::open() {
  auto made = state_.sister(kHere);
  if (!made) return pass_on(made);
  checker_ = std::move(*made);
  // What compares must not be what is compared: its own ring, in one way at every size.
  TransferPlan plan;
  if (!state_.limits.buffer_storage) plan.up.steps[0].path = plan.down.steps[0].path = Path::traditional;
  ContextState::of(*checker_).transfer_plan = plan;
  return {};
}

Result<void> MeasuringGround::prepare(std::uint64_t size_bytes) {
  if (size_bytes == size_) return {};
  drop_buffers();
  size_ = 0;
  const std::size_t had = source_.size();
  if (size_bytes > had) {
    source_.resize(size_bytes);
    found_.resize(size_bytes);
    fill(source_);
  }
  size_ = size_bytes;
  return {};
}

Result<std::uint32_t> MeasuringGround::buffer(GroundBuffer role) {
  std::uint32_t& name = buffers_[static_cast<std::size_t>(role)];
  if (name != 0) return name;
  const BufferCalls calls(state_);
  const bool by_gl =
      role == GroundBuffer::target || role == GroundBuffer::updated || role == GroundBuffer::fetched;
  name = calls.create();
  // Storage without flags is the GPU's own, as far as GL can ask for that; programs' buffers are mostly made the old way.
  if (state_.limits.buffer_storage && !by_gl) {
    calls.storage(name, size_, 0);
  } else {
    calls.data(name, size_, GL_DYNAMIC_DRAW);
  }
  const GLenum error = state_.gl.GetError();
  if (error != GL_NO_ERROR || calls.parameter(name, GL_BUFFER_SIZE) != calls.reported(size_)) {
    state_.gl.DeleteBuffers(1, &name);
    name = 0;
    return fail(ErrorId::storage_failed, kHere,
                {.numbers = {size_}, .gl_call = calls.data_call(), .gl_error = error});
  }
  if (role != GroundBuffer::origin && role != GroundBuffer::fetched) return name;
  stamp(kOriginMark);
  if (auto filled = upload(*checker_, name, 0, source()); !filled) return pass_on(filled);
  return name;
}

std::uint64_t MeasuringGround::mark_source() noexcept {
  stamp(++marks_);
  std::memset(found_.data(), 0xFF, size_);
  return marks_;
}

void MeasuringGround::stamp(std::uint64_t mark) noexcept {
  for (std::size_t at = 0; at + kMarkBytes <= size_; at += kMarkStep)
    std::memcpy(source_.data() + at, &mark, kMarkBytes);
}

bool MeasuringGround::matches(std::span<const std::byte> bytes, std::uint64_t mark) const noexcept {
  if (bytes.size() != size_) return false;
  for (std::size_t at = 0; at < size_; at += kMarkStep) {
    const std::size_t size = std::min<std::size_t>(kMarkStep, size_ - at);
    const std::size_t skipped = std::min(size, kMarkBytes);
    if (size >= kMarkBytes && std::memcmp(bytes.data() + at, &mark, kMarkBytes) != 0) return false;
    if (std::memcmp(bytes.data() + at + skipped, source_.data() + at + skipped, size - skipped) != 0)
      return false;
  }
  return true;
}

Result<bool> MeasuringGround::matches(std::uint32_t buffer, std::uint64_t mark) {
  if (auto got = download(*checker_, buffer, 0, found()); !got) return pass_on(got);
  return matches(found(), mark);
}

void MeasuringGround::drop_buffers() noexcept {
  const bool usable = state_.is_current() && !state_.lost;
  for (std::uint32_t& name : buffers_) {
    if (name != 0 && usable) state_.gl.DeleteBuffers(1, &name);
    name = 0;
  }
}

}  // namespace pmb::detail
