// SPDX-License-Identifier: MIT
#include "context/sharing_probe.hpp"

#include <algorithm>

#include "context/context_state.hpp"
#include "context/mapping.hpp"
#include "gl/buffer_calls.hpp"

namespace pmb::detail {

std::unique_ptr<SharingProbe> SharingProbe::over(Mapping& mapping) {
  ContextState& context = *mapping.context;
  // Private memory is copied to and from GL by each call.
  if (!context.validating() || mapping.is_private()) return nullptr;
  std::unique_ptr<SharingProbe> probe(new SharingProbe(mapping, 0));
  // Errors that are pending belong to the program.
  context.set_caller_errors_aside();
  const BufferCalls gl(context.gl);
  GLenum error = GL_NO_ERROR;
  probe->buffer_ = gl.create(error);
  if (probe->buffer_ == 0) return nullptr;
  gl.data(probe->buffer_, kBytes, GL_STREAM_READ);
  return probe;
}

SharingProbe::~SharingProbe() {
  if (buffer_ != 0 && can_call_gl()) mapping_.context->gl.DeleteBuffers(1, &buffer_);
}

bool SharingProbe::can_call_gl() const noexcept {
  return mapping_.context->is_current() && !mapping_.context->lost;
}

void SharingProbe::issue_copy(ByteRange range) noexcept {
  // A shader may have stored into these bytes before.
  if (mapping_.readable) barrier_before_buffer_read(mapping_.context->gl);
  BufferCalls(mapping_.context->gl).copy(mapping_.buffer, range.begin, buffer_, 0, range.end - range.begin);
}

bool SharingProbe::differs_from(std::span<const std::byte> bytes, std::source_location where) noexcept {
  std::array<std::byte, kBytes> untouched = {};
  std::ranges::transform(bytes, untouched.begin(), [](std::byte value) { return ~value; });
  std::array<std::byte, kBytes> copy = untouched;
  if (!BufferCalls(mapping_.context->gl).read(buffer_, 0, copy.data(), bytes.size(), where)) return false;
  // On a lost context the call does nothing and reports no error.
  if (copy == untouched) return false;
  found_ = !std::ranges::equal(std::span(copy).first(bytes.size()), bytes);
  return found_;
}

void SharingProbe::start(std::uint64_t key, const Probed& slice, std::span<const std::byte> bytes) noexcept {
  if (in_flight_ || found_ || bytes.empty() || !can_call_gl()) return;
  slice_ = slice;
  slice_.range.end = std::min<std::uint64_t>(slice.range.end, slice.range.begin + kBytes);
  issue_copy(slice_.range);
  std::copy_n(bytes.begin(), slice_.range.end - slice_.range.begin, seen_.begin());
  in_flight_ = true;
  issued_ = mapping_.context->timeline().issued;
  key_ = key;
}

const SharingProbe::Probed* SharingProbe::find_difference(std::source_location where) noexcept {
  if (!in_flight_ || mapping_.context->timeline().passed() <= issued_ || !can_call_gl()) return nullptr;
  in_flight_ = false;
  if (key_ == kNone) return nullptr;
  const auto size = static_cast<std::size_t>(slice_.range.end - slice_.range.begin);
  return differs_from(std::span(seen_).first(size), where) ? &slice_ : nullptr;
}

void SharingProbe::compare_now(std::uint64_t offset, std::uint64_t bytes,
                               std::source_location where) noexcept {
  constexpr std::uint64_t kMostMarksBetween = 64;
  // Other threads may call, too, but GL is not theirs.
  if (bytes == 0 || !can_call_gl() || found_) return;
  TimelineState& timeline = mapping_.context->timeline();
  const std::uint64_t marks = timeline.issued >> kSerialShift;
  if (marks < next_comparison_) return;
  next_comparison_ = marks + marks_between_;
  // A driver moves a buffer at its first use after the registration, and with the bytes of that time.
  marks_between_ = std::min(2 * marks_between_, kMostMarksBetween);
  const std::size_t size = std::min<std::uint64_t>(bytes, kBytes);
  const std::uint64_t begin = mapping_.map_offset + offset;
  issue_copy({begin, begin + size});
  if (!timeline.wait_for_all(where) || !differs_from({mapping_.pointer + offset, size}, where)) return;
  mapping_.context->report(mapping_.report(ErrorId::bytes_not_shared, offset, size, where));
}

}  // namespace pmb::detail
