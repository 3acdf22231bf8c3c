// SPDX-License-Identifier: MIT
// Replaces operator new of this executable. Sanitizers have their own, which find more.
#include "failing_new_posix.hpp"

#include <cstdlib>
#include <new>

#include "fake_gl.hpp"
#include "support/address_sanitizer.hpp"

namespace {

thread_local bool t_counts = false;
thread_local std::uint64_t t_allocations = 0;
thread_local std::uint64_t t_failing = 0;

}  // namespace

namespace pmb_test {

FailingNew::FailingNew(std::uint64_t number) {
  t_allocations = 0;
  t_failing = number;
  t_counts = true;
}
FailingNew::~FailingNew() {
  t_counts = false;
}
std::uint64_t FailingNew::allocations() const {
  return t_allocations;
}

}  // namespace pmb_test

#if !PMB_TEST_ADDRESS_SANITIZER

namespace {

void* allocate(std::size_t size, std::size_t alignment) {
  const bool fails = t_counts && !strict_gl::inside_call() && ++t_allocations == t_failing;
  // A multiple of the alignment, and never 0.
  const std::size_t whole = (size / alignment + 1) * alignment;
  void* const memory = fails ? nullptr : std::aligned_alloc(alignment, whole);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// The other forms call these.
void* operator new(std::size_t size) {
  return allocate(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

#endif
