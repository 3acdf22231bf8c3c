// SPDX-License-Identifier: MIT
#include <windows.h>

#include <cstdlib>
#include <cstring>

#include "support/platform.hpp"

namespace test_support {

void set_variable(const char* name, const char* value) {
  // An empty value removes the variable.
  _putenv_s(name, value ? value : "");
}

std::byte* reserve_pages(std::size_t size) {
  return static_cast<std::byte*>(VirtualAlloc(nullptr, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
}

void forbid_pages(std::byte* pages, std::size_t size) {
  DWORD before = 0;
  if (!VirtualProtect(pages, size, PAGE_NOACCESS, &before)) std::abort();
}

void release_pages(std::byte* pages, std::size_t) {
  VirtualFree(pages, 0, MEM_RELEASE);
}

std::byte* move_pages(std::byte* pages, std::size_t size) {
  std::byte* const target = reserve_pages(size);
  if (!target) return nullptr;
  std::memcpy(target, pages, size);
  release_pages(pages, size);
  return target;
}

}  // namespace test_support
