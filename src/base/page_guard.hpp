// SPDX-License-Identifier: MIT
// Watches raw pointers into memory by page protection. An access that the rule of its page forbids is recorded with its
// stack; the page is then open, so that the program goes on as without a guard. Needs a FaultHandler.
//
// Threads: one, the owner's. Accesses of every thread are recorded.
// Memory:  4 bytes a page, and a record of 16 accesses.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <pmb/result.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/stack_trace.hpp"

namespace pmb::detail {

/// The misuse that an access to a page is; `none` if it is legal. A page that may be written may also be read.
struct PageRule {
  ErrorId on_read = ErrorId::none;
  ErrorId on_write = ErrorId::none;
};

/// An access that faulted.
struct MemoryAccess {
  std::byte* address = nullptr;
  void* instruction = nullptr;
  bool is_write = true;      ///< Also if the processor does not report it.
  bool is_unmapped = false;  ///< There is no memory at the address.
};

struct PageFault {
  std::byte* address = nullptr;
  ErrorId id = ErrorId::none;
  StackTrace stack;
};

class PageGuard {
 public:
  /// A guard of a mapping, with every page open. Null without a whole page, where the mapping is not readable and writable
  /// throughout, and on systems that offer no guard. `on_later_use` is written to standard error when the memory is used
  /// after it was unmapped.
  static std::unique_ptr<PageGuard> over(std::span<std::byte> mapping, std::string on_later_use);
  /// Opens every page that is still mapped.
  PMB_API ~PageGuard();
  PageGuard(const PageGuard&) = delete;
  PageGuard& operator=(const PageGuard&) = delete;

  /// Puts the whole pages inside `bytes` under a rule, and returns them. Empty if there are none, or if the system refuses;
  /// they are open then.
  std::span<std::byte> protect(std::span<std::byte> bytes, PageRule rule) noexcept;
  /// Opens every page that `bytes` touch.
  void open(std::span<std::byte> bytes) noexcept;
  /// Forbidden accesses since the last call, oldest first.
  std::vector<PageFault> take_faults();

  /// For the handler: records a forbidden access to a guarded page, and opens the page. False for every other memory.
  static bool take(const MemoryAccess& access) noexcept;

 private:
  /// An access that waits for take_faults().
  struct Record {
    enum State : std::uint32_t { free, filling, full };
    std::atomic<std::uint32_t> state = free;
    PageFault fault;
  };

  PageGuard(std::span<std::byte> pages, std::size_t page_bytes, std::string on_later_use);
  std::size_t index_of(const std::byte* page) const noexcept;
  /// Under the lock, all of them. Pages by index.
  bool has_protection(std::size_t first, std::size_t end, int protection) const noexcept;
  bool set(std::size_t first, std::size_t end, PageRule rule) noexcept;
  void open_pages(std::size_t first, std::size_t end) noexcept;
  /// False if the page cannot be opened.
  bool take_page(const MemoryAccess& access) noexcept;
  void record(const MemoryAccess& access, ErrorId id) noexcept;

  std::span<std::byte> pages_;  ///< Whole pages.
  std::size_t page_bytes_;
  std::string on_later_use_;
  std::vector<PageRule> rules_;  ///< One a page.
  /// Of the rules and the protection. A handler may spin on it: its owner touches no guarded memory meanwhile.
  std::atomic_flag lock_;
  std::array<Record, 16> records_;
};

}  // namespace pmb::detail
