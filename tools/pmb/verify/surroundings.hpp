// SPDX-License-Identifier: MIT
// What is beside the context under verification: other contexts, and memory.
#pragma once

#include <cstdint>
#include <memory>

namespace pmb::tool::verify {

/// Another GL context, which the same functions serve. Destroyed while the first context is current.
class OtherContext {
 public:
  virtual ~OtherContext() = default;
  virtual void make_current() = 0;
};

class Surroundings {
 public:
  virtual ~Surroundings() = default;

  /// Makes the context under verification current.
  virtual void make_current() = 0;
  /// Makes another context, current on return. Null if the driver refuses.
  virtual std::unique_ptr<OtherContext> open_context(bool shares_objects) = 0;
  /// Memory that a check may use.
  virtual std::uint64_t free_memory_bytes() const = 0;
};

}  // namespace pmb::tool::verify
