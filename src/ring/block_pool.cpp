// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <numeric>
#include <pmb/block_pool.hpp>
#include <pmb/context.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/guard.hpp"
#include "context/mapping.hpp"
#include "context/timeline_state.hpp"

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
    std::uint64_t serial =
        0;  ///< Idle: the serial to wait for; else the last mark before acquire or publish.
    std::uint64_t fetched = 0;  ///< Private memory: the serial that the last fetch waited for.
    std::source_location acquired_at;
    std::uint32_t name = 0;
    State state = State::idle;
  };

  static BlockPoolControl* of(const Block& block) noexcept { return block.control_; }

  Record* find(const Block& block) noexcept {
    const std::uint64_t index = block.key_ & kIndexMask;
    if (block.control_ != this || index >= records.size() || records[index].key != block.key_) return nullptr;
    return &records[index];
  }

  void make_inert() noexcept override {
    for (Record& record : records) {
      record.key = UINT64_MAX;
      record.bytes = nullptr;
    }
    idle.clear();
    inert = true;
  }

  void close() noexcept {
    if (!context) return;
    for (const Record& record : records) {
      if (record.state == State::idle || !record.buffer.is_mapped()) continue;
      context->report({.id = ErrorId::destroyed_with_live_slices,
                       .label = record.buffer.label(),
                       .buffer = record.name,
                       .begin_bytes = 0,
                       .end_bytes = record.buffer.size_bytes(),
                       .acquired_at = record.acquired_at,
                       .noticed_at = created_at});
    }
    context->registry.remove(*this);
    make_inert();
    records.clear();
    timeline = nullptr;
    context.reset();
  }

  /// Ok on the context's thread. A closed pool has none.
  Result<void> check_thread(std::source_location where) const noexcept {
    return context ? context->check_own_thread(where) : Result<void>();
  }

  tl::unexpected<Error> stale(std::source_location where) const noexcept {
    if (context) {
      if (context->lost) return tl::unexpected(context->loss(where));
      context->report({.id = ErrorId::stale_slice, .noticed_at = where});
    }
    return fail(ErrorId::stale_slice, where);
  }

  bool is_reusable(std::uint32_t index) const noexcept { return records[index].serial <= timeline->passed(); }

  /// The block that is reusable and was idle for longest, so that each rests as long as possible and two alternate.
  auto next_reusable() const noexcept {
    return std::find_if(idle.begin(), idle.end(), [this](std::uint32_t index) { return is_reusable(index); });
  }

  void make_idle(Record& record, std::uint64_t serial) noexcept {
    record.serial = serial;
    record.state = State::idle;
    idle.push_back(static_cast<std::uint32_t>(record.key & kIndexMask));
    record.key = UINT64_MAX;
  }

  Result<Block> acquire(bool may_wait, std::source_location where) {
    if (!context || inert) return stale(where);
    auto next = next_reusable();
    if (next == idle.end() && !idle.empty()) {
      if (auto polled = timeline->poll(where); !polled) return pass_on(polled);
      next = next_reusable();
    }
    if (next == idle.end()) {
      if (idle.empty() || !may_wait)
        return fail(ErrorId::pool_exhausted, where, {.numbers = {records.size()}});
      std::uint64_t oldest = UINT64_MAX;
      for (const std::uint32_t index : idle) oldest = std::min(oldest, records[index].serial);
      if (oldest > timeline->issued) return fail(ErrorId::never_marked, where);
      if (auto passed = timeline->wait_serial(oldest, timeout, where); !passed) return pass_on(passed);
      next = next_reusable();
    }
    const std::uint32_t index = *next;
    idle.erase(next);
    Record& record = records[index];
    record.key = next_use++ << kIndexBits | index;
    record.used = block_bytes;
    record.fetched = 0;
    record.serial = timeline->issued;
    record.acquired_at = where;
    record.state = State::acquired;
    return Block(this, record.key);
  }

  Result<void> publish(Block block, std::uint64_t used, std::source_location where) {
    Record* record = find(block);
    if (!record) return stale(where);
    if (record->state != State::acquired) return fail(ErrorId::already_published, where);
    if (access == Access::read) return fail(ErrorId::not_writable, where);
    if (used > block_bytes) return fail(ErrorId::published_too_much, where, {.numbers = {used, block_bytes}});
    if (auto flushed = record->buffer.flush(0, used, where); !flushed) return flushed;
    record->used = used;
    record->serial = timeline->issued;
    record->state = State::published;
    return {};
  }

  /// Ok if `ticket` was marked after the block was given to the GPU.
  Result<void> check_ticket(const Record& record, Ticket ticket, std::source_location where) const {
    if (record.state == State::acquired && access != Access::read) {
      context->report({.id = ErrorId::not_published,
                       .label = record.buffer.label(),
                       .buffer = record.name,
                       .end_bytes = block_bytes,
                       .acquired_at = record.acquired_at,
                       .noticed_at = where});
      return fail(ErrorId::not_published, where);
    }
    auto legal = timeline->check(ticket, where);
    if (legal && TimelineControl::serial_of(ticket) <= record.serial) {
      legal =
          fail(ErrorId::ticket_too_old, where, {.numbers = {ticket.serial(), record.serial >> kSerialShift}});
    }
    if (!legal && legal.error().id != ErrorId::stale_ticket) {
      const Error& error = legal.error();
      context->report({.id = error.id,
                       .label = record.buffer.label(),
                       .buffer = record.name,
                       .end_bytes = record.used,
                       .acquired_at = record.acquired_at,
                       .noticed_at = where,
                       .numbers = {error.numbers[0], error.numbers[1], error.numbers[2]}});
    }
    return legal;
  }

  Result<void> retire(Block block, Ticket ticket, std::source_location where) {
    Record* record = find(block);
    if (!record) return stale(where);
    if (auto legal = check_ticket(*record, ticket, where); !legal) return legal;
    make_idle(*record, TimelineControl::serial_of(ticket));
    return {};
  }

  Result<ReadView> view(Block block, Ticket ticket, std::optional<std::chrono::nanoseconds> wait,
                        std::source_location where) {
    Record* record = find(block);
    if (!record) return stale(where);
    if (access == Access::sequential_write) return fail(ErrorId::not_readable, where);
    if (auto legal = check_ticket(*record, ticket, where); !legal) return pass_on(legal);
    const std::uint64_t serial = TimelineControl::serial_of(ticket);
    if (serial > timeline->passed()) {
      auto known = wait ? timeline->wait_serial(serial, *wait, where) : timeline->poll(where);
      if (!known) return pass_on(known);
      if (serial > timeline->passed())
        return fail(ErrorId::not_passed_yet, where, {.numbers = {ticket.serial()}});
    }
    const Mapping& mapping = *Mapping::of(record->buffer);
    if (mapping.is_private() && serial > record->fetched) {
      if (auto current = context->check_current(where); !current) return pass_on(current);
      if (auto fetched = mapping.fetch(0, block_bytes, where); !fetched) return pass_on(fetched);
      record->fetched = serial;
    }
    record->state = State::viewed;
    return ReadView({record->bytes, static_cast<std::size_t>(block_bytes)});
  }

  Result<void> release(Block block, std::source_location where) {
    Record* record = find(block);
    if (!record) return stale(where);
    if (record->state == State::published) return fail(ErrorId::view_outstanding, where);
    // Of a readable block, commands that write it may have been issued: any later fence is ordered after them.
    const bool may_be_written = record->state == State::acquired && access != Access::sequential_write;
    make_idle(*record, may_be_written ? timeline->issued + 1 : 0);
    return {};
  }

  std::shared_ptr<ContextState> context;
  TimelineState* timeline = nullptr;
  std::vector<Record> records;
  std::vector<std::uint32_t> idle;  ///< Indices, in the order in which they became idle.
  std::uint64_t block_bytes = 0;
  std::uint64_t next_use = 1;
  std::chrono::nanoseconds timeout = {};
  std::source_location created_at;
  Access access = Access::bidirectional;
  bool inert = false;
};

}  // namespace detail

using detail::BlockPoolControl;
using detail::ContextState;

std::span<std::byte> Block::raw_bytes() const noexcept {
  const auto* record = control_ ? control_->find(*this) : nullptr;
  const bool open =
      record && record->state == BlockPoolControl::State::acquired && control_->access != Access::read;
  if (!open) return {};
  return {record->bytes, static_cast<std::size_t>(control_->block_bytes)};
}

std::uint32_t Block::buffer() const noexcept {
  const auto* record = control_ ? control_->find(*this) : nullptr;
  return record ? record->name : 0;
}

std::uint64_t Block::size_bytes() const noexcept {
  const auto* record = control_ ? control_->find(*this) : nullptr;
  return record ? record->used : 0;
}

bool Block::is_live() const noexcept {
  return control_ && control_->find(*this);
}

Result<BlockPool> BlockPool::create(Context& context, const BlockPoolOptions& options,
                                    std::source_location where) {
  if (options.count == 0 || options.block_bytes == 0) return fail(ErrorId::zero_size, where);
  if (options.count > BlockPoolControl::kIndexMask + 1) {
    return fail(ErrorId::range_outside, where,
                {.numbers = {0, options.count, BlockPoolControl::kIndexMask + 1}});
  }
  return guarded(where, [&]() -> Result<BlockPool> {
    std::vector<BlockPoolControl::Record> records(options.count);
    for (BlockPoolControl::Record& record : records) {
      auto buffer = detail::make_memory(ContextState::share(context),
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
    control->timeline = &ContextState::of(context).timeline();
    control->records = std::move(records);
    control->idle.resize(options.count);
    std::iota(control->idle.begin(), control->idle.end(), 0U);
    control->block_bytes = options.block_bytes;
    control->timeout = options.timeout.value_or(context.options().timeout);
    control->created_at = where;
    control->access = options.access;
    control->inert = false;
    control->context = ContextState::share(context);
    control->context->registry.add(*control);
    return pool;
  });
}

namespace {

/// Calls `call` with the control block of a pool. Returns not_mapped for an empty pool, and wrong_thread elsewhere than on
/// the context's thread.
template <class Call>
auto with(BlockPoolControl* control, std::source_location where, Call&& call) -> decltype(call(*control)) {
  if (!control) return fail(ErrorId::not_mapped, where);
  if (auto own = control->check_thread(where); !own) return pass_on(own);
  return call(*control);
}

}  // namespace

void detail::CloseBlockPool::operator()(BlockPoolControl* control) const noexcept {
  control->close();
  SlotPool<BlockPoolControl>::give_back(control);
}

Result<Block> BlockPool::acquire(std::source_location where) {
  return with(control_.get(), where, [&](auto& pool) { return pool.acquire(true, where); });
}
Result<Block> BlockPool::try_acquire(std::source_location where) {
  return with(control_.get(), where, [&](auto& pool) { return pool.acquire(false, where); });
}
Result<void> BlockPool::publish(Block block, std::uint64_t used_bytes, std::source_location where) {
  return with(control_.get(), where, [&](auto& pool) { return pool.publish(block, used_bytes, where); });
}
Result<void> BlockPool::retire(Block block, Ticket ticket, std::source_location where) {
  return with(control_.get(), where, [&](auto& pool) { return pool.retire(block, ticket, where); });
}
Result<ReadView> BlockPool::try_view(Block block, Ticket ticket, std::source_location where) {
  return with(control_.get(), where,
              [&](auto& pool) { return pool.view(block, ticket, std::nullopt, where); });
}
Result<ReadView> BlockPool::wait_view(Block block, Ticket ticket, std::chrono::nanoseconds timeout,
                                      std::source_location where) {
  return with(control_.get(), where, [&](auto& pool) { return pool.view(block, ticket, timeout, where); });
}
Result<void> BlockPool::release(Block block, std::source_location where) {
  return with(control_.get(), where, [&](auto& pool) { return pool.release(block, where); });
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
