// SPDX-License-Identifier: MIT
// The working part of an upload ring, behind the inlined half of its hot path.
#pragma once

#include <cstdint>
#include <pmb/arena.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>
#include <span>

#include "ring/ring_control.hpp"

namespace pmb::detail {

struct ArenaControl;

struct UploadRingControl final : RingControl {
  static UploadRingControl* of(const Slice& slice) noexcept {
    return static_cast<UploadRingControl*>(slice.control_);
  }
  static UploadRingControl* of(RingHot* hot) noexcept {
    return hot == no_ring() ? nullptr : static_cast<UploadRingControl*>(hot);
  }
  static std::uint64_t key_of(const Slice& slice) noexcept { return slice.key_; }
  static const RingKind kKind;

  RingSlot* find(Slice slice) noexcept {
    return slice.control_ == this ? layout.find_live(slice.key_) : nullptr;
  }

  // `ring` is the newest block. It is another one afterwards if the ring grew.
  static Result<Slice> acquire(RingControl*& ring, std::uint64_t size, std::uint64_t alignment, Wait wait,
                               std::source_location where);
  static Result<Arena> lend(RingControl*& ring, std::uint64_t size, std::source_location where);

  // Called on the newest block; these find the block that lent the slice.
  Result<void> publish(Slice slice, std::uint64_t used, std::source_location where);
  Result<void> publish(std::span<const Slice> slices, std::span<const std::uint64_t> used,
                       std::source_location where);
  Result<void> cancel(Slice slice, std::source_location where);
  Result<void> retire(Slice slice, Ticket ticket, std::source_location where);
  Result<void> retire_issued(std::source_location where);
  Result<void> retire(Ticket ticket, std::source_location where);
  Result<Slice> publish(const Arena& arena, std::source_location where);
  Result<void> cancel(const Arena& arena, std::source_location where);

  void make_inert() noexcept override;
  void inspect_at_mark(std::source_location where) override;

 private:
  const RingKind& kind() const noexcept override { return kKind; }
  void give_back() noexcept override;

  /// A live slice and the block that lent it; null where there is none.
  struct Found {
    UploadRingControl* block = nullptr;
    RingSlot* slot = nullptr;
    explicit operator bool() const noexcept { return slot != nullptr; }
  };
  Found locate(Slice slice) noexcept;
  UploadRingControl* older_one() const noexcept { return static_cast<UploadRingControl*>(older); }

  /// The handle of a slice just reserved. Notes the slice for validation.
  Slice hand_out(RingSlot& slot, std::source_location where);
  /// Ok if `ticket` is of this timeline and was marked after `published`, the last mark before a publish.
  Result<void> check_ticket(Ticket ticket, std::uint64_t published, const RingSlot* slot,
                            std::source_location where) const noexcept;
  /// The slice, if `used` bytes of it may be published.
  Result<Found> check_publish(Slice slice, std::uint64_t used, std::source_location where);
  void flush(std::uint64_t offset, std::uint64_t bytes) noexcept;
  /// Flushes slices with one call for each run that may be flushed together.
  void flush_merged(std::span<const Slice> slices, std::span<const std::uint64_t> used) noexcept;
  /// All of a publish except the flush.
  void publish_flushed(RingSlot& slot, std::uint64_t used);
  void retire_published(Ticket ticket);
  /// The link of its block's `arenas_` to an arena that is still open.
  Result<ArenaControl**> find_arena(const Arena& arena, std::source_location where);
  /// Ends taking and reports overruns. Returns the bytes that were taken.
  std::uint64_t close_arena(ArenaControl** link, std::source_location where);

  ArenaControl* arenas_ = nullptr;  ///< Lent and not yet published.
};

}  // namespace pmb::detail
