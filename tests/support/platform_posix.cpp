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

namespace {

std::byte* or_null(void* pages) {
  return pages == MAP_FAILED ? nullptr : static_cast<std::byte*>(pages);
}

}  // namespace

std::byte* reserve_pages(std::size_t size) {
  return or_null(
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
}

std::byte* reserve_shared_pages(std::size_t size) {
  return or_null(
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
}

std::byte* mirror_pages(std::byte* pages, std::size_t size) {
  // An old size of 0 keeps the first address (mremap(2)).
  return or_null(mremap(pages, 0, size, MREMAP_MAYMOVE));
}

void forbid_pages(std::byte* pages, std::size_t size) {
  if (mprotect(pages, size, PROT_NONE) != 0) std::abort();
}

void permit_pages(std::byte* pages, std::size_t size) {
  if (mprotect(pages, size, PROT_READ | PROT_WRITE) != 0) std::abort();
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
