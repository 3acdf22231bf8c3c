// SPDX-License-Identifier: MIT
// Parameters that take any contiguous range of trivially copyable elements, and mean its bytes: vectors, arrays and spans of
// numbers or of plain structs. A view, a pointer or a type that owns memory is no such element: its bytes are addresses.
#pragma once

#include <cstddef>
#include <ranges>
#include <span>
#include <type_traits>

namespace pmb::detail {

template <class T>
concept PlainElement = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> && !std::ranges::view<T>;

template <class Range>
concept PlainRange = std::ranges::contiguous_range<Range> && std::ranges::sized_range<Range> &&
                     PlainElement<std::ranges::range_value_t<Range>>;

/// Bytes to read.
class SourceBytes : public std::span<const std::byte> {
 public:
  constexpr SourceBytes() noexcept = default;
  constexpr SourceBytes(const std::byte* data, std::size_t size) noexcept : span(data, size) {}
  template <PlainRange Range>
    requires(!std::is_base_of_v<SourceBytes, std::remove_cvref_t<Range>>)
  SourceBytes(Range&& range) noexcept  // NOLINT: implicit and forwarding by design
      : span(std::as_bytes(std::span(std::ranges::data(range), std::ranges::size(range)))) {}
};

/// Bytes to write. The elements must outlive the call.
class TargetBytes : public std::span<std::byte> {
 public:
  constexpr TargetBytes() noexcept = default;
  constexpr TargetBytes(std::byte* data, std::size_t size) noexcept : span(data, size) {}
  template <PlainRange Range>
    requires(!std::is_base_of_v<TargetBytes, std::remove_cvref_t<Range>> &&
             std::ranges::borrowed_range<Range> &&
             !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<Range>>>)
  TargetBytes(Range&& range) noexcept  // NOLINT: implicit and forwarding by design
      : span(std::as_writable_bytes(std::span(std::ranges::data(range), std::ranges::size(range)))) {}
};

}  // namespace pmb::detail
