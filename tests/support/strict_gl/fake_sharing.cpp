// SPDX-License-Identifier: MIT
#include "fake_sharing.hpp"

#include <algorithm>
#include <ranges>

namespace strict_gl {

void learn(Known& known, const Known& more) {
  for (const auto& [context, position] : more) {
    std::uint64_t& so_far = known[context];
    so_far = std::max(so_far, position);
  }
}

void SharedWrites::add(std::uint32_t context, std::uint64_t position, std::int64_t offset,
                       std::span<const std::byte> old) {
  writes_.push_back({context, position, offset, {old.begin(), old.end()}});
}

Known SharedWrites::visible_to(std::uint32_t context) const {
  const auto found = known_.find(context);
  return found == known_.end() ? Known() : found->second;
}

void SharedWrites::hide(std::uint32_t reader, const Known& visible, std::int64_t offset,
                        std::span<std::byte> bytes) const {
  const std::int64_t end = offset + static_cast<std::int64_t>(bytes.size());
  // Bytes whose newest visible write was found.
  std::vector<bool> settled(bytes.size());
  for (const Write& write : std::views::reverse(writes_)) {
    const auto known = visible.find(write.context);
    const bool seen = write.context == reader || (known != visible.end() && write.position <= known->second);
    const std::int64_t stop = std::min(end, write.offset + static_cast<std::int64_t>(write.old.size()));
    for (std::int64_t at = std::max(offset, write.offset); at < stop; ++at) {
      const auto index = static_cast<std::size_t>(at - offset);
      if (settled[index]) continue;
      if (seen) {
        settled[index] = true;
      } else {
        bytes[index] = write.old[static_cast<std::size_t>(at - write.offset)];
      }
    }
  }
}

}  // namespace strict_gl
