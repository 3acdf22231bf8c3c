// SPDX-License-Identifier: MIT
#include <windows.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

#include "support/platform.hpp"

namespace test_support {
namespace {

// Pages are views of sections, since the bytes of a section can move to other addresses without a copy.
std::mutex sections_mutex;
std::map<std::byte*, HANDLE> sections;

std::byte* map(HANDLE section) {
  return static_cast<std::byte*>(MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, 0));
}

}  // namespace

void set_variable(const char* name, const char* value) {
  // An empty value removes the variable.
  _putenv_s(name, value ? value : "");
}

std::byte* reserve_pages(std::size_t size) {
  const HANDLE section =
      CreateFileMappingA(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE,
                         static_cast<DWORD>(std::uint64_t{size} >> 32), static_cast<DWORD>(size), nullptr);
  std::byte* const pages = section ? map(section) : nullptr;
  if (pages) {
    const std::lock_guard lock(sections_mutex);
    sections.emplace(pages, section);
  } else if (section) {
    CloseHandle(section);
  }
  return pages;
}

std::byte* reserve_shared_pages(std::size_t size) {
  return reserve_pages(size);
}

std::byte* mirror_pages(std::byte* /*pages*/, std::size_t /*size*/) {
  return nullptr;
}

void forbid_pages(std::byte* pages, std::size_t size) {
  DWORD before = 0;
  if (!VirtualProtect(pages, size, PAGE_NOACCESS, &before)) std::abort();
}

void permit_pages(std::byte* pages, std::size_t size) {
  DWORD before = 0;
  if (!VirtualProtect(pages, size, PAGE_READWRITE, &before)) std::abort();
}

void release_pages(std::byte* pages, std::size_t) {
  const std::lock_guard lock(sections_mutex);
  UnmapViewOfFile(pages);
  CloseHandle(sections.extract(pages).mapped());
}

std::byte* move_pages(std::byte* pages, std::size_t) {
  const std::lock_guard lock(sections_mutex);
  std::byte* const target = map(sections.at(pages));
  if (!target) return nullptr;
  UnmapViewOfFile(pages);
  auto section = sections.extract(pages);
  section.key() = target;
  sections.insert(std::move(section));
  return target;
}

}  // namespace test_support
