// SPDX-License-Identifier: MIT
#include "copy/copy_queue.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace pmb::detail {
namespace {

// Threads that slept between chunks made downloads of 1 and 2 MiB 20 to 30 µs longer on an H200
// (bench/results/2026-11-28-middle-sizes-h200.json). A thread that expects work therefore watches for a while first: longer
// than the 45 to 70 µs in which the first chunk arrives (bench/results/2026-11-28-transfer-timeline-h200.json).
constexpr auto kWatch = std::chrono::microseconds(100);

/// Returns true once `value` differs from `seen`, or false after kWatch.
bool watch(const std::atomic<std::uint32_t>& value, std::uint32_t seen) noexcept {
  const auto end = std::chrono::steady_clock::now() + kWatch;
  do {
    if (value.load(std::memory_order_acquire) != seen) return true;
    std::this_thread::yield();
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace

void CopyQueue::run(const ParallelFor* parallel_for, std::uint32_t threads,
                    const std::function<void()>& work) noexcept {
  const std::thread::id owner = std::this_thread::get_id();
  const auto body = [&](std::size_t) {
    if (std::this_thread::get_id() != owner) return run_worker();
    owner_at_work_.store(true, std::memory_order_relaxed);
    work();
    finish();
  };
  if (threads > 1 && parallel_for && *parallel_for) {
    try {
      (*parallel_for)(threads, std::ref(body));
    } catch (...) {
      // The call below does the rest.
    }
  }
  // Does the work of a callback that threw or called too few bodies.
  body(0);
}

void CopyQueue::offer(std::byte* to, const std::byte* from, std::size_t size) noexcept {
  Slot& chunk = slot(offered_);
  chunk.to = to;
  chunk.from = from;
  chunk.size = size;
  const std::byte* mapped = how_ == CopyHow::streaming_loads ? from : to;
  chunk.skew = reinterpret_cast<std::uintptr_t>(mapped) % 64;
  const auto pieces = static_cast<std::uint32_t>((size + chunk.skew + kCopyPieceBytes - 1) / kCopyPieceBytes);
  chunk.pieces.store(pieces, std::memory_order_relaxed);
  chunk.left.store(pieces, std::memory_order_relaxed);
  available_.store(++offered_, std::memory_order_release);
  announce();
}

void CopyQueue::announce() noexcept {
  changes_.fetch_add(1, std::memory_order_release);
  changes_.notify_all();
}

void CopyQueue::finish() noexcept {
  finished_.store(true, std::memory_order_release);
  announce();
}

bool CopyQueue::copy_next_piece() noexcept {
  std::uint64_t next = next_.load(std::memory_order_relaxed);
  std::uint64_t after = 0;
  do {
    const auto chunk = static_cast<std::uint32_t>(next / kFirstPiece);
    if (chunk >= available_.load(std::memory_order_acquire)) return false;
    const bool last = next % kFirstPiece + 1 == slot(chunk).pieces.load(std::memory_order_relaxed);
    after = last ? (chunk + std::uint64_t{1}) * kFirstPiece : next + 1;
    // A thread that read the record of a later chunk has an old `next`, and fails here.
  } while (!next_.compare_exchange_weak(next, after, std::memory_order_relaxed));
  // The record is this chunk's until its last piece has been copied.
  Slot& chunk = slot(static_cast<std::uint32_t>(next / kFirstPiece));
  const std::size_t at = static_cast<std::size_t>(next % kFirstPiece) * kCopyPieceBytes;
  const std::size_t begin = at == 0 ? 0 : at - chunk.skew;
  const std::size_t end = std::min(at + kCopyPieceBytes - chunk.skew, chunk.size);
  copy_piece(chunk.to + begin, chunk.from + begin, end - begin, how_);
  if (chunk.left.fetch_sub(1, std::memory_order_acq_rel) == 1) chunk.left.notify_one();
  return true;
}

void CopyQueue::wait_front() noexcept {
  const std::atomic<std::uint32_t>& left = slot(completed_).left;
  for (std::uint32_t seen = left.load(std::memory_order_acquire); seen != 0;
       seen = left.load(std::memory_order_acquire)) {
    // Sleeps only if nothing has changed; the last piece wakes it.
    if (!watch(left, seen)) left.wait(seen, std::memory_order_acquire);
  }
}

void CopyQueue::run_worker() noexcept {
  for (;;) {
    // Read before the look for work: a later offer changes it, and the wait ends at once.
    const std::uint32_t seen = changes_.load(std::memory_order_acquire);
    if (copy_next_piece()) continue;
    if (finished_.load(std::memory_order_acquire)) return;
    // A callback that keeps the owner outside would never see an offer.
    if (!owner_at_work_.load(std::memory_order_relaxed)) return;
    if (!watch(changes_, seen)) changes_.wait(seen, std::memory_order_acquire);
  }
}

}  // namespace pmb::detail
