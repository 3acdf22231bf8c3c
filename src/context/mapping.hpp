// SPDX-License-Identifier: MIT
// The state behind a MappedBuffer: memory that the CPU touches, and the GL buffer that the GPU touches. On the mapped
// paths both are the same memory. On the private paths the CPU touches system memory, and publishing and fetching copy.
#pragma once

#include <new>
#include <pmb/mapped_buffer.hpp>
#include <string>

#include "base/page_guard.hpp"
#include "base/stack_trace.hpp"
#include "context/context_state.hpp"
#include "context/sharing_probe.hpp"

namespace pmb::detail {

/// Whose memory and mapping it is.
enum class Origin : std::uint8_t {
  created,         ///< pmb's own.
  adopted,         ///< A mapping of the caller's, with its buffer.
  adopted_memory,  ///< Memory of the caller's, in a buffer of pmb's that is never mapped.
};

/// Aligned as every driver aligns its mappings.
constexpr std::align_val_t kPrivateAlignment{4096};

struct FreePrivateBytes {
  void operator()(std::byte* bytes) const noexcept { ::operator delete(bytes, kPrivateAlignment); }
};

/// The pages of a mapping are known to another API, which keeps no memory alive for its own work. Ends before they are unmapped.
class PageRegistration {
 public:
  PageRegistration() = default;
  PageRegistration(const PageRegistration&) = delete;
  PageRegistration& operator=(const PageRegistration&) = delete;
  /// Waits as wait_until_idle() does. The pages stay registered if that fails.
  virtual ~PageRegistration() = default;
  /// Waits until the work of that API is done, at most for the timeout of the context. Statuses: timed_out.
  virtual Result<void> wait_until_idle(std::source_location where) noexcept = 0;
};

struct Mapping {
  /// `plan.size_bytes` bytes, inert until it has a pointer and a buffer.
  Mapping(std::shared_ptr<ContextState> owner, std::string_view name, const Plan& chosen,
          std::source_location where);

  std::shared_ptr<ContextState> context;
  std::string label;
  Plan plan;
  std::byte* pointer = nullptr;  ///< Of the first byte that the CPU touches; null when inert.
  std::uint64_t size;
  std::uint64_t map_offset = 0;  ///< Of that byte in the GL buffer.
  std::uint64_t born;  ///< The last serial before pmb knew the mapping: no mark up to it had its barrier.
  std::uint32_t buffer = 0;
  Origin origin = Origin::created;
  bool readable;
  bool writable;
  bool explicit_flush;                               ///< Written ranges need flush().
  std::unique_ptr<std::byte, FreePrivateBytes> own;  ///< Null on the mapped paths.
  std::unique_ptr<PageRegistration> registration;    ///< With CUDA.
  std::unique_ptr<SharingProbe> probe;               ///< Null without validation, and for private memory.
  std::unique_ptr<PageGuard> guard;  ///< Null without Options::page_guard, or where no page is guarded.
  std::source_location created_at;
  StackTrace created_stack;  ///< Empty without validation.

  /// A report of misuse of `bytes` bytes at `offset` of the mapping.
  Report report(ErrorId id, std::uint64_t offset, std::uint64_t bytes,
                std::source_location noticed_at = {}) const noexcept {
    return {.id = id,
            .label = label,
            .buffer = buffer,
            .begin_bytes = map_offset + offset,
            .end_bytes = map_offset + offset + bytes,
            .acquired_at = created_at,
            .noticed_at = noticed_at,
            .acquired_stack = created_stack.frames()};
  }
  bool is_private() const noexcept { return own != nullptr; }
  /// GPU writes reach the CPU only through the CLIENT_MAPPED barrier. GL_AMD_pinned_memory promises nothing about shader
  /// stores, so memory of the caller's gets the barrier too.
  bool needs_barrier() const noexcept {
    if (!readable || is_private()) return false;
    const Limits& limits = context->gl.limits;
    // The bit of the barrier came with buffer storage.
    if (origin == Origin::adopted_memory) return limits.memory_barrier && limits.buffer_storage;
    return plan.model == Model::explicit_flush;
  }

  /// Makes written bytes of the GL buffer visible, by a flush or by glBufferSubData. Checks nothing.
  void flush(std::uint64_t buffer_offset, std::uint64_t bytes) const noexcept;
  /// Validation, now and then: reports if GL sees other bytes here than the CPU, which has written or read them.
  void check_sharing(std::uint64_t offset, std::uint64_t bytes, std::source_location where) const noexcept {
    if (probe) probe->compare_now(offset, bytes, where);
  }
  /// Private memory only: copies bytes that the GPU wrote, ordered after shader stores. The caller has waited for the
  /// writer. Statuses: map_failed, data_lost, out_of_memory, context_lost.
  Result<void> fetch(std::uint64_t buffer_offset, std::uint64_t bytes,
                     std::source_location where) const noexcept;
  /// Private memory only: gives the GL buffer new storage, so that no command in flight uses it. Commands issued before
  /// keep the old one.
  void orphan() const noexcept;
  /// Unmaps and deletes the buffer. First waits until GL has finished with the program's memory, and CUDA with memory that it
  /// knows; a failed wait leaves everything as it was. Statuses: data_lost, wrong_context, context_lost, timed_out, fence_failed, wait_failed.
  Result<void> destroy(std::source_location where) noexcept;

  /// For rings and pools.
  static Mapping* of(const MappedBuffer& buffer) noexcept { return buffer.mapping_.get(); }
  static MappedBuffer wrap(std::unique_ptr<Mapping> mapping) noexcept {
    return MappedBuffer(std::move(mapping));
  }
};

/// Which memory is allowed: the plan chooses, or it must be mapped.
enum class Memory : std::uint8_t { any, mapped };

/// A plan of legal flags; see Context::plan.
Result<Plan> make_plan(const ContextState& context, PlanRequest asked, Memory memory,
                       std::source_location where);

/// The memory of MappedBuffer (`mapped`), rings and pools (`any`). Private memory has no mapping: only rings and pools
/// use it. See MappedBuffer::create.
Result<MappedBuffer> make_memory(const std::shared_ptr<ContextState>& context,
                                 const MappedBufferOptions& info, Memory memory, std::source_location where);

/// Validation: reports mappings that other code ended, and makes them inert. Their GL names may belong to others now, and
/// are left alone. Statuses: context_lost.
Result<void> drop_unmapped(ContextState& context, std::source_location where);

/// Names a GL buffer for debuggers, if GL can.
void set_label(const ContextState& context, GLuint name, const std::string& label);

}  // namespace pmb::detail
