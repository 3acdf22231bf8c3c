// SPDX-License-Identifier: MIT
// What glBufferSubData and glGetBufferSubData did: by those calls where they win, else through mapped rings that the
// context keeps for it, in chunks, so that the CPU fills or empties one while the GPU copies others
// (Context::transfer_plan).
//
//   pmb::upload(context, vertex_buffer, 0, std::as_bytes(std::span(vertices)));
//   pmb::download(context, result_buffer, 0, std::as_writable_bytes(std::span(results)));
//
//   auto pending = pmb::download_async(context, result_buffer, 0, frame_bytes);   // and a frame later, or two:
//   if (pending->ticket().passed()) pending->finish(frame, 0ns);                  // or, in place: pending->try_view()
// No bytes at all are fine, and nothing is done.
//
// Units:   bytes; offsets from the start of the GL buffer.
// Threads: the context's thread. Large blocks are copied on threads that Options::parallel_for lends.
// Memory:  the first call of each kind that needs a ring allocates it, and it stays with the context: ring_bytes of the
//          plan, and pending_bytes for unfinished downloads.
// Errors:  invalid_argument, refused, timed_out, out_of_memory, context_lost, wait_failed, wrong_context.
// GL:      works on any buffer, immutable or not, that is not mapped without PERSISTENT. Changes the
//          COPY_READ and COPY_WRITE bindings where direct state access is missing. Both are ordered behind
//          shader stores that were issued before (GL_BUFFER_UPDATE_BARRIER_BIT, OpenGL 4.6 core, section
//          7.13.2). Each call asks GL whether the buffer exists, for its size, for its mapping, and, before
//          glBufferSubData, for its storage flags; a BufferTarget is asked about once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <pmb/buffer_target.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/result.hpp>
#include <pmb/timeline.hpp>
#include <source_location>
#include <span>

namespace pmb {

class Context;
namespace detail {
struct ContextState;
struct PendingAccess;
}  // namespace detail

/// Copies `bytes` into a buffer. The memory is free again on return; commands issued from now on see the new
/// bytes, commands issued before see the old ones. Waits only while more than the ring holds is under way.
Result<void> upload(Context& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                    std::span<const std::byte> bytes,
                    std::source_location where = std::source_location::current());

Result<void> upload(Context& context, const BufferTarget& buffer, std::uint64_t offset_bytes,
                    std::span<const std::byte> bytes,
                    std::source_location where = std::source_location::current());

/// As upload(), and answers a ticket that passes once the GPU has taken the bytes: what other contexts and threads wait
/// for. Costs one fence. The source is free on return here as well: GL has no way to read private memory later, so
/// keeping it would spare no copy. Of no bytes the ticket is behind the commands issued so far.
Result<Ticket> upload_async(Context& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                            std::span<const std::byte> bytes,
                            std::source_location where = std::source_location::current());
Result<Ticket> upload_async(Context& context, const BufferTarget& buffer, std::uint64_t offset_bytes,
                            std::span<const std::byte> bytes,
                            std::source_location where = std::source_location::current());

/// Copies a range of a buffer out, behind everything issued before. Waits for the GPU, boundedly.
Result<void> download(Context& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                      std::span<std::byte> bytes,
                      std::source_location where = std::source_location::current());
Result<void> download(Context& context, const BufferTarget& buffer, std::uint64_t offset_bytes,
                      std::span<std::byte> bytes,
                      std::source_location where = std::source_location::current());

/// A download under way. Three words and a little, copied freely; inert once finished or released, or once its context
/// is gone.
class PendingDownload {
 public:
  constexpr PendingDownload() noexcept = default;

  /// Passed once the bytes have arrived. Waits for it by threads without a context: Ticket::wait.
  Ticket ticket() const noexcept { return ticket_; }
  std::uint64_t size_bytes() const noexcept { return pending_.size_bytes(); }
  bool is_live() const noexcept { return pending_.is_live(); }

  /// The bytes in place, valid until finish() or release(). Statuses: as PendingReadback.
  Result<ReadView> try_view(std::source_location where = std::source_location::current()) const {
    return pending_.try_view(where);
  }
  Result<ReadView> wait(std::chrono::nanoseconds timeout,
                        std::source_location where = std::source_location::current()) const {
    return pending_.wait(timeout, where);
  }

  /// Waits for the bytes for at most `timeout`, copies them to the start of `target` and gives the memory back.
  /// Statuses: those of wait, and invalid_argument (`target` is too small); it stays live then.
  Result<void> finish(std::span<std::byte> target, std::chrono::nanoseconds timeout,
                      std::source_location where = std::source_location::current()) const;

  /// Gives the memory back without looking at the bytes. No wait. Statuses: stale_handle.
  Result<void> release(std::source_location where = std::source_location::current()) const {
    return pending_.release(where);
  }

 private:
  friend struct detail::PendingAccess;
  PendingReadback pending_;
  Ticket ticket_;
  const detail::ContextState* state_ = nullptr;  ///< Looked at only while `pending_` is live.
};

/// Copies a range of a buffer, behind everything issued before, into memory of the context's own, and answers at once.
/// Unfinished downloads share pending_bytes of the transfer plan: would_block where they fill it, too_large for more than
/// that at once. Statuses: those, and the ones above.
Result<PendingDownload> download_async(Context& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                                       std::uint64_t size_bytes,
                                       std::source_location where = std::source_location::current());
Result<PendingDownload> download_async(Context& context, const BufferTarget& buffer,
                                       std::uint64_t offset_bytes, std::uint64_t size_bytes,
                                       std::source_location where = std::source_location::current());

}  // namespace pmb
