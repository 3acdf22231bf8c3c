// SPDX-License-Identifier: MIT
// Replaces glBufferSubData and glGetBufferSubData. Transfers use those calls where they are faster, and otherwise a
// persistently mapped ring, in chunks, so that the CPU copies one chunk while the GPU copies another
// (Context::transfer_plan).
//
//   pmb::upload(context, vertex_buffer, 0, vertices);  // a vector, array or span of plain structs
//   pmb::download(context, result_buffer, 0, results);
//
//   auto pending = pmb::download_async(context, result_buffer, 0, frame_bytes);
//   …                                           // a frame or two later:
//   if (auto view = pending->try_view()) {      // polls
//     consume(view->bytes());                   // or, into own memory: pending->copy_to(frame, 0ns)
//     pending->release();
//   }
//
// Units:   bytes; offsets from the start of the GL buffer. An empty upload() or download() does nothing.
// Threads: the context's thread. Large blocks are copied on threads that Options::parallel_for lends.
// Memory:  the first call of each kind that needs a ring allocates it, and the context keeps it: ring_bytes of the plan,
//          and pending_bytes for pending downloads.
// Errors:  invalid_argument, refused, timed_out, context_lost, wait_failed, wrong_context; those of Timeline::mark; those of
//          MappedBuffer::create at the first use of a ring; map_failed and data_lost without buffer storage on OpenGL ES.
// GL:      works on any buffer, immutable or not, that is not mapped without PERSISTENT. Changes the COPY_READ and
//          COPY_WRITE bindings where direct state access is missing. Transfers are ordered after earlier shader stores
//          (GL_BUFFER_UPDATE_BARRIER_BIT, OpenGL 4.6 core, section 7.13.2). For a buffer by name, each call queries whether
//          it exists, its size, its mapping, and, before glBufferSubData, its storage flags. BufferTarget::query does so once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <pmb/buffer_target.hpp>
#include <pmb/detail/api.hpp>
#include <pmb/detail/typed_bytes.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/result.hpp>
#include <source_location>

namespace pmb {

class Context;

/// Copies `bytes` into a buffer. Later commands see the new bytes, earlier ones the old. The source may be reused on
/// return. Waits only while the ring is full. For a ticket that passes once the GPU has the bytes, mark the timeline.
[[nodiscard]] PMB_API Result<void> upload(Context& context, const BufferTarget& buffer,
                                          std::uint64_t offset_bytes, detail::SourceBytes bytes,
                                          std::source_location where = std::source_location::current());

/// Copies a range out, after all earlier commands. Waits at most Options::timeout a chunk; the raw call has no limit.
[[nodiscard]] PMB_API Result<void> download(Context& context, const BufferTarget& buffer,
                                            std::uint64_t offset_bytes, detail::TargetBytes bytes,
                                            std::source_location where = std::source_location::current());

/// Starts copying a range of a buffer, after all earlier commands, into memory of the context. Does not wait for these bytes;
/// waits for room only while released readbacks that have not arrived fill the memory. Makes the fence itself. Release the readback, or copy_to() it: unreleased ones share pending_bytes of the transfer plan.
/// Statuses: would_block (that memory is full), too_large (it never fits), invalid_argument (also 0 bytes), and those above.
[[nodiscard]] PMB_API Result<PendingReadback> download_async(
    Context& context, const BufferTarget& buffer, std::uint64_t offset_bytes, std::uint64_t size_bytes,
    std::source_location where = std::source_location::current());

}  // namespace pmb
