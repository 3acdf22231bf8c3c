// SPDX-License-Identifier: MIT
// A buffer of the program as transfers take it: a GL name, or the result of one query that many transfers share.
//
//   pmb::upload(context, buffer, 0, bytes);              // a GL name: each call asks GL about the buffer
//   auto target = pmb::BufferTarget::query(context, buffer, pmb::BufferUse::no_shader_writes);
//   pmb::upload(context, *target, 0, bytes);             // costs what the raw GL call costs
//   auto pending = ring.request(*target, 0, frame_bytes);
//
// Units:   bytes.
// Threads: query() on the context's thread; the value on any.
// Memory:  none.
// Errors:  invalid_argument, refused, wrong_context.
// GL:      query() makes up to six queries; it changes COPY_WRITE where direct state access is missing.
#pragma once

#include <cstdint>
#include <pmb/detail/api.hpp>
#include <pmb/result.hpp>
#include <source_location>

namespace pmb {

class Context;
namespace detail {
struct BufferPlace;
}

/// How the program uses a buffer as long as it uses the BufferTarget. A narrower use makes transfers cheaper. Each value
/// is a set of promises.
enum class BufferUse : std::uint8_t {
  any = 0,  ///< No promise.
  /// Shaders do not write the buffer; or the program issues glMemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT) between such writes
  /// and each transfer. Transfers omit that barrier. Uploads keep it where shaders that read the buffer as storage would
  /// otherwise be overtaken or see stale data (quirks software_update_order, nvidia_flush_barrier).
  no_shader_writes = 1,
  /// Only uploads of this BufferTarget and shaders write the buffer, now and earlier, and GL never reads it back: no copies
  /// into it, no clears, no other glBufferSubData, no glGetBufferSubData, no map. Suits small buffers that are updated
  /// often: where glBufferSubData overtakes those commands (quirk nvidia_update_order), uploads nevertheless use it if the
  /// whole buffer is no longer than 64 KiB.
  upload_only = 2,
  upload_only_no_shader_writes = upload_only | no_shader_writes,  ///< Both promises.
  /// upload_only_no_shader_writes, and no shader reads the buffer as storage: vertices, texels, uniform blocks. Uploads
  /// omit the barrier on every driver.
  vertices_and_uniforms = 4 | upload_only_no_shader_writes,
  /// glBufferSubData never writes the buffer, now or later. Uploads use a ring. Where quirk nvidia_update_order applies,
  /// downloads use glGetBufferSubData if the whole buffer is no longer than 16 KiB, which is faster there.
  download_only = 8,
  download_only_no_shader_writes = download_only | no_shader_writes,  ///< Both promises.
};

/// A buffer of the program. A value, copied freely.
///
/// A BufferTarget from query() requires, as long as it is used: the buffer is neither deleted nor given new storage
/// (glBufferData), nor mapped without PERSISTENT during a transfer; the context is current at each transfer; and its
/// BufferUse holds. Calls from the wrong thread are always detected. A wrong current context on the right thread is
/// detected only with Options::validation, because querying it costs as much as copying a few hundred bytes.
/// Uploads follow the transfer plan of the time of query(); after calibrate(), query it again.
class PMB_API BufferTarget {
 public:
  /// A buffer of which nothing is known. Each transfer checks it.
  constexpr BufferTarget(std::uint32_t buffer = 0) noexcept : buffer_(buffer) {}
  /// Asks GL about a buffer. Statuses: invalid_argument (no such buffer), refused (mapped without PERSISTENT),
  /// wrong_context.
  [[nodiscard]] static Result<BufferTarget> query(
      Context& context, std::uint32_t buffer, BufferUse use = BufferUse::any,
      std::source_location where = std::source_location::current());

  std::uint32_t buffer() const noexcept { return buffer_; }
  std::uint64_t size_bytes() const noexcept { return size_bytes_; }  ///< 0 without query().

 private:
  friend struct detail::BufferPlace;
  std::uint32_t buffer_ = 0;
  bool is_queried_ = false;
  BufferUse use_ = BufferUse::any;
  bool sub_data_ok_ = false;         ///< glBufferSubData writes it in order.
  bool needs_write_barrier_ = true;  ///< Before glBufferSubData and copies into it.
  std::uint64_t size_bytes_ = 0;
  std::uint64_t sub_data_up_to_ = 0;  ///< Uploads of up to this size always use glBufferSubData.
};

}  // namespace pmb
