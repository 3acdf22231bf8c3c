// SPDX-License-Identifier: MIT
// Equal blocks, each in its own GL buffer, held as long as needed and returned in any order: decoder surfaces, operations
// in flight, user kernels that may write out of bounds.
//
//   auto block = pool.acquire();
//   std::size_t used = read_some(block->raw_bytes());  // writable pools
//   pool.publish(*block, used);
//   glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, block->buffer());
//   glDispatchCompute(groups, 1, 1);
//   auto ticket = context.timeline().mark();
//   pool.retire(*block, *ticket);                      // or, to read the result: wait_view(), then release()
//
// Units:   bytes; nanoseconds.
// Threads: calls on the context's thread; the bytes of a block on any thread while it is filled or viewed.
// Memory:  count × block_bytes shared, allocated by create().
// Errors:  would_block, timed_out, too_large, out_of_memory, map_failed, invalid_argument, refused, stale_handle,
//          context_lost, wrong_context.
// GL:      none in acquire, publish and retire while a block is free, except the flush of the explicit model.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/detail/api.hpp>
#include <pmb/mapped_buffer.hpp>
#include <pmb/plan.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/result.hpp>
#include <pmb/timeline.hpp>
#include <source_location>
#include <span>
#include <string_view>

namespace pmb {

class Context;
class BlockPool;
struct BlockPoolOptions;
namespace detail {
struct BlockPoolControl;
struct ContextState;
struct CloseBlockPool {
  PMB_API void operator()(BlockPoolControl* control) const noexcept;
};
[[nodiscard]] Result<BlockPool> make_block_pool(std::shared_ptr<ContextState> context,
                                                const BlockPoolOptions& options, std::source_location where);
}  // namespace detail

/// One block of a pool, lent for one use. Two words, copied freely; a stale one is inert.
class PMB_API Block {
 public:
  constexpr Block() noexcept = default;

  /// All bytes of the block while it is acquired and not yet published. Empty otherwise, and in read-only pools.
  std::span<std::byte> raw_bytes() const noexcept;
  std::uint32_t buffer() const noexcept;      ///< GL name; the block starts at its byte 0.
  std::uint64_t size_bytes() const noexcept;  ///< As created; as used once published.
  bool is_live() const noexcept;

  friend bool operator==(const Block&, const Block&) noexcept = default;

 private:
  friend struct detail::BlockPoolControl;
  friend class BlockPool;
  constexpr Block(detail::BlockPoolControl* control, std::uint64_t key) noexcept
      : control_(control), key_(key) {}
  detail::BlockPoolControl* control_ = nullptr;
  std::uint64_t key_ = 0;
};

struct BlockPoolOptions {
  std::uint64_t block_bytes = 0;
  std::uint32_t count = 0;  ///< 1 to 65536.
  Access access = Access::bidirectional;
  std::string_view label = {};
  std::optional<Model> model = {};
  std::optional<std::chrono::nanoseconds> timeout =
      {};  ///< Of acquire; default: that of the context's options.
  bool prefault = false;
};

/// See the head of this file. Move-only.
class PMB_API BlockPool {
 public:
  /// Makes all blocks or none. Statuses: those of MappedBuffer::create.
  [[nodiscard]] static Result<BlockPool> create(Context& context, const BlockPoolOptions& options,
                                                std::source_location where = std::source_location::current());

  BlockPool() noexcept = default;

  /// Returns a free block. If there is none, waits for the oldest retired one, at most for the timeout. Returns
  /// would_block at once if no block was retired. Statuses: would_block, timed_out, context_lost, wait_failed,
  /// stale_handle, wrong_context.
  [[nodiscard]] Result<Block> acquire(std::source_location where = std::source_location::current());
  /// As acquire, but returns would_block instead of waiting.
  [[nodiscard]] Result<Block> try_acquire(std::source_location where = std::source_location::current());

  /// Ends filling. The first `used_bytes` become visible to commands issued from now on.
  /// Statuses: stale_handle, refused (published, or a read-only pool), invalid_argument, context_lost, wrong_context.
  [[nodiscard]] Result<void> publish(Block block, std::uint64_t used_bytes,
                                     std::source_location where = std::source_location::current());

  /// Makes the block free once `ticket` has passed. In writable pools the block must be published.
  /// Statuses: stale_handle, refused (unpublished, foreign or too old ticket), context_lost, wrong_context. A refusal changes
  /// nothing.
  [[nodiscard]] Result<void> retire(Block block, Ticket ticket,
                                    std::source_location where = std::source_location::current());

  /// Polls, and returns the whole block, which the GPU wrote, if `ticket` has passed. The ticket must be marked after the
  /// writer. Readable pools only; in bidirectional ones the block must be published. Statuses: would_block, stale_handle,
  /// refused, context_lost, wait_failed, wrong_context.
  [[nodiscard]] Result<ReadView> try_view(Block block, Ticket ticket,
                                          std::source_location where = std::source_location::current());
  /// The same, but waits for at most `timeout`. Statuses: also timed_out.
  [[nodiscard]] Result<ReadView> wait_view(Block block, Ticket ticket, std::chrono::nanoseconds timeout,
                                           std::source_location where = std::source_location::current());

  /// Makes a viewed or unpublished block free. A viewed block is free at once; no GPU work may have been issued on it after
  /// its ticket. An unpublished block is free at once, or in readable pools after the next fence, since the GPU may be
  /// writing it. Statuses: stale_handle, refused (published and not viewed since: retire it), context_lost, wrong_context.
  [[nodiscard]] Result<void> release(Block block,
                                     std::source_location where = std::source_location::current());

  std::uint32_t count() const noexcept;
  std::uint32_t free_count()
      const noexcept;  ///< Retired blocks count once a poll or a wait has noticed their ticket.

 private:
  friend Result<BlockPool> detail::make_block_pool(std::shared_ptr<detail::ContextState> context,
                                                   const BlockPoolOptions& options,
                                                   std::source_location where);
  explicit BlockPool(detail::BlockPoolControl* control) noexcept : control_(control) {}
  [[nodiscard]] Result<Block> acquire(bool may_wait, std::source_location where);
  /// Polls, or waits for at most `timeout`.
  [[nodiscard]] Result<ReadView> view(Block block, Ticket ticket,
                                      std::optional<std::chrono::nanoseconds> timeout,
                                      std::source_location where);
  std::unique_ptr<detail::BlockPoolControl, detail::CloseBlockPool> control_;
};

}  // namespace pmb
