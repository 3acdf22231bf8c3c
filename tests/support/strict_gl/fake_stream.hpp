// SPDX-License-Identifier: MIT
//
// The command stream of one context and its fences: what was issued, what was flushed, what has run.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "fake_storage.hpp"

namespace strict_gl {

class Stream;

// A fence stands at one position of one stream.
struct Sync {
  std::uint64_t handle = 0;
  std::uint32_t context = 0;
  std::shared_ptr<Stream> stream;
  std::uint64_t position = 0;
  Known known;  // what its context knew of others
  int expired_polls = 0;
};

struct Command {
  std::function<void(std::uint64_t position)> run;  // empty: a fence, or a wait
  const Storage* first = nullptr;                   // what it touches; `run` keeps it alive
  const Storage* second = nullptr;
  bool touches_all = false;    // a barrier
  std::shared_ptr<Sync> wait;  // glWaitSync: the stream stalls here until this fence has passed
};

class Stream {
 public:
  // The position of the new command; positions start at 1 and grow by 1.
  std::uint64_t issue(Command command);
  void flush() { flushed_ = issued_; }
  // Runs flushed commands up to `position`, and not one more. False when that position was not flushed, or
  // stands behind a wait that cannot end.
  bool run_to(std::uint64_t position);
  void lose();  // nothing runs any more; every position counts as passed

  [[nodiscard]] bool passed(std::uint64_t position) const { return lost_ || executed_ >= position; }
  [[nodiscard]] bool flushed(std::uint64_t position) const { return flushed_ >= position; }
  [[nodiscard]] std::uint64_t issued() const { return issued_; }
  // The last queued command on that storage, barriers included; 0: none.
  [[nodiscard]] std::uint64_t last_touching(const Storage* storage) const;
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }
  [[nodiscard]] std::size_t unflushed() const { return static_cast<std::size_t>(issued_ - flushed_); }

 private:
  std::deque<Command> queue_;  // the front stands at executed_ + 1
  std::uint64_t issued_ = 0;
  std::uint64_t flushed_ = 0;
  std::uint64_t executed_ = 0;
  bool running_ = false;
  bool lost_ = false;
};

}  // namespace strict_gl
