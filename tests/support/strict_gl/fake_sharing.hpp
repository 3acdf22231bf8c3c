// SPDX-License-Identifier: MIT
//
// What contexts of a share group see of each other's writes. Rules: OpenGL 4.6 sections 4.1 and 5.3.3: what
// another context changed is visible once the change is known to be complete *and* the object was bound again
// after that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace strict_gl {

// How much of the work of each context, up to which position of its stream, is known to be done.
using Known = std::map<std::uint32_t, std::uint64_t>;
void learn(Known& known, const Known& more);

// The writes to one data store, kept as soon as a second context could look at it.
class SharedWrites {
 public:
  // A write of `context` is about to replace `old`.
  void add(std::uint32_t context, std::uint64_t position, std::int64_t offset,
           std::span<const std::byte> old);
  // `context` binds the object, knowing that much.
  void bound(std::uint32_t context, const Known& known) { learn(known_[context], known); }
  // What a command of that context, issued now, may see.
  [[nodiscard]] Known visible_to(std::uint32_t context) const;
  // Puts back, in bytes of the store at `offset`, what the reader may not see.
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
