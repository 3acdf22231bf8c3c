// SPDX-License-Identifier: MIT
// A buffer of the program's that pmb asks GL about once, and what the program promises about it, for many transfers to
// and from it.
//
//   auto known = pmb::BufferTarget::look_up(context, buffer, {.no_shader_stores = true});
//   pmb::upload(context, *known, 0, bytes);              // costs what GL's own call costs
//   auto pending = ring.request(*known, 0, frame_bytes);
//
// Units:   bytes.
// Threads: look_up() on the context's thread; a value afterwards.
// Memory:  none.
// Errors:  invalid_argument, refused, wrong_context.
// GL:      look_up() makes up to six queries; changes COPY_WRITE where direct state access is missing.
#pragma once

#include <cstdint>
#include <pmb/result.hpp>
#include <source_location>

namespace pmb {

class Context;
namespace detail {
struct KnownTarget;
}

/// What the program owes in return for cheaper transfers, as long as it uses the BufferTarget. All of it is optional.
struct BufferPromises {
  /// No shader stores into the buffer since the program's last glMemoryBarrier with GL_BUFFER_UPDATE_BARRIER_BIT: spares a
  /// barrier a transfer.
  bool no_shader_stores = false;
  /// No shader reads it as a storage buffer: spares uploads that barrier also where such readers would be overtaken, or go on
  /// seeing older bytes, without one (quirks software_update_order, nvidia_flush_barrier). True of buffers of vertices, texels
  /// and uniform blocks.
  bool no_storage_reads = false;
  /// Nothing writes it but upload() of this BufferTarget and shaders, and GL never reads it back: no copies into it, no
  /// clears, no glBufferSubData, neither glGetBufferSubData nor a map, now or before. For small buffers that are updated
  /// often. Where a driver's glBufferSubData overtakes commands of those kinds (quirk nvidia_update_order), these uploads go
  /// by that call nevertheless, if the whole buffer is no longer than 64 KiB.
  bool only_updates = false;
  /// glBufferSubData never updates it, now or later: pmb then never does either, and where that quirk applies reads
  /// buffers of up to 16 KiB by glGetBufferSubData, which is the quicker way there.
  bool no_updates = false;
};

/// See the head of this file. A value, copied freely. Uploads follow the transfer plan of look_up()'s time: after calibrate()
/// look it up again.
///
/// The caller owes, as long as it is used: the buffer is neither deleted nor given new storage (glBufferData), nor mapped
/// without PERSISTENT during a transfer; at each transfer the context is current; and what it promised. A foreign thread is
/// found always, another context on the context's own thread only with Options::validation: the window system takes as long
/// to answer as GL to copy a few hundred bytes.
class BufferTarget {
 public:
  constexpr BufferTarget() noexcept = default;
  /// Statuses: invalid_argument (no buffer of that name), refused (mapped without PERSISTENT), wrong_context.
  static Result<BufferTarget> look_up(Context& context, std::uint32_t buffer, BufferPromises promises = {},
                                      std::source_location where = std::source_location::current());

  std::uint32_t buffer() const noexcept { return buffer_; }
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  BufferPromises promises() const noexcept { return promises_; }

 private:
  friend struct detail::KnownTarget;
  std::uint32_t buffer_ = 0;
  bool takes_updates_ = false;  ///< By glBufferSubData, in order.
  bool orders_update_ = true;   ///< Updates stand behind a barrier.
  BufferPromises promises_ = {};
  std::uint64_t size_bytes_ = 0;
  /// Uploads of up to so many bytes are updates for certain, by the plan of look_up()'s time.
  std::uint64_t updates_up_to_ = 0;
};

}  // namespace pmb
