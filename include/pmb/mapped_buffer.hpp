// SPDX-License-Identifier: MIT
// One GL buffer with immutable storage that stays mapped for its whole life. Rings and pools are built on it. Use it
// directly if the program orders CPU and GPU with tickets itself.
//
//   auto buffer = pmb::MappedBuffer::create(context, {.size_bytes = 1 << 20});
//   buffer->write(0, bytes);  // copies, and flushes if the model needs it
//   glBindBufferBase(GL_UNIFORM_BUFFER, 0, buffer->buffer());
//
// Units:   bytes, offsets from the start of the mapping.
// Threads: the context's thread; write() under the coherent model on any. The bytes on any thread, ordered by the caller.
// Memory:  size_bytes of memory that CPU and GPU share, and address space for it.
// Errors:  too_large, out_of_memory, map_failed, gl_error, unsupported, invalid_argument, refused, stale_handle, context_lost,
//          wrong_context.
// GL:      ARB_buffer_storage; OpenGL 4.6 core, sections 6.2 and 6.3. Not promised: that bytes are ordered against GPU
//          work. Before the CPU touches bytes that the GPU uses, wait for a ticket marked after that use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/detail/api.hpp>
#include <pmb/detail/typed_bytes.hpp>
#include <pmb/plan.hpp>
#include <pmb/result.hpp>
#include <pmb/timeline.hpp>
#include <source_location>
#include <span>
#include <string_view>

namespace pmb {

class Context;
namespace detail {
struct Mapping;
}

struct MappedBufferOptions {
  std::uint64_t size_bytes = 0;
  Access access = Access::sequential_write;
  std::string_view label = {};      ///< For messages and for GL_KHR_debug; copied.
  std::optional<Model> model = {};  ///< Forces the model; otherwise the plan chooses.
  /// Touches every page now instead of at first use. Takes about 0.1 to 0.25 s a GiB.
  bool prefault = false;
};

/// A mapping that the caller made with glMapBufferRange and keeps.
struct AdoptedMapping {
  std::uint32_t buffer = 0;
  void* pointer = nullptr;         ///< As the map call returned it.
  std::uint64_t offset_bytes = 0;  ///< As passed to the map call.
  std::uint64_t size_bytes = 0;    ///< As passed to the map call.
  std::string_view label = {};
};

/// See the head of this file. Move-only. A moved-from or destroyed one is inert: it returns stale_handle and null.
class PMB_API MappedBuffer {
 public:
  /// Creates storage and maps it. Checks the size against the memory of this machine before GL is asked. Takes milliseconds,
  /// and longer with prefault. If GL has no memory, it waits until the GPU is idle, at most Options::timeout, and tries once
  /// more. Statuses:
  /// invalid_argument (size 0), too_large, unsupported, out_of_memory, map_failed, gl_error, context_lost, wrong_context.
  [[nodiscard]] static Result<MappedBuffer> create(
      Context& context, const MappedBufferOptions& info,
      std::source_location where = std::source_location::current());

  /// Uses a persistent mapping of the caller's, after checking it against GL. Buffer and mapping stay the caller's and
  /// must outlive this object. Statuses: invalid_argument, refused (adopted already), unsupported, context_lost, wrong_context.
  [[nodiscard]] static Result<MappedBuffer> adopt(
      Context& context, const AdoptedMapping& mapping,
      std::source_location where = std::source_location::current());

  /// Makes memory of the program a GL buffer, without a copy: memory of aligned_alloc, a shared mapping, a mapped file.
  /// Whole pages only. The memory must outlive this object. Its bytes are there at once; the model is coherent, and tickets
  /// order CPU and GPU as for every mapped buffer. destroy() first waits until the GPU is idle, at most Options::timeout, since
  /// the program may free the memory next. The destructor does the same; if that fails, it logs a warning, and the memory must
  /// live until the GL context is gone. It must do so after context_lost, too. Needs GL_AMD_pinned_memory. Statuses:
  /// unsupported, invalid_argument (no whole pages), refused (pmb uses a part of it already), map_failed (the driver cannot pin
  /// it), out_of_memory, context_lost, wrong_context.
  [[nodiscard]] static Result<MappedBuffer> adopt_memory(
      Context& context, std::span<std::byte> memory, Access access = Access::bidirectional,
      std::string_view label = {}, std::source_location where = std::source_location::current());

  MappedBuffer() noexcept;
  MappedBuffer(MappedBuffer&&) noexcept;
  MappedBuffer& operator=(MappedBuffer&&) noexcept;
  ~MappedBuffer();

  /// Copies bytes in and makes them visible to commands issued from now on; flushes under explicit flush. No GPU command in
  /// flight may read these bytes. Statuses: invalid_argument (range), refused (not writable), stale_handle, context_lost,
  /// wrong_context (explicit flush).
  [[nodiscard]] Result<void> write(std::uint64_t offset_bytes, detail::SourceBytes bytes,
                                   std::source_location where = std::source_location::current());

  /// Copies bytes out that the GPU wrote. `after_writer` is a ticket marked after the last command that writes them. Polls;
  /// does not wait. Statuses: would_block (it has not passed; nothing was copied), invalid_argument, refused (not readable,
  /// foreign ticket, marked before pmb knew the mapping), stale_handle, context_lost, wait_failed, wrong_context.
  [[nodiscard]] Result<void> read(std::uint64_t offset_bytes, detail::TargetBytes bytes, Ticket after_writer,
                                  std::source_location where = std::source_location::current());

  /// Makes bytes visible that were written through raw_bytes(). Makes no GL call under the coherent model. The range may
  /// be empty. Statuses: invalid_argument (range), refused (not writable), stale_handle, context_lost, wrong_context.
  [[nodiscard]] Result<void> flush(std::uint64_t offset_bytes, std::uint64_t size_bytes,
                                   std::source_location where = std::source_location::current());

  /// Unmaps and deletes now, as the destructor does. Waits for CUDA, and for the program's own memory, at most Options::timeout;
  /// GL keeps its own until it is done. Statuses: data_lost, stale_handle (destroyed already),
  /// context_lost (it is inert). After wrong_context, timed_out, fence_failed and wait_failed nothing was done.
  [[nodiscard]] Result<void> destroy(std::source_location where = std::source_location::current());

  /// The mapped bytes; empty when inert. Writing to a read-only mapping or reading from a write-only one is undefined.
  std::span<std::byte> raw_bytes() const noexcept;
  std::uint32_t buffer() const noexcept;        ///< GL name, 0 when inert.
  std::uint64_t size_bytes() const noexcept;    ///< Mapped bytes.
  std::uint64_t offset_bytes() const noexcept;  ///< Where the mapping starts in the buffer; 0 unless adopted.
  bool is_mapped() const noexcept;
  const Plan& plan() const noexcept;
  std::string_view label() const noexcept;

 private:
  friend struct detail::Mapping;
  explicit MappedBuffer(std::unique_ptr<detail::Mapping> mapping) noexcept;
  std::unique_ptr<detail::Mapping> mapping_;
};

}  // namespace pmb
