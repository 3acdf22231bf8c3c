// SPDX-License-Identifier: MIT
// What calibration works with beside the ways that it compares: bytes that are known, buffers of the GPU's own, and a
// look at what arrived. All of one size at a time, given back when the next size comes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <pmb/context.hpp>
#include <pmb/result.hpp>
#include <span>
#include <vector>

#include "context/context_state.hpp"

namespace pmb::detail {

/// What a buffer is for. Ways that GL's own calls take have buffers of their own: drivers move those.
enum class GroundBuffer : std::uint8_t { origin, local, sink, target, updated, fetched, count };

class MeasuringGround {
 public:
  explicit MeasuringGround(ContextState& state) noexcept : state_(state) {}
  ~MeasuringGround() { drop_buffers(); }
  MeasuringGround(const MeasuringGround&) = delete;
  MeasuringGround& operator=(const MeasuringGround&) = delete;

  /// Must be called first. Statuses: those of Context.
  Result<void> open();
  /// What follows is of this size.
  Result<void> prepare(std::uint64_t size_bytes);

  std::span<const std::byte> source() const noexcept { return {source_.data(), size_}; }
  std::span<std::byte> found() noexcept { return {found_.data(), size_}; }
  std::uint64_t size_bytes() const noexcept { return size_; }

  /// Made at its first use; `origin` and `fetched` hold the source's bytes. Statuses: out_of_memory, those of upload.
  Result<std::uint32_t> buffer(GroundBuffer role);

  /// Makes the source differ from what any buffer holds, and empties `found`. Answers what tells it.
  std::uint64_t mark_source() noexcept;
  /// What `origin` is told by.
  static constexpr std::uint64_t kOriginMark = 0;
  /// Whether `bytes` are the source's, as marked.
  bool matches(std::span<const std::byte> bytes, std::uint64_t mark) const noexcept;
  /// The same of a buffer, whose bytes are brought into `found`.
  Result<bool> matches(std::uint32_t buffer, std::uint64_t mark);

 private:
  void drop_buffers() noexcept;
  void stamp(std::uint64_t mark) noexcept;

  ContextState& state_;
  std::optional<Context> checker_;  ///< Whose transfers bring bytes to be compared.
  std::vector<std::byte> source_;
  std::vector<std::byte> found_;
  std::uint64_t size_ = 0;
  std::uint64_t marks_ = kOriginMark;
  std::array<std::uint32_t, static_cast<std::size_t>(GroundBuffer::count)> buffers_ = {};
};

}  // namespace pmb::detail
