// SPDX-License-Identifier: MIT
#include "base/page_guard.hpp"

#include <execinfo.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>

#include "base/platform.hpp"

namespace pmb::detail {
namespace {

// The handler reads what follows, and may take no lock.
constexpr std::size_t kMostGuards = 256;
std::array<std::atomic<PageGuard*>, kMostGuards> guards;
std::atomic<std::uint32_t> handlers_inside;

/// Memory that was unmapped. `end` is 0 while the entry changes.
struct Unmapped {
  std::atomic<std::uintptr_t> begin;
  std::atomic<std::uintptr_t> end;
  std::array<char, 1024> text;
};
constexpr std::size_t kMostUnmapped = 64;
std::array<Unmapped, kMostUnmapped> unmapped;
std::mutex unmapped_lock;  // of the owners, not of the handler
std::size_t next_unmapped = 0;

std::uintptr_t address_of(const std::byte* pointer) noexcept {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

void remember_unmapped(std::span<const std::byte> pages, const std::string& text) noexcept {
  const std::lock_guard lock(unmapped_lock);
  Unmapped& entry = unmapped[next_unmapped++ % kMostUnmapped];
  entry.end = 0;
  entry.begin = address_of(pages.data());
  entry.text = {};
  text.copy(entry.text.data(), entry.text.size() - 1);
  entry.end = address_of(pages.data()) + pages.size();
}

void forget_unmapped(std::span<const std::byte> pages) noexcept {
  const std::lock_guard lock(unmapped_lock);
  const std::uintptr_t begin = address_of(pages.data());
  for (Unmapped& entry : unmapped) {
    if (entry.begin < begin + pages.size() && begin < entry.end) entry.end = 0;
  }
}

/// The process is about to end, so that no sink could be called later.
void tell_use_after_unmap(const MemoryAccess& access) noexcept {
  const std::uintptr_t at = address_of(access.address);
  for (const Unmapped& entry : unmapped) {
    if (at < entry.begin || at >= entry.end) continue;
    static_cast<void>(!write(STDERR_FILENO, entry.text.data(), std::strlen(entry.text.data())));
    const auto frames = StackTrace::capture_from(access.instruction);
    backtrace_symbols_fd(frames.frames().data(), static_cast<int>(frames.frames().size()), STDERR_FILENO);
    return;
  }
}

constexpr int protection_of(PageRule rule) noexcept {
  if (rule.on_read != ErrorId::none) return PROT_NONE;
  return rule.on_write != ErrorId::none ? PROT_READ : PROT_READ | PROT_WRITE;
}
constexpr int kOpen = PROT_READ | PROT_WRITE;

class SpinLock {
 public:
  explicit SpinLock(std::atomic_flag& flag) noexcept : flag_(flag) {
    while (flag_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
  }
  ~SpinLock() { flag_.clear(std::memory_order_release); }
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

 private:
  std::atomic_flag& flag_;
};

/// Calls `visit(part, protection)` for each part of a range that is mapped, in order. False if the system does not tell.
template <class Visit>
bool visit_mapped(std::span<std::byte> range, Visit visit) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> maps(std::fopen("/proc/self/maps", "re"),
                                                             &std::fclose);
  if (!maps) return false;
  const std::uintptr_t first = address_of(range.data());
  std::array<char, 512> line = {};
  bool is_start = true;  // a long path takes several reads
  while (std::fgets(line.data(), line.size(), maps.get())) {
    unsigned long begin = 0;
    unsigned long end = 0;
    char flags[5] = {};
    const bool parsed = is_start && std::sscanf(line.data(), "%lx-%lx %4s", &begin, &end, flags) == 3;
    is_start = std::strchr(line.data(), '\n') != nullptr;
    if (!parsed || end <= first) continue;
    if (begin >= first + range.size()) break;
    const std::uintptr_t from = std::max<std::uintptr_t>(begin, first);
    const std::uintptr_t to = std::min<std::uintptr_t>(end, first + range.size());
    visit(range.subspan(from - first, to - from),
          (flags[0] == 'r' ? PROT_READ : 0) | (flags[1] == 'w' ? PROT_WRITE : 0));
  }
  return true;
}

bool is_open_throughout(std::span<std::byte> pages) {
  std::size_t open = 0;
  const bool known = visit_mapped(pages, [&](std::span<std::byte> part, int protection) {
    if (protection == kOpen) open += part.size();
  });
  return known && open == pages.size();
}

/// The whole pages inside `bytes`.
std::span<std::byte> whole_pages(std::span<std::byte> bytes, std::size_t page) noexcept {
  const std::size_t before = (page - address_of(bytes.data()) % page) % page;
  if (before >= bytes.size()) return {};
  return bytes.subspan(before, (bytes.size() - before) / page * page);
}

}  // namespace

std::unique_ptr<PageGuard> PageGuard::over(std::span<std::byte> mapping, std::string on_later_use) {
  const auto page = static_cast<std::size_t>(detail::page_bytes());
  const std::span<std::byte> pages = whole_pages(mapping, page);
  if (pages.empty() || !is_open_throughout(pages)) return nullptr;
  std::unique_ptr<PageGuard> made(new PageGuard(pages, page, std::move(on_later_use)));
  forget_unmapped(pages);
  for (std::atomic<PageGuard*>& place : guards) {
    PageGuard* none = nullptr;
    if (place.compare_exchange_strong(none, made.get())) return made;
  }
  return nullptr;
}

PageGuard::PageGuard(std::span<std::byte> pages, std::size_t page_bytes, std::string on_later_use)
    : pages_(pages),
      page_bytes_(page_bytes),
      on_later_use_(std::move(on_later_use)),
      rules_(pages.size() / page_bytes) {}

PageGuard::~PageGuard() {
  const auto place = std::ranges::find(guards, this, [](const auto& guard) { return guard.load(); });
  if (place == guards.end()) return;
  // The memory may be gone, with other memory in its place: only pages that still are as this guard left them are its own.
  try {
    visit_mapped(pages_, [&](std::span<std::byte> part, int protection) {
      const int own = protection_of(rules_[index_of(part.data())]);
      if (own != kOpen && own == protection) mprotect(part.data(), part.size(), kOpen);
    });
  } catch (const std::exception&) {
  }
  remember_unmapped(pages_, on_later_use_);
  place->store(nullptr);
  while (handlers_inside.load() != 0) std::this_thread::yield();
}

std::size_t PageGuard::index_of(const std::byte* page) const noexcept {
  return static_cast<std::size_t>(page - pages_.data()) / page_bytes_;
}

bool PageGuard::has_protection(std::size_t first, std::size_t end, int protection) const noexcept {
  return std::ranges::all_of(std::span(rules_).subspan(first, end - first),
                             [&](const PageRule& rule) { return protection_of(rule) == protection; });
}

bool PageGuard::set(std::size_t first, std::size_t end, PageRule rule) noexcept {
  const int protection = protection_of(rule);
  std::byte* const begin = pages_.data() + first * page_bytes_;
  if (!has_protection(first, end, protection) &&
      mprotect(begin, (end - first) * page_bytes_, protection) != 0)
    return false;
  std::ranges::fill(std::span(rules_).subspan(first, end - first), rule);
  return true;
}

void PageGuard::open_pages(std::size_t first, std::size_t end) noexcept {
  // Linux lends a process 65530 areas of memory, and each change of protection ends one. To open all needs none more.
  if (!set(first, end, {})) set(0, rules_.size(), {});
}

std::span<std::byte> PageGuard::protect(std::span<std::byte> bytes, PageRule rule) noexcept {
  const std::span<std::byte> pages = whole_pages(bytes, page_bytes_);
  if (pages.empty()) return {};
  const std::size_t first = index_of(pages.data());
  const std::size_t end = first + pages.size() / page_bytes_;
  const SpinLock lock(lock_);
  if (protection_of(rule) != kOpen && set(first, end, rule)) return pages;
  open_pages(first, end);
  return {};
}

void PageGuard::open(std::span<std::byte> bytes) noexcept {
  const std::byte* const from = std::max<const std::byte*>(bytes.data(), pages_.data());
  const std::byte* const to =
      std::min<const std::byte*>(bytes.data() + bytes.size(), pages_.data() + pages_.size());
  if (from >= to) return;
  const SpinLock lock(lock_);
  open_pages(index_of(from), index_of(to - 1) + 1);
}

std::vector<PageFault> PageGuard::take_faults() {
  std::vector<PageFault> taken;
  for (Record& record : records_) {
    if (record.state.load(std::memory_order_acquire) != Record::full) continue;
    taken.push_back(record.fault);
    record.state.store(Record::free, std::memory_order_release);
  }
  return taken;
}

bool PageGuard::take(const MemoryAccess& access) noexcept {
  if (access.is_unmapped) {
    tell_use_after_unmap(access);
    return false;
  }
  // A jump into a mapping is no access that a guard forbids: opening the page would not let it pass.
  if (access.instruction == access.address) return false;
  ++handlers_inside;
  bool taken = false;
  for (const std::atomic<PageGuard*>& place : guards) {
    PageGuard* const guard = place.load();
    if (!guard || access.address < guard->pages_.data()) continue;
    if (access.address >= guard->pages_.data() + guard->pages_.size()) continue;
    taken = guard->take_page(access);
    break;
  }
  --handlers_inside;
  return taken;
}

bool PageGuard::take_page(const MemoryAccess& access) noexcept {
  const std::size_t page = index_of(access.address);
  ErrorId id = ErrorId::none;
  bool is_open = true;
  {
    const SpinLock lock(lock_);
    const PageRule rule = rules_[page];
    id = access.is_write ? rule.on_write : rule.on_read;
    // None: the owner opened the page between the fault and now. It is opened once more, so that memory that another hand protected
    // cannot fault without end.
    is_open = mprotect(pages_.data() + page * page_bytes_, page_bytes_, kOpen) == 0;
    if (is_open) rules_[page] = {};
  }
  if (is_open && id != ErrorId::none) record(access, id);
  return is_open;
}

void PageGuard::record(const MemoryAccess& access, ErrorId id) noexcept {
  for (Record& record : records_) {
    std::uint32_t expected = Record::free;
    if (!record.state.compare_exchange_strong(expected, Record::filling, std::memory_order_acquire)) continue;
    record.fault = {access.address, id, StackTrace::capture_from(access.instruction)};
    record.state.store(Record::full, std::memory_order_release);
    return;
  }
}

}  // namespace pmb::detail
