// SPDX-License-Identifier: MIT
#include "tune/test_buffers.hpp"

#include <algorithm>
#include <cstring>
#include <pmb/transfer.hpp>

#include "gl/buffer_calls.hpp"

namespace pmb::detail {
namespace {

constexpr auto kHere = std::source_location::current();
// One mark at the start of each page.
constexpr std::size_t kMarkStep = 4096;
constexpr std::size_t kMarkBytes = sizeof(std::uint64_t);

/// Incompressible bytes, different at every offset.
void fill(std::span<std::byte> bytes) noexcept {
  std::uint64_t state = 0x9E3779B97F4A7C15U;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof state) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const std::uint64_t mixed = state ^ (state >> 29U);
    std::memcpy(bytes.data() + at, &mixed, std::min(sizeof mixed, bytes.size() - at));
  }
}

}  // namespace

Result<void> TestBuffers::open() {
  auto made = state_.clone_for_same_gl(kHere);
  if (!made) return pass_on(made);
  checker_ = std::move(*made);
  // The check must not use the transfers that it checks: it has a fixed plan and a ring apart.
  TransferPlan plan;
  if (!state_.gl.limits.buffer_storage) plan.up.steps[0].path = plan.down.steps[0].path = Path::traditional;
  ContextState::of(*checker_).plans.transfers = plan;
  return {};
}

void TestBuffers::resize(std::uint64_t size_bytes) {
  if (size_bytes == size_) return;
  drop_buffers();
  size_ = 0;
  if (size_bytes > bytes_.size()) {
    bytes_.resize(size_bytes);
    result_.resize(size_bytes);
    fill(bytes_);
  }
  size_ = size_bytes;
}

Result<std::uint32_t> TestBuffers::buffer(TestBuffer role) {
  std::uint32_t& name = buffers_[static_cast<std::size_t>(role)];
  if (name != 0) return name;
  const BufferCalls calls(state_.gl);
  const bool used_by_transfers = role >= TestBuffer::target;
  name = calls.create();
  // Storage without flags asks for VRAM. Transfers use mutable storage, as most programs have.
  if (state_.gl.limits.buffer_storage && !used_by_transfers) {
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
  if (role != TestBuffer::source && role != TestBuffer::get_sub_data) return name;
  stamp(kFirstMark);
  if (auto filled = upload(*checker_, name, 0, bytes()); !filled) return pass_on(filled);
  return name;
}

std::uint64_t TestBuffers::mark_bytes() noexcept {
  stamp(++marks_);
  std::memset(result_.data(), 0xFF, size_);
  return marks_;
}

void TestBuffers::stamp(std::uint64_t mark) noexcept {
  for (std::size_t at = 0; at + kMarkBytes <= size_; at += kMarkStep)
    std::memcpy(bytes_.data() + at, &mark, kMarkBytes);
}

bool TestBuffers::matches(std::span<const std::byte> found, std::uint64_t mark) noexcept {
  stamp(mark);
  return found.size() == size_ && std::memcmp(found.data(), bytes_.data(), size_) == 0;
}

Result<bool> TestBuffers::matches(std::uint32_t buffer, std::uint64_t mark) {
  if (auto got = download(*checker_, buffer, 0, result()); !got) return pass_on(got);
  return matches(std::span<const std::byte>(result()), mark);
}

void TestBuffers::drop_buffers() noexcept {
  const bool usable = state_.is_current() && !state_.lost;
  for (std::uint32_t& name : buffers_) {
    if (name != 0 && usable) state_.gl.DeleteBuffers(1, &name);
    name = 0;
  }
}

}  // namespace pmb::detail
