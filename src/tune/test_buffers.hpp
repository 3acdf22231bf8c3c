// SPDX-License-Identifier: MIT
// The memory that trials share: known bytes, buffers in VRAM, and the check of the results. All of one size at a time.
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

/// The raw GL calls have buffers apart from those of the rings, because drivers move buffers that such calls use.
enum class TestBuffer : std::uint8_t {
  source,        ///< Holds the test bytes; the GPU copies from it.
  vram,          ///< The copy that staged paths use.
  sink,          ///< The GPU's reads end here.
  target,        ///< Of uploads through a ring.
  sub_data,      ///< Of glBufferSubData.
  get_sub_data,  ///< Of glGetBufferSubData; holds the test bytes.
  count
};

class TestBuffers {
 public:
  explicit TestBuffers(ContextState& state) noexcept : state_(state) {}
  ~TestBuffers() { drop_buffers(); }
  TestBuffers(const TestBuffers&) = delete;
  TestBuffers& operator=(const TestBuffers&) = delete;

  /// Must be called first. Statuses: those of Context.
  Result<void> open();
  /// Drops all buffers of another size.
  void resize(std::uint64_t size_bytes);

  std::span<const std::byte> bytes() const noexcept { return {bytes_.data(), size_}; }
  std::span<std::byte> result() noexcept { return {result_.data(), size_}; }

  /// Made on first use. Statuses: out_of_memory, those of upload.
  Result<std::uint32_t> buffer(TestBuffer role);

  /// Stamps a new mark on the test bytes, so that no buffer holds them yet, and clears `result`. Returns the mark.
  std::uint64_t mark_bytes() noexcept;
  /// The mark in the buffers that hold the test bytes from the start.
  static constexpr std::uint64_t kFirstMark = 0;
  /// Whether `found` is the test bytes with that mark, which they then bear.
  bool matches(std::span<const std::byte> found, std::uint64_t mark) noexcept;
  /// The same for a buffer, which is downloaded into `result`.
  Result<bool> matches(std::uint32_t buffer, std::uint64_t mark);

 private:
  void drop_buffers() noexcept;
  void stamp(std::uint64_t mark) noexcept;

  ContextState& state_;
  std::optional<Context> checker_;  ///< Its transfers bring the bytes to compare.
  std::vector<std::byte> bytes_;
  std::vector<std::byte> result_;
  std::uint64_t size_ = 0;
  std::uint64_t marks_ = kFirstMark;
  std::array<std::uint32_t, static_cast<std::size_t>(TestBuffer::count)> buffers_ = {};
};

}  // namespace pmb::detail
