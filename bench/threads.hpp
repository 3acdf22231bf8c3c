// SPDX-License-Identifier: MIT
// A minimal thread pool to compare oneTBB with: sleeping workers, one condition variable.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <pmb/copy.hpp>
#include <thread>
#include <vector>

namespace bench {

class PlainPool {
 public:
  explicit PlainPool(std::size_t helpers) {
    for (std::size_t i = 0; i < helpers; ++i) threads_.emplace_back([this] { work(); });
  }
  ~PlainPool() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  PlainPool(const PlainPool&) = delete;
  PlainPool& operator=(const PlainPool&) = delete;

  /// Runs bodies on the helpers and on this thread.
  void run(std::size_t count, const std::function<void(std::size_t)>& body) {
    {
      const std::lock_guard lock(mutex_);
      body_ = &body;
      next_ = 0;
      count_ = count;
      open_ = count;
    }
    changed_.notify_all();
    std::unique_lock lock(mutex_);
    while (take(lock)) {
    }
    done_.wait(lock, [&] { return open_ == 0; });
    body_ = nullptr;
  }

 private:
  /// One body, if there is one; the lock is held before and after.
  bool take(std::unique_lock<std::mutex>& lock) {
    if (!body_ || next_ == count_) return false;
    const std::size_t index = next_++;
    const std::function<void(std::size_t)>& body = *body_;
    lock.unlock();
    body(index);
    lock.lock();
    if (--open_ == 0) done_.notify_one();
    return true;
  }
  void work() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      if (!take(lock)) changed_.wait(lock);
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable done_;
  std::vector<std::thread> threads_;
  const std::function<void(std::size_t)>* body_ = nullptr;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::size_t open_ = 0;
  bool ending_ = false;
};

}  // namespace bench
