// SPDX-License-Identifier: MIT
// Everything that was made on a context and is still there. Objects may be destroyed on any thread, so that every
// function locks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <source_location>

namespace pmb::detail {

struct Mapping;

/// Lends memory and must stop doing so when the context is lost or gone.
class ContextChild {
 public:
  virtual void make_inert() noexcept = 0;
  /// Validation only, at each mark: looks for wrong use of slices that were given to GL.
  virtual void inspect_at_mark(std::source_location) {}

 protected:
  ~ContextChild() = default;
};

class Registry {
 public:
  /// Bytes of abandoned mappings no longer count as mapped: their GL context is gone.
  ~Registry();

  void add(ContextChild& child) {
    const std::lock_guard lock(mutex_);
    children_.insert(&child);
  }
  void remove(ContextChild& child) noexcept {
    const std::lock_guard lock(mutex_);
    children_.erase(&child);
  }
  /// Calls `visit(child)` for each child.
  template <class Visit>
  void visit_children(Visit visit) const {
    const std::lock_guard lock(mutex_);
    for (ContextChild* child : children_) visit(*child);
  }

  void add(Mapping& mapping);
  bool contains(const void* address) const {
    const std::lock_guard lock(mutex_);
    return mappings_.contains(address);
  }
  /// The buffer of a mapping that has a byte of this memory, or none.
  std::optional<std::uint32_t> owner_of(const std::byte* begin, std::uint64_t bytes) const noexcept;
  /// Makes a mapping inert that GL has unmapped, or that was adopted.
  void remove(Mapping& mapping) noexcept;
  /// Makes a mapping inert without GL: the context is gone or not current. A buffer of pmb's lives until the GL context
  /// goes, and its bytes count as mapped until then.
  void abandon(Mapping& mapping) noexcept;
  void abandon_all() noexcept;
  /// Calls `visit(address, mapping)` for each mapping, by address.
  template <class Visit>
  void visit_mappings(Visit visit) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [address, mapping] : mappings_) visit(address, *mapping);
  }

  /// A mark must make GPU writes visible: some mapping is readable, and not coherent storage of GL's.
  bool needs_barrier() const noexcept { return barriers_ > 0; }

 private:
  /// Recursive: a callback that is called under it may end the program, whose static objects then take it again.
  mutable std::recursive_mutex mutex_;
  std::map<const void*, Mapping*> mappings_;
  std::set<ContextChild*> children_;
  std::uint64_t abandoned_bytes_ = 0;
  std::atomic<std::uint32_t> barriers_ = 0;
};

}  // namespace pmb::detail
