// SPDX-License-Identifier: MIT
#include "ring/sharing_probe.hpp"

#include <algorithm>

#include "context/context_state.hpp"
#include "context/mapping.hpp"
#include "gl/buffer_calls.hpp"

namespace pmb::detail {

bool SharingProbe::can_call_gl() const noexcept {
  return mapping_.context->is_current() && !mapping_.context->lost;
}

void SharingProbe::end() noexcept {
  if (buffer_ != 0 && can_call_gl()) mapping_.context->gl.DeleteBuffers(1, &buffer_);
  buffer_ = 0;
  in_flight_ = false;
}

void SharingProbe::make_buffer() noexcept {
  // Private memory is copied to GL by each publish.
  if (mapping_.is_private() || !can_call_gl()) return;
  // Errors that are pending belong to the program.
  mapping_.context->set_caller_errors_aside();
  const BufferCalls gl(mapping_.context->gl);
  GLenum error = GL_NO_ERROR;
  buffer_ = gl.create(error);
  if (buffer_ != 0) gl.data(buffer_, kBytes, GL_STREAM_READ);
}

void SharingProbe::start(std::uint64_t key, ByteRange range, std::span<const std::byte> published) noexcept {
  if (buffer_ == 0 || in_flight_ || found_ || published.empty() || !can_call_gl()) return;
  const BufferCalls gl(mapping_.context->gl);
  const std::size_t size = std::min(published.size(), kBytes);
  // A shader may have stored into these bytes before the CPU wrote them.
  if (mapping_.readable) barrier_before_buffer_read(mapping_.context->gl);
  gl.copy(mapping_.buffer, range.begin, buffer_, 0, size);
  std::copy_n(published.begin(), size, published_.begin());
  in_flight_ = true;
  issued_ = mapping_.context->timeline().issued;
  key_ = key;
  range_ = {range.begin, range.begin + size};
}

std::uint64_t SharingProbe::find_difference(std::source_location where) noexcept {
  if (!in_flight_ || mapping_.context->timeline().passed() <= issued_ || !can_call_gl()) return kNone;
  in_flight_ = false;
  if (key_ == kNone) return kNone;
  std::array<std::byte, kBytes> seen = {};
  const auto size = static_cast<std::size_t>(range_.end - range_.begin);
  if (!BufferCalls(mapping_.context->gl).read(buffer_, 0, seen.data(), size, where)) return kNone;
  found_ = !std::equal(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(size), published_.begin());
  return found_ ? key_ : kNone;
}

}  // namespace pmb::detail
