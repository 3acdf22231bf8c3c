// SPDX-License-Identifier: MIT
// Lets one allocation by operator new fail.
#pragma once

#include <cstdint>

namespace pmb_test {

/// While it lives, counts the allocations of this thread. Those of the fake GL do not count.
class FailingNew {
 public:
  /// The allocation of that number throws std::bad_alloc. 1 is the first; 0: none fails.
  explicit FailingNew(std::uint64_t number);
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;
  ~FailingNew();
  std::uint64_t allocations() const;
};

}  // namespace pmb_test
