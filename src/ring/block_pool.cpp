// SPDX-License-Identifier: MIT
#include <algorithm>
#include <memory>
#include <new>
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

/// Indices, first in, first out, in memory allocated once.
class IndexQueue {
 public:
  /// Empties it and makes room for `capacity` indices.
  void reset(std::size_t capacity) {
    indices_.assign(capacity, 0);
    clear();
  }
  void clear() noexcept { front_ = count_ = 0; }
  void push(std::uint32_t index) noexcept { indices_[(front_ + count_++) % indices_.size()] = index; }
  std::uint32_t pop() noexcept {
    const std::uint32_t index = indices_[front_];
    front_ = (front_ + 1) % indices_.size();
    --count_;
    return index;
  }
  bool empty() const noexcept { return count_ == 0; }
  std::size_t size() const noexcept { return count_; }

 private:
  std::vector<std::uint32_t> indices_;
  std::size_t front_ = 0;
  std::size_t count_ = 0;
};

/// Recycled, never freed; see SlotPool. A key is use << kIndexBits | index. Uses count over all owners of the block, so
/// that a compare detects a stale key.
struct BlockPoolControl final : ContextChild {
  static constexpr int kIndexBits = 16;
  static constexpr std::uint64_t kIndexMask = (std::uint64_t{1} << kIndexBits) - 1;

  enum class State : std::uint8_t {
    free,
    acquired,
    published,  ///< Given to the GPU.
    viewed,     ///< Given to the GPU, and its ticket has passed.
    retired,    ///< Free once `serial` has passed.
  };

  struct Record {
    MappedBuffer buffer;
    std::byte* bytes = nullptr;
    std::uint64_t key = UINT64_MAX;
    std::uint64_t used = 0;
    std::uint64_t serial = 0;   ///< Acquired or published: last mark before. Retired: what to wait for.
    std::uint64_t fetched = 0;  ///< Private memory: the serial that the last fetch waited for.
    std::uint32_t name = 0;
    State state = State::free;
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
    free_list.clear();
    retired_list.clear();
    inert = true;
  }

  void close() noexcept {
    if (!context) return;
    for (const Record& record : records) {
      const bool out =
          record.state != State::free && record.state != State::retired && record.buffer.is_mapped();
      if (!out) continue;
      context->report({.id = ErrorId::destroyed_with_live_slices,
                       .label = record.buffer.label(),
                       .buffer = record.name,
                       .begin_bytes = 0,
                       .end_bytes = record.buffer.size_bytes(),
                       .acquired_at = created_at,
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

  /// Moves retired blocks whose serial has passed to the free list.
  void reclaim() noexcept {
    const std::uint64_t passed = timeline->passed();
    std::erase_if(retired_list, [&](std::uint32_t index) {
      Record& record = records[index];
      if (record.serial > passed) return false;
      record.state = State::free;
      free_list.push(index);
      return true;
    });
  }

  Result<Block> acquire(bool may_wait, std::source_location where) {
    if (!context || inert) return stale(where);
    if (free_list.empty()) {
      reclaim();
      if (free_list.empty() && !retired_list.empty()) {
        if (auto polled = timeline->poll(where); !polled) return pass_on(polled);
        reclaim();
      }
      if (free_list.empty()) {
        if (retired_list.empty() || !may_wait)
          return fail(ErrorId::pool_exhausted, where, {.numbers = {records.size()}});
        std::uint64_t oldest = UINT64_MAX;
        for (const std::uint32_t index : retired_list) oldest = std::min(oldest, records[index].serial);
        if (oldest > timeline->issued) return fail(ErrorId::never_marked, where);
        if (auto passed = timeline->wait_serial(oldest, timeout, where); !passed) return pass_on(passed);
        reclaim();
      }
    }
    // First in, first out: each block rests as long as possible, and two blocks alternate.
    const std::uint32_t index = free_list.pop();
    Record& record = records[index];
    record.key = next_use++ << kIndexBits | index;
    record.used = block_bytes;
    record.fetched = 0;
    record.serial = timeline->issued;
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
                       .acquired_at = created_at,
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
                       .acquired_at = created_at,
                       .noticed_at = where,
                       .numbers = {error.numbers[0], error.numbers[1]}});
    }
    return legal;
  }

  Result<void> retire(Block block, Ticket ticket, std::source_location where) {
    Record* record = find(block);
    if (!record) return stale(where);
    if (auto legal = check_ticket(*record, ticket, where); !legal) return legal;
    record->serial = TimelineControl::serial_of(ticket);
    record->state = State::retired;
    record->key = UINT64_MAX;
    retired_list.push_back(static_cast<std::uint32_t>(block.key_ & kIndexMask));
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
    const auto index = static_cast<std::uint32_t>(block.key_ & kIndexMask);
    record->key = UINT64_MAX;
    if (record->state == State::acquired && access != Access::sequential_write) {
      // Commands that write it may have been issued. Any later fence is ordered after them.
      record->serial = timeline->issued + 1;
      record->state = State::retired;
      retired_list.push_back(index);
    } else {
      record->state = State::free;
      free_list.push(index);
    }
    return {};
  }

  std::shared_ptr<ContextState> context;
  TimelineState* timeline = nullptr;
  std::vector<Record> records;
  IndexQueue free_list;
  std::vector<std::uint32_t> retired_list;
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
    control->free_list.reset(options.count);
    control->retired_list.clear();
    control->retired_list.reserve(options.count);
    for (std::uint32_t i = 0; i < options.count; ++i) control->free_list.push(i);
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

BlockPool::BlockPool() noexcept = default;
BlockPool::BlockPool(BlockPool&& other) noexcept : control_(std::exchange(other.control_, nullptr)) {}

BlockPool& BlockPool::operator=(BlockPool&& other) noexcept {
  if (this != &other) {
    BlockPool taken(std::move(other));
    std::swap(control_, taken.control_);
  }
  return *this;
}

BlockPool::~BlockPool() {
  if (!control_) return;
  control_->close();
  detail::SlotPool<BlockPoolControl>::give_back(control_);
}

Result<Block> BlockPool::acquire(std::source_location where) {
  return with(control_, where, [&](auto& pool) { return pool.acquire(true, where); });
}
Result<Block> BlockPool::try_acquire(std::source_location where) {
  return with(control_, where, [&](auto& pool) { return pool.acquire(false, where); });
}
Result<void> BlockPool::publish(Block block, std::uint64_t used_bytes, std::source_location where) {
  return with(control_, where, [&](auto& pool) { return pool.publish(block, used_bytes, where); });
}
Result<void> BlockPool::retire(Block block, Ticket ticket, std::source_location where) {
  return with(control_, where, [&](auto& pool) { return pool.retire(block, ticket, where); });
}
Result<ReadView> BlockPool::try_view(Block block, Ticket ticket, std::source_location where) {
  return with(control_, where, [&](auto& pool) { return pool.view(block, ticket, std::nullopt, where); });
}
Result<ReadView> BlockPool::wait_view(Block block, Ticket ticket, std::chrono::nanoseconds timeout,
                                      std::source_location where) {
  return with(control_, where, [&](auto& pool) { return pool.view(block, ticket, timeout, where); });
}
Result<void> BlockPool::release(Block block, std::source_location where) {
  return with(control_, where, [&](auto& pool) { return pool.release(block, where); });
}

std::uint32_t BlockPool::count() const noexcept {
  return control_ ? static_cast<std::uint32_t>(control_->records.size()) : 0;
}
std::uint32_t BlockPool::free_count() const noexcept {
  return control_ ? static_cast<std::uint32_t>(control_->free_list.size()) : 0;
}

}  // namespace pmb
