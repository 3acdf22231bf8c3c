// SPDX-License-Identifier: MIT
#include <sys/mman.h>

#include <cstdlib>

#include "support/platform.hpp"

namespace test_support {

void set_variable(const char* name, const char* value) {
  if (value) {
    setenv(name, value, 1);
  } else {
    unsetenv(name);
  }
}

std::byte* reserve_pages(std::size_t size) {
  void* const pages =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return pages == MAP_FAILED ? nullptr : static_cast<std::byte*>(pages);
}

void forbid_pages(std::byte* pages, std::size_t size) {
  if (mprotect(pages, size, PROT_NONE) != 0) std::abort();
}

void release_pages(std::byte* pages, std::size_t size) {
  munmap(pages, size);
}

std::byte* move_pages(std::byte* pages, std::size_t size) {
  // Without a target, mremap may leave the pages where they are.
  std::byte* const target = reserve_pages(size);
  if (!target) return nullptr;
  if (mremap(pages, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, target) != MAP_FAILED) return target;
  release_pages(target, size);
  return nullptr;
}

}  // namespace test_support
