// SPDX-License-Identifier: MIT
// The trials of calibration: transfers of a second context on the same GL context, used as programs use them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/context.hpp>
#include <pmb/result.hpp>
#include <pmb/transfer.hpp>
#include <pmb/tune/transfer_plan.hpp>
#include <span>
#include <vector>

#include "context/context_state.hpp"
#include "tune/candidate_comparison.hpp"

namespace pmb::detail {

/// A GL buffer, deleted with its owner.
class TestBuffer {
 public:
  explicit TestBuffer(const ContextState& state) noexcept;
  ~TestBuffer();
  TestBuffer(const TestBuffer&) = delete;
  TestBuffer& operator=(const TestBuffer&) = delete;

  /// Immutable storage with these flags, or mutable storage, as most programs have. Statuses: out_of_memory.
  Result<void> allocate(std::uint64_t size_bytes, std::optional<std::uint32_t> storage_flags);
  std::uint32_t name() const noexcept { return name_; }

 private:
  const ContextState& state_;
  std::uint32_t name_ = 0;
};

/// What trials share: known bytes, buffers, and the check of the results. All of one size at a time.
class TestTransfers {
 public:
  explicit TestTransfers(ContextState& state) noexcept : state_(state) {}

  /// Must be called first. Statuses: those of Context.
  Result<void> open();
  /// The second context. Its transfers are compared.
  Context& context() noexcept { return *context_; }
  /// Drops all buffers of another size.
  void resize(std::uint64_t size_bytes);
  /// The raw GL calls have buffers apart from those of the rings, because drivers move buffers that such calls use.
  Result<std::uint32_t> buffer(bool up, bool raw_call);

  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  std::span<std::byte> result() noexcept { return result_; }
  /// Changes all bytes, so that no buffer holds them yet, and clears `result`.
  void renew_bytes() noexcept;
  Result<void> write(std::uint32_t buffer) { return upload(*checker_, buffer, 0, bytes_); }
  /// Copies the buffer into `result`.
  Result<void> read(std::uint32_t buffer) { return download(*checker_, buffer, 0, result_); }

 private:
  ContextState& state_;
  std::optional<Context> context_;
  std::optional<Context> checker_;  ///< Its transfers bring the bytes to compare.
  std::vector<std::byte> bytes_;
  std::vector<std::byte> result_;
  std::uint64_t generation_ = 0;
  std::array<std::optional<TestBuffer>, 4> buffers_;
};

/// Marks the context's timeline and waits for it.
Result<void> finish(Context& context);

/// A transfer of all bytes by this plan.
Result<std::unique_ptr<Trial>> make_transfer_trial(TestTransfers& shared, bool up,
                                                   const TransferDirection& direction);

}  // namespace pmb::detail
