// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <numeric>
#include <pmb/block_pool.hpp>
#include <pmb/context.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/fail.hpp"
#include "base/stack_trace.hpp"
#include "context/mapping.hpp"
#include "context/timeline_state.hpp"
#include "ring/ring_control.hpp"
#include "ring/view_watch.hpp"

namespace pmb {
namespace detail {

/// Recycled, never freed; see SlotPool. A key is use << kIndexBits | index. Uses count over all owners of the block, so
/// that a compare detects a stale key.
struct BlockPoolControl final : ContextChild {
  static constexpr int kIndexBits = 16;
  static constexpr std::uint64_t kIndexMask = (std::uint64_t{1} << kIndexBits) - 1;

  enum class State : std::uint8_t {
    idle,  ///< Reusable once `serial` has passed.
    acquired,
    published,  ///< Given to the GPU.
    viewed,     ///< Given to the GPU, and its ticket has passed.
  };

  struct Record {
    MappedBuffer buffer;
    std::byte* bytes = nullptr;
    std::uint64_t key = UINT64_MAX;
    std::uint64_t used = 0;
    /// Idle: the serial to wait for; else the last mark before acquire or publish.
    std::uint64_t serial = 0;
    std::uint64_t fetched = 0;  ///< Private memory: the serial that the last fetch waited for.
    std::source_location acquired_at;
    StackTrace acquired_stack;  ///< Empty without validation.
    std::shared_ptr<const void> view_lifetime;
    std::uint32_t name = 0;
    State state = State::idle;
  };

  /// The record of a live block, or null.
  static Record* find(const Block& block) noexcept {
    if (!block.control_) return nullptr;
    const std::span<Record> records = block.control_->records;
    const std::uint64_t index = block.key_ & kIndexMask;
    return index < records.size() && records[index].key == block.key_ ? &records[index] : nullptr;
  }
  /// The record of a live block of `pool`, on the context's thread.
  static Result<Record*> find_in(BlockPoolControl* pool, const Block& block, std::source_location where) {
    if (auto usable = check_usable(pool, where); !usable) return pass_on(usable);
    Record* record = block.control_ == pool ? find(block) : nullptr;
    if (!record) return pool->stale(block, where);
    return record;
  }

  void make_inert() noexcept override {
    for (Record& record : records) {
      record.key = UINT64_MAX;
      record.bytes = nullptr;
      record.view_lifetime.reset();
    }
    idle.clear();
    inert = true;
  }

  void inspect_at_mark(std::source_location) override {
    // Other code ended a mapping.
    const auto is_mapped = [](const Record& record) { return record.buffer.is_mapped(); };
    if (!std::ranges::all_of(records, is_mapped)) make_inert();
  }

  void close() noexcept {
    if (!context) return;
    for (const Record& record : records) {
      if (record.state == State::idle || !record.buffer.is_mapped()) continue;
      context->report({.id = ErrorId::destroyed_with_live_slices,
                       .label = record.buffer.label(),
                       .buffer = record.name,
                       .end_bytes = record.buffer.size_bytes(),
                       .acquired_at = record.acquired_at,
                       .noticed_at = created_at,
                       .acquired_stack = record.acquired_stack.frames()});
    }
    context->registry.remove(*this);
    make_inert();
    records.clear();
    timeline = nullptr;
    context.reset();
  }

  /// Ok on the context's thread. An empty or moved-from pool has no control block.
  static Result<void> check_usable(const BlockPoolControl* pool, std::source_location where) noexcept {
    if (!pool) return fail(ErrorId::not_mapped, where);
    return pool->context->check_own_thread(where);
  }

  /// The error of a block that is not live here, with a report. An empty block: of the pool itself.
  tl::unexpected<Error> stale(const Block& block, std::source_location where) const noexcept {
    if (context->lost) return tl::unexpected(context->loss(where));
    Report report = {
        .id = ErrorId::stale_slice, .label = records.front().buffer.label(), .noticed_at = where};
    if (block.control_ == this && block.key_ >= first_key) {
      report.buffer = records[block.key_ & kIndexMask].name;
      report.end_bytes = block_bytes;
    }
    return context->misuse(report);
  }
  tl::unexpected<Error> misuse(const Error& error, const Record& record) const noexcept {
    return context->misuse({.id = error.id,
                            .label = record.buffer.label(),
                            .buffer = record.name,
                            .end_bytes = record.used,
                            .acquired_at = record.acquired_at,
                            .noticed_at = error.where,
                            .numbers = {error.numbers[0], error.numbers[1], error.numbers[2]},
                            .acquired_stack = record.acquired_stack.frames()});
  }

  bool is_reusable(std::uint32_t index) const noexcept { return records[index].serial <= timeline->passed(); }

  /// The block that is reusable and was idle for longest, so that each rests as long as possible and two alternate.
  auto next_reusable() const noexcept {
    return std::find_if(idle.begin(), idle.end(), [this](std::uint32_t index) { return is_reusable(index); });
  }

  void make_idle(Record& record, std::uint64_t serial) noexcept {
    record.serial = serial;
    record.state = State::idle;
    record.view_lifetime.reset();
    idle.push_back(static_cast<std::uint32_t>(record.key & kIndexMask));
    record.key = UINT64_MAX;
  }

  /// Ok if commands may use the block.
  Result<void> check_published(const Record& record, std::source_location where) const {
    if (record.state != State::acquired || access == Access::read) return {};
    return misuse(make_error(ErrorId::not_published, where), record);
  }

  static Result<BufferPlace> place_of(const ContextState& user, const Block& block, bool gpu_writes,
                                      std::source_location where) noexcept {
    // The control block of a pool that is gone has no context until the next pool takes it.
    if (!block.control_ || !block.control_->context) return fail(ErrorId::stale_slice, where);
    const auto found = find_in(block.control_, block, where);
    if (!found) return pass_on(found);
    const BlockPoolControl& pool = *block.control_;
    if (pool.context.get() != &user) return fail(ErrorId::other_context_current, where);
    if (gpu_writes && pool.access == Access::sequential_write) return fail(ErrorId::not_readable, where);
    if (auto published = pool.check_published(**found, where); !published) return pass_on(published);
    return BufferPlace{.buffer = (*found)->name, .offset = 0};
  }

  /// Ok if `ticket` was marked after the block was given to the GPU.
  Result<void> check_ticket(const Record& record, Ticket ticket, std::source_location where) const {
    if (auto published = check_published(record, where); !published) return published;
    auto legal = timeline->check(ticket, where);
    if (legal && TimelineControl::serial_of(ticket) <= record.serial) {
      legal =
          fail(ErrorId::ticket_too_old, where, {.numbers = {ticket.serial(), record.serial >> kSerialShift}});
    }
    if (!legal && legal.error().id != ErrorId::stale_ticket) return misuse(legal.error(), record);
    return legal;
  }

  std::shared_ptr<ContextState> context;
  TimelineState* timeline = nullptr;
  std::vector<Record> records;
  std::vector<std::uint32_t> idle;  ///< Indices, in the order in which they became idle.
  std::uint64_t block_bytes = 0;
  std::uint64_t next_use = 1;
  std::uint64_t first_key = 0;  ///< Of this owner.
  std::chrono::nanoseconds timeout = {};
  std::source_location created_at;
  Access access = Access::bidirectional;
  bool inert = false;
};

Result<MappedPlace> mapped_place(const Block& block, std::source_location where) noexcept {
  const BlockPoolControl::Record* record = BlockPoolControl::find(block);
  if (!record) return fail(ErrorId::stale_slice, where);
  return MappedPlace{.mapping = Mapping::of(record->buffer), .offset = 0};
}
Result<BufferPlace> place_of_published(const ContextState& context, const Block& block,
                                       std::source_location where) noexcept {
  return BlockPoolControl::place_of(context, block, false, where);
}
Result<BufferPlace> place_to_write(const ContextState& context, const Block& block,
                                   std::source_location where) noexcept {
  return BlockPoolControl::place_of(context, block, true, where);
}

}  // namespace detail

using detail::BlockPoolControl;
using detail::ContextState;
using Record = BlockPoolControl::Record;
using State = BlockPoolControl::State;

std::span<std::byte> Block::raw_bytes() const noexcept {
  const Record* record = BlockPoolControl::find(*this);
  if (!record || record->state != State::acquired || control_->access == Access::read) return {};
  return {record->bytes, static_cast<std::size_t>(control_->block_bytes)};
}

std::uint32_t Block::buffer() const noexcept {
  const Record* record = BlockPoolControl::find(*this);
  return record ? record->name : 0;
}

std::uint64_t Block::size_bytes() const noexcept {
  const Record* record = BlockPoolControl::find(*this);
  return record ? record->used : 0;
}

bool Block::is_live() const noexcept {
  return BlockPoolControl::find(*this) != nullptr;
}

Result<BlockPool> BlockPool::create(Context& context, const BlockPoolOptions& options,
                                    std::source_location where) {
  return detail::make_block_pool(ContextState::share(context), options, where);
}

Result<BlockPool> detail::make_block_pool(std::shared_ptr<ContextState> context,
                                          const BlockPoolOptions& options, std::source_location where) {
  if (options.count == 0 || options.block_bytes == 0) return fail(ErrorId::zero_size, where);
  if (options.count > BlockPoolControl::kIndexMask + 1) {
    return fail(ErrorId::range_outside, where,
                {.numbers = {0, options.count, BlockPoolControl::kIndexMask + 1}});
  }
  return guarded(where, [&]() -> Result<BlockPool> {
    std::vector<Record> records(options.count);
    for (Record& record : records) {
      auto buffer = detail::make_memory(context,
                                        {.size_bytes = options.block_bytes,
                                         .access = options.access,
                                         .label = options.label,
                                         .model = options.model,
                                         .prefault = options.prefault},
                                        detail::Memory::any, where);
      // The vector destroys the blocks made so far: all or none.
      if (!buffer) return pass_on(buffer);
      record.bytes = buffer->raw_bytes().data();
      record.name = buffer->buffer();
      record.buffer = std::move(*buffer);
    }
    auto* control = detail::SlotPool<BlockPoolControl>::take();
    BlockPool pool(control);  // returns the control block if anything throws
    control->timeline = &context->timeline();
    control->records = std::move(records);
    control->idle.resize(options.count);
    std::iota(control->idle.begin(), control->idle.end(), 0U);
    control->block_bytes = options.block_bytes;
    control->timeout = options.timeout.value_or(context->options.timeout);
    control->created_at = where;
    control->access = options.access;
    control->inert = false;
    control->first_key = control->next_use << BlockPoolControl::kIndexBits;
    control->context = std::move(context);
    control->context->registry.add(*control);
    return pool;
  });
}

void detail::CloseBlockPool::operator()(BlockPoolControl* control) const noexcept {
  control->close();
  SlotPool<BlockPoolControl>::give_back(control);
}

Result<Block> BlockPool::acquire(bool may_wait, std::source_location where) {
  if (auto usable = BlockPoolControl::check_usable(control_.get(), where); !usable) return pass_on(usable);
  BlockPoolControl& pool = *control_;
  auto& timeline = *pool.timeline;
  if (pool.inert) return pool.stale({}, where);
  auto next = pool.next_reusable();
  if (next == pool.idle.end() && !pool.idle.empty()) {
    if (auto polled = timeline.poll(where); !polled) return pass_on(polled);
    next = pool.next_reusable();
  }
  if (next == pool.idle.end()) {
    if (pool.idle.empty() || !may_wait)
      return fail(ErrorId::pool_exhausted, where, {.numbers = {pool.records.size()}});
    std::uint64_t oldest = UINT64_MAX;
    for (const std::uint32_t index : pool.idle) oldest = std::min(oldest, pool.records[index].serial);
    if (oldest > timeline.issued) return fail(ErrorId::never_marked, where);
    if (auto passed = timeline.wait_serial(oldest, pool.timeout, where); !passed) return pass_on(passed);
    next = pool.next_reusable();
  }
  const std::uint32_t index = *next;
  pool.idle.erase(next);
  Record& record = pool.records[index];
  record.key = pool.next_use++ << BlockPoolControl::kIndexBits | index;
  record.used = pool.block_bytes;
  record.fetched = 0;
  record.serial = timeline.issued;
  record.acquired_at = where;
  if (pool.context->validating()) record.acquired_stack = detail::StackTrace::capture();
  record.state = State::acquired;
  return Block(&pool, record.key);
}

Result<Block> BlockPool::acquire(std::source_location where) {
  return acquire(true, where);
}
Result<Block> BlockPool::try_acquire(std::source_location where) {
  return acquire(false, where);
}

Result<void> BlockPool::publish(Block block, std::uint64_t used_bytes, std::source_location where) {
  const auto found = BlockPoolControl::find_in(control_.get(), block, where);
  if (!found) return pass_on(found);
  const BlockPoolControl& pool = *control_;
  Record& record = **found;
  if (pool.access == Access::read) return pool.misuse(make_error(ErrorId::not_writable, where), record);
  if (record.state != State::acquired)
    return pool.misuse(make_error(ErrorId::already_published, where), record);
  if (used_bytes > pool.block_bytes)
    return fail(ErrorId::published_too_much, where, {.numbers = {used_bytes, pool.block_bytes}});
  if (auto flushed = record.buffer.flush(0, used_bytes, where); !flushed) return flushed;
  record.used = used_bytes;
  record.serial = pool.timeline->issued;
  record.state = State::published;
  return {};
}

Result<void> BlockPool::retire(Block block, Ticket ticket, std::source_location where) {
  const auto found = BlockPoolControl::find_in(control_.get(), block, where);
  if (!found) return pass_on(found);
  if (auto legal = control_->check_ticket(**found, ticket, where); !legal) return legal;
  control_->make_idle(**found, detail::TimelineControl::serial_of(ticket));
  return {};
}

Result<ReadView> BlockPool::view(Block block, Ticket ticket, std::optional<std::chrono::nanoseconds> timeout,
                                 std::source_location where) {
  const auto found = BlockPoolControl::find_in(control_.get(), block, where);
  if (!found) return pass_on(found);
  const BlockPoolControl& pool = *control_;
  auto& timeline = *pool.timeline;
  Record& record = **found;
  if (pool.access == Access::sequential_write)
    return pool.misuse(make_error(ErrorId::not_readable, where), record);
  if (auto legal = pool.check_ticket(record, ticket, where); !legal) return pass_on(legal);
  const std::uint64_t serial = detail::TimelineControl::serial_of(ticket);
  if (serial > timeline.passed()) {
    auto known = timeout ? timeline.wait_serial(serial, *timeout, where) : timeline.poll(where);
    if (!known) return pass_on(known);
    if (serial > timeline.passed())
      return fail(ErrorId::not_passed_yet, where, {.numbers = {ticket.serial()}});
  }
  const detail::Mapping& mapping = *detail::Mapping::of(record.buffer);
  if (mapping.is_private() && serial > record.fetched) {
    if (auto current = pool.context->check_current(where); !current) return pass_on(current);
    if (auto fetched = mapping.fetch(0, pool.block_bytes, where); !fetched) return pass_on(fetched);
    record.fetched = serial;
  }
  // GL need not see bytes that were written and not flushed.
  if (!mapping.explicit_flush) mapping.check_sharing(0, pool.block_bytes, where);
  // That may notice a loss.
  if (pool.context->lost) return pool.stale(block, where);
  return guarded(where, [&]() -> Result<ReadView> {
    ReadView made = make_view({record.bytes, static_cast<std::size_t>(pool.block_bytes)}, *pool.context,
                              record.view_lifetime,
                              {.id = ErrorId::view_after_release,
                               .label = record.buffer.label(),
                               .buffer = record.name,
                               .end_bytes = pool.block_bytes,
                               .acquired_at = record.acquired_at});
    record.state = State::viewed;
    return made;
  });
}

Result<ReadView> BlockPool::try_view(Block block, Ticket ticket, std::source_location where) {
  return view(block, ticket, std::nullopt, where);
}
Result<ReadView> BlockPool::wait_view(Block block, Ticket ticket, std::chrono::nanoseconds timeout,
                                      std::source_location where) {
  return view(block, ticket, timeout, where);
}

Result<void> BlockPool::release(Block block, std::source_location where) {
  const auto found = BlockPoolControl::find_in(control_.get(), block, where);
  if (!found) return pass_on(found);
  const Record& record = **found;
  if (record.state == State::published) return fail(ErrorId::view_outstanding, where);
  // Of a readable block, commands that write it may have been issued: any later fence is ordered after them.
  const bool may_be_written = record.state == State::acquired && control_->access != Access::sequential_write;
  control_->make_idle(**found, may_be_written ? control_->timeline->issued + 1 : 0);
  return {};
}

std::uint32_t BlockPool::count() const noexcept {
  return control_ ? static_cast<std::uint32_t>(control_->records.size()) : 0;
}
std::uint32_t BlockPool::free_count() const noexcept {
  if (!control_) return 0;
  return static_cast<std::uint32_t>(
      std::count_if(control_->idle.begin(), control_->idle.end(),
                    [this](std::uint32_t index) { return control_->is_reusable(index); }));
}

}  // namespace pmb
