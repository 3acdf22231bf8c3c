// SPDX-License-Identifier: MIT
#include "context/registry.hpp"

#include "base/machine_memory.hpp"
#include "context/mapping.hpp"

namespace pmb::detail {

Registry::~Registry() {
  process_mapped_bytes() -= abandoned_bytes_;
}

void Registry::add(Mapping& mapping) {
  const std::lock_guard lock(mutex_);
  mappings_.emplace(mapping.pointer, &mapping);
  if (mapping.needs_barrier()) ++barriers_;
}

void Registry::remove(Mapping& mapping) noexcept {
  const std::lock_guard lock(mutex_);
  mappings_.erase(mapping.pointer);
  if (mapping.needs_barrier()) --barriers_;
  mapping.pointer = nullptr;
  mapping.buffer = 0;
}

void Registry::abandon(Mapping& mapping) noexcept {
  const std::lock_guard lock(mutex_);
  if (!mapping.adopted) abandoned_bytes_ += mapping.size;
  remove(mapping);
}

void Registry::abandon_all() noexcept {
  const std::lock_guard lock(mutex_);
  while (!mappings_.empty()) abandon(*mappings_.begin()->second);
}

}  // namespace pmb::detail
