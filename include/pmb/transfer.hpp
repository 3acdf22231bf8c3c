// SPDX-License-Identifier: MIT
// What glBufferSubData and glGetBufferSubData did, through mapped rings that the context keeps for it.
//
//   pmb::upload(context, vertex_buffer, 0, std::as_bytes(std::span(vertices)));
//   pmb::download(context, result_buffer, 0, std::as_writable_bytes(std::span(results)));
// No bytes at all are fine, and nothing is done.
//
// Units:   bytes; offsets from the start of the GL buffer.
// Threads: the context's thread.
// Memory:  the first call of each kind allocates a ring of 8 MiB that stays with the context.
// Errors:  invalid_argument, refused, timed_out, out_of_memory, context_lost, wait_failed, wrong_context.
// GL:      works on any buffer, immutable or not, that is not mapped without PERSISTENT. Changes the
//          COPY_READ and COPY_WRITE bindings where direct state access is missing. Both are ordered behind
//          shader stores that were issued before (GL_BUFFER_UPDATE_BARRIER_BIT, OpenGL 4.6 core, section
//          7.13.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <pmb/result.hpp>
#include <source_location>
#include <span>

namespace pmb {

class Context;

/// Copies `bytes` into a buffer. The memory is free again on return; commands issued from now on see the new
/// bytes, commands issued before see the old ones. Waits only while more than 8 MiB are under way.
Result<void> upload(Context& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                    std::span<const std::byte> bytes,
                    std::source_location where = std::source_location::current());

/// Copies a range of a buffer out, behind everything issued before. Waits for the GPU, boundedly.
Result<void> download(Context& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                      std::span<std::byte> bytes,
                      std::source_location where = std::source_location::current());

}  // namespace pmb
