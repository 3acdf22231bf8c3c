// SPDX-License-Identifier: MIT
// The limit without CUDA: a memory copy by several threads.

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "bench/limits/limit.hpp"
#include "bench/source.hpp"

namespace pmb::tool::bench {
namespace {

// Smaller copies cost more to hand over than they save.
constexpr std::uint64_t kLeastPiece = 256 * 1024;

/// A pool that copies pieces and sleeps in between.
class CopyQueue {
 public:
  explicit CopyQueue(unsigned threads) {
    for (unsigned i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
  }
  ~CopyQueue() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    start_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }
  CopyQueue(const CopyQueue&) = delete;
  CopyQueue& operator=(const CopyQueue&) = delete;

  std::size_t threads() const noexcept { return workers_.size() + 1; }

  void copy(std::span<const std::byte> from, std::span<std::byte> to) {
    const std::size_t parts = std::clamp<std::size_t>(from.size() / kLeastPiece, 1, threads());
    if (parts > 1) {
      {
        const std::lock_guard lock(mutex_);
        from_ = from;
        to_ = to;
        parts_ = parts;
        left_ = workers_.size();
        ++turn_;
      }
      start_.notify_all();
    }
    copy_part(from, to, 0, parts);
    if (parts > 1) {
      std::unique_lock lock(mutex_);
      done_.wait(lock, [this] { return left_ == 0; });
    }
  }

 private:
  static void copy_part(std::span<const std::byte> from, std::span<std::byte> to, std::size_t part,
                        std::size_t parts) {
    if (part >= parts) return;
    const std::size_t begin = from.size() * part / parts;
    const std::size_t end = from.size() * (part + 1) / parts;
    std::memcpy(to.data() + begin, from.data() + begin, end - begin);
  }

  void work(std::size_t part) {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      start_.wait(lock, [&] { return ended_ || turn_ != seen; });
      if (ended_) return;
      seen = turn_;
      const auto from = from_;
      const auto to = to_;
      const std::size_t parts = parts_;
      lock.unlock();
      copy_part(from, to, part, parts);
      lock.lock();
      if (--left_ == 0) done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable start_;
  std::condition_variable done_;
  std::span<const std::byte> from_;
  std::span<std::byte> to_;
  std::size_t parts_ = 0;
  std::size_t left_ = 0;
  std::uint64_t turn_ = 0;
  bool ended_ = false;
  std::vector<std::thread> workers_;
};

class CopyMethod final : public Method {
 public:
  CopyMethod(CopyQueue& crew, const WireShape& shape)
      : crew_(crew), shape_(shape), source_(shape.size_bytes), target_(shape.size_bytes) {}

  Outcome<void> run(std::uint32_t times) override {
    for (std::uint64_t i = 0; i < std::uint64_t{times} * shape_.operations; ++i) {
      crew_.copy(source_.bytes(), target_);
    }
    return {};
  }

  Outcome<void> verify() override {
    static_cast<void>(source_.renew());
    std::ranges::fill(target_, std::byte{0xA5});
    if (auto done = run(1); !done) return done;
    return compare("the memory copy", source_.bytes(), target_);
  }

  std::uint64_t cpu_bytes_copied() const noexcept override { return shape_.size_bytes * shape_.operations; }

 private:
  CopyQueue& crew_;
  WireShape shape_;
  Source source_;
  std::vector<std::byte> target_;
};

class MemoryLimit final : public Limit {
 public:
  explicit MemoryLimit(unsigned threads) : crew_(threads) {}

  std::optional<std::string> describe(Wire wire) const override {
    switch (wire) {
      case Wire::up:
      case Wire::down:
      case Wire::kernel_both:  // One pass that reads here and writes there.
        return fmt::format("a memory copy by {} threads", crew_.threads());
      default:
        return std::nullopt;
    }
  }
  Outcome<std::unique_ptr<Method>> make(const WireShape& shape) override {
    return std::make_unique<CopyMethod>(crew_, shape);
  }
  std::string name() const override { return fmt::format("memory copy, {} threads", crew_.threads()); }

 private:
  CopyQueue crew_;
};

}  // namespace

std::unique_ptr<Limit> open_memory_limit(unsigned threads) {
  constexpr unsigned kMostThreads = 16;
  if (threads == 0) threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
  return std::make_unique<MemoryLimit>(threads);
}

}  // namespace pmb::tool::bench
