// SPDX-License-Identifier: MIT
// The state behind a MappedBuffer, known to the context for as long as it is mapped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <pmb/mapped_buffer.hpp>
#include <source_location>
#include <string>

#include "gl/context_state.hpp"

namespace pmb::detail {

struct Mapping {
  std::shared_ptr<ContextState> context;
  std::string label;
  Plan plan;
  std::byte* pointer = nullptr;  ///< Of the first mapped byte; null when inert.
  std::uint64_t size = 0;
  std::uint64_t map_offset = 0;  ///< Of the first mapped byte in the GL buffer.
  std::uint64_t born = 0;  ///< Last serial before pmb knew the mapping: no earlier mark had its barrier.
  std::uint32_t buffer = 0;
  bool adopted = false;
  bool readable = false;
  bool writable = false;
  bool explicit_flush = false;
  std::source_location created_at;

  /// Flushes bytes of the GL buffer; the offset is made relative to the mapping, as GL wants it. No checks.
  void flush(std::uint64_t buffer_offset, std::uint64_t bytes) const noexcept;
  /// Unmaps, deletes and forgets. Statuses: data_lost, wrong_context.
  Result<void> destroy(std::source_location where) noexcept;
  /// Forgets without GL: the context is gone, or not current. The registry is locked by the caller.
  void abandon() noexcept;

  /// For rings and pools.
  static Mapping* of(const MappedBuffer& buffer) noexcept { return buffer.mapping_.get(); }

 private:
  friend class pmb::MappedBuffer;
  void enrol();
  void withdraw() noexcept;
};

/// A plan of legal flags for a request; see Context::plan.
Result<Plan> make_plan(const ContextState& context, const PlanRequest& request, std::source_location where);

}  // namespace pmb::detail
