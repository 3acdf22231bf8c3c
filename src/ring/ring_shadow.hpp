// SPDX-License-Identifier: MIT
// The record that validation keeps of each slice: where it was acquired, whether it was given to GL, and a copy of its bytes.
// It detects a forgotten publish or retire, a write after publish or past the end, wrong use of a view, and a mapping that GL
// no longer shares. Exists only with a sink. Where the mapping has a page guard, the guard watches whole pages of published
// slices in place of the copy, and bytes that no slice has.
//
// Cost:    a pattern written at acquire, a copy at publish or at the first view, and a comparison at each mark and once the
//          slice has passed; one small copy by GL in flight.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <pmb/detail/ring_layout.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/result.hpp>
#include <source_location>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/byte_ranges.hpp"
#include "base/page_guard.hpp"
#include "base/stack_trace.hpp"

namespace pmb::detail {

struct Mapping;

class RingShadow {
 public:
  /// A slice that is not retired after so many marks is taken for forgotten: seconds of frames.
  static constexpr std::uint64_t kForgottenMarks = 256;

  /// `cpu_fills`: slices of an upload ring, whose bytes are watched.
  RingShadow(const Mapping& mapping, bool cpu_fills) noexcept;

  /// Fills the bytes with a pattern, so that every store is seen, also of a value that the memory held before. Bytes from the
  /// end of the slice to `guard_end` belong to no slice; they get the pattern, too. Bytes of an adopted buffer keep their
  /// values. `marks`: made by the program so far, here and below.
  void acquired(const RingSlot& slot, std::uint64_t guard_end, std::uint64_t marks,
                std::source_location where);
  /// The program asked for the slice's GL name, and may be about to bind it.
  void given_to_gl(std::uint64_t key);
  /// Another API has the bytes, too.
  void shared(std::uint64_t key);
  /// The bytes are in use from now on.
  void published(const RingSlot& slot, std::uint64_t marks, std::source_location where);
  /// A copy between buffers into the slice was issued. Its bytes are of no use until they are viewed.
  void awaited(std::uint64_t key) noexcept;
  /// Before a cancel or a release: reports bytes that were written past the end, or into a view.
  void inspect_at_end(std::uint64_t key, std::source_location where);
  /// Ends the views of the slice.
  void forget(std::uint64_t key);
  void forget_all() noexcept { watches_.clear(); }
  /// A view of a readback's bytes, watched until the readback is forgotten.
  ReadView view(const RingSlot& slot, std::span<const std::byte> bytes);
  /// Every reader was issued. The bytes are watched until check_passed() with that serial.
  void retired(std::uint64_t key, std::uint64_t serial);

  /// At a mark: reports, once, acquired slices that were written and given to GL but not published, slices that were not
  /// published for kForgottenMarks, and published slices with keys from `issued_end` on that were not retired for as long.
  void inspect_at_mark(std::uint64_t marks, std::uint64_t issued_end, std::source_location where);
  /// Compares published slices that have passed, and forgets them: their bytes are reusable now.
  void check_passed(std::uint64_t passed, std::source_location where);
  /// The same for every slice.
  void check_all(std::source_location where) { check_passed(UINT64_MAX, where); }

  /// Reports an error about a slice, with its place, the first time.
  void report_once(std::uint64_t key, const Error& error);
  /// `range` is in the GL buffer. `key`: of the slice whose place is reported, if it is live.
  void report(const Error& error, std::uint64_t key, ByteRange range) const;

 private:
  struct Watch {
    ByteRange range;               ///< In the GL buffer, as `guard` is.
    ByteRange guard;               ///< Bytes of no slice after it; empty once they may be in use.
    std::vector<std::byte> copy;   ///< Of the bytes that are not in `guarded`.
    std::span<std::byte> guarded;  ///< Whole pages, of a published slice.
    std::source_location acquired_at;
    StackTrace acquired_stack;
    std::shared_ptr<const void> view_lifetime;
    std::uint64_t serial = 0;  ///< Retired with this serial; 0: not retired.
    std::uint64_t since = 0;   ///< Marks at the acquire, then at the publish.
    bool given = false;
    bool is_published = false;
    bool is_viewed = false;
    bool is_shared = false;
    bool reported = false;   ///< A change of its bytes.
    bool forgotten = false;  ///< Reported as not published, retired or released.
  };
  using Watches = std::unordered_map<std::uint64_t, Watch>;
  std::span<std::byte> bytes_of(const ByteRange& range) const noexcept;
  std::uint64_t offset_of(const std::byte* byte) const noexcept;
  /// Puts whole pages in the range under a rule, and returns them; none without a page guard.
  std::span<std::byte> protect(const ByteRange& range, PageRule rule) const noexcept;
  /// The driver reads bytes that no slice has, or writes those of readbacks, with the CPU.
  bool driver_faults() const noexcept;
  /// The rule of bytes that no slice has.
  PageRule free_rule() const noexcept;
  Watches::iterator erase(Watches::iterator watch) noexcept;
  void report_faults();
  /// `end`: of the bytes that the instruction touched, in the GL buffer.
  void report_fault(const PageFault& fault, std::uint64_t end);
  /// The GPU or another API may write published slices, too: a change of their bytes proves nothing.
  bool others_write(const Watch& watch) const noexcept;
  /// The bytes of a slice before its guarded pages, and those after them.
  std::array<std::span<std::byte>, 2> unguarded(const Watch& watch) const noexcept;
  void compare(std::uint64_t key, Watch& watch, ErrorId id, std::source_location where);
  void compare_guard(std::uint64_t key, Watch& watch, std::source_location where) const;
  /// Lets GL copy the first bytes of a slice, for check_sharing().
  void probe(std::uint64_t key, const Watch& watch) const noexcept;
  /// The bytes of the slice changed, and not by GL alone.
  void drop_probe(std::uint64_t key) const noexcept;
  /// Reports that GL sees other bytes than the CPU, in a slice that was published or viewed.
  void check_sharing(std::source_location where);

  const Mapping& mapping_;
  bool cpu_fills_;
  Watches watches_;
};

}  // namespace pmb::detail
