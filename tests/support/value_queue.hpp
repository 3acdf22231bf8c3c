// SPDX-License-Identifier: MIT
// Hands values from one thread of a test to another.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace test_support {

template <class T>
class ValueQueue {
 public:
  void push(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_one();
  }
  /// Waits for the next one.
  T pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !values_.empty(); });
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

}  // namespace test_support
