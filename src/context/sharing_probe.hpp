// SPDX-License-Identifier: MIT
// Detects, under validation, that the CPU and GL no longer share the bytes of a mapping: GL copies a few bytes that both should
// see alike, and they are compared.
//
// GL:      changes only the COPY_READ and COPY_WRITE bindings, and asks for no GL error.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>

#include "base/byte_ranges.hpp"
#include "base/stack_trace.hpp"

namespace pmb::detail {

struct Mapping;

class SharingProbe {
 public:
  static constexpr std::size_t kBytes = 64;

  struct Probed {
    ByteRange range;  ///< In the GL buffer.
    std::source_location acquired_at;
    StackTrace acquired_stack;
  };

  /// Null without validation, for private memory, and if the buffer for copies cannot be made. Asks for GL errors.
  static std::unique_ptr<SharingProbe> over(Mapping& mapping);
  SharingProbe(const SharingProbe&) = delete;
  SharingProbe& operator=(const SharingProbe&) = delete;
  /// Deletes the buffer for copies, if GL can be called.
  ~SharingProbe();

  /// For slices. Issues a copy of the first bytes of a slice that was published or viewed just now. `bytes`: what the CPU
  /// sees. Does nothing while another copy is in flight.
  void start(std::uint64_t key, const Probed& slice, std::span<const std::byte> bytes) noexcept;
  /// This slice was written since, so that its copy proves nothing.
  void drop(std::uint64_t key) noexcept {
    if (key == key_) key_ = kNone;
  }
  /// The slice whose copy is in flight; kNone if there is none.
  std::uint64_t key() const noexcept { return in_flight_ ? key_ : kNone; }
  /// The slice whose copy differs from the bytes of the CPU, once; null if there is none, or while the copy is in flight.
  const Probed* find_difference(std::source_location where) noexcept;

  /// For mapped buffers and blocks, whose bytes the program may write at other times without a call. Compares the first of
  /// `bytes` bytes at `offset` of the mapping: at the first call, after 1, 2, 4 … marks more, and then once in 64. Neither the CPU nor the GPU may be
  /// writing them. Waits until the GPU is idle, at most Options::timeout. Reports a difference, once.
  void compare_now(std::uint64_t offset, std::uint64_t bytes, std::source_location where) noexcept;

  static constexpr std::uint64_t kNone = UINT64_MAX;

 private:
  SharingProbe(Mapping& mapping, std::uint32_t buffer) noexcept : mapping_(mapping), buffer_(buffer) {}
  bool can_call_gl() const noexcept;
  void issue_copy(ByteRange range) noexcept;
  /// Of a copy that has arrived. A difference stays so: one report is enough. False also if the copy cannot be read.
  bool differs_from(std::span<const std::byte> bytes, std::source_location where) noexcept;

  Mapping& mapping_;
  std::uint32_t buffer_;  ///< Receives the copy.
  bool in_flight_ = false;
  bool found_ = false;
  std::uint64_t issued_ = 0;   ///< The copy has arrived once a later serial has passed.
  std::uint64_t key_ = kNone;  ///< Of the slice; kNone also if it was dropped.
  Probed slice_ = {};
  std::array<std::byte, kBytes> seen_ = {};  ///< By the CPU.
  std::uint64_t next_comparison_ = 0;        ///< The mark from which compare_now() compares again.
  std::uint64_t marks_between_ = 1;
};

}  // namespace pmb::detail
