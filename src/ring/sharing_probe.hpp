// SPDX-License-Identifier: MIT
// Detects, under validation, that GL does not see the bytes that the CPU publishes in a mapping: a few of them are copied
// by GL and compared.
//
// Cost:    one copy in flight for each mapping, of kBytes at most, and one read of it after its fence.
// GL:      changes only the COPY_READ and COPY_WRITE bindings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>

#include "base/byte_ranges.hpp"

namespace pmb::detail {

struct Mapping;

class SharingProbe {
 public:
  static constexpr std::size_t kBytes = 64;

  explicit SharingProbe(const Mapping& mapping) noexcept : mapping_(mapping) {}
  SharingProbe(const SharingProbe&) = delete;
  SharingProbe& operator=(const SharingProbe&) = delete;
  ~SharingProbe() { end(); }

  /// Makes the buffer for copies, if there can be any. Asks for GL errors.
  void make_buffer() noexcept;
  /// Issues a copy of the first bytes of a slice that was published just now, in `range` of the GL buffer. Does nothing while
  /// another copy is in flight.
  void start(std::uint64_t key, ByteRange range, std::span<const std::byte> published) noexcept;
  /// Another writer than the CPU before publish() may have changed the bytes of this slice.
  void drop(std::uint64_t key) noexcept {
    if (key == key_) key_ = kNone;
  }
  /// The slice whose copy is in flight; kNone if there is none.
  std::uint64_t key() const noexcept { return in_flight_ ? key_ : kNone; }
  /// Deletes the copy, if GL can be called.
  void end() noexcept;
  /// The slice whose copy differs from its published bytes, once; kNone if there is none, or while the copy is in flight.
  std::uint64_t find_difference(std::source_location where) noexcept;
  /// Of the copy that find_difference() found.
  ByteRange range() const noexcept { return range_; }

  static constexpr std::uint64_t kNone = UINT64_MAX;

 private:
  bool can_call_gl() const noexcept;

  const Mapping& mapping_;
  std::uint32_t buffer_ = 0;  ///< Receives the copy. 0: no copies.
  bool in_flight_ = false;
  bool found_ = false;         ///< A mapping that is no longer shared stays so: one report is enough.
  std::uint64_t issued_ = 0;   ///< The copy has arrived once a later serial has passed.
  std::uint64_t key_ = kNone;  ///< Of the slice; kNone also if it was dropped.
  ByteRange range_ = {};       ///< In the GL buffer.
  std::array<std::byte, kBytes> published_ = {};
};

}  // namespace pmb::detail
