// SPDX-License-Identifier: MIT
//
// Which writes of one context another context of the share group sees. A change is visible once it is known to be
// complete *and* the object was bound again afterwards (OpenGL 4.6 sections 4.1 and 5.3.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace strict_gl {

// For each context, the position in its stream up to which the work is known to be done.
using Known = std::map<std::uint32_t, std::uint64_t>;
void learn(Known& known, const Known& more);

// The writes to one data store, recorded while a second context could see it.
class SharedWrites {
 public:
  // A write of `context` is about to replace `old`.
  void add(std::uint32_t context, std::uint64_t position, std::int64_t offset,
           std::span<const std::byte> old);
  // `context` binds the object, and knows that much.
  void bound(std::uint32_t context, const Known& known) { learn(known_[context], known); }
  // The work that a command of that context, issued now, may see.
  [[nodiscard]] Known visible_to(std::uint32_t context) const;
  // Restores the old bytes, in a copy of the store from `offset` on, where the reader may not see the new ones.
  void hide(std::uint32_t reader, const Known& visible, std::int64_t offset,
            std::span<std::byte> bytes) const;

 private:
  struct Write {
    std::uint32_t context = 0;
    std::uint64_t position = 0;
    std::int64_t offset = 0;
    std::vector<std::byte> old;
  };
  std::vector<Write> writes_;             // oldest first
  std::map<std::uint32_t, Known> known_;  // by context: at its last binding
};

}  // namespace strict_gl
