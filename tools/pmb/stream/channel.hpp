// SPDX-License-Identifier: MIT
// A queue between threads whose receiver sleeps. Its length is bounded by what circulates: blocks of a fixed
// number.
//
// Threads: every member on any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace pmb::tool {

template <class T>
class Channel {
 public:
  /// Dropped once the channel is closed.
  void push(T value) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      values_.push_back(std::move(value));
    }
    arrived_.notify_one();
  }

  /// Sleeps until there is a value; nothing once the channel is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return closed_ || !values_.empty(); });
    return take();
  }

  /// A value that is there already, else nothing.
  std::optional<T> try_pop() {
    const std::lock_guard lock(mutex_);
    return take();
  }

  /// Ends pop() behind the values that are in it.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    arrived_.notify_all();
  }

 private:
  std::optional<T> take() {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    return value;
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> values_;
  bool closed_ = false;
};

}  // namespace pmb::tool
