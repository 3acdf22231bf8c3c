// SPDX-License-Identifier: MIT
//
// The command stream of one context and its fences: the commands that were issued, flushed and run.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "fake_storage.hpp"

namespace strict_gl {

class Stream;

// A fence, at one position of one stream.
struct Sync {
  std::uint64_t handle = 0;
  std::uint32_t context = 0;
  std::shared_ptr<Stream> stream;
  std::uint64_t position = 0;
  Known known;  // the work of other contexts that its context knew to be done
  int expired_polls = 0;
};

struct Command {
  std::function<void(std::uint64_t position)> run;  // empty: a fence, or a wait
  const Storage* first = nullptr;                   // the stores that it touches; `run` holds them
  const Storage* second = nullptr;
  bool touches_all = false;    // a barrier
  std::shared_ptr<Sync> wait;  // glWaitSync: the stream stops here until this fence has passed
};

class Stream {
 public:
  // Returns the position of the new command. Positions count from 1.
  std::uint64_t issue(Command command);
  void flush() { flushed_ = issued_; }
  // Runs flushed commands up to `position` and no further. Returns false if that position was not flushed, or if
  // a wait before it cannot end.
  bool run_to(std::uint64_t position);
  void lose();  // no command runs afterwards; every position counts as passed

  [[nodiscard]] bool passed(std::uint64_t position) const { return lost_ || executed_ >= position; }
  [[nodiscard]] bool flushed(std::uint64_t position) const { return flushed_ >= position; }
  [[nodiscard]] std::uint64_t issued() const { return issued_; }
  // The last queued command that touches the storage, barriers included; 0: none.
  [[nodiscard]] std::uint64_t last_touching(const Storage* storage) const;
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }
  [[nodiscard]] std::size_t unflushed() const { return static_cast<std::size_t>(issued_ - flushed_); }

 private:
  std::deque<Command> queue_;  // the front has the position executed_ + 1
  std::uint64_t issued_ = 0;
  std::uint64_t flushed_ = 0;
  std::uint64_t executed_ = 0;
  bool running_ = false;
  bool lost_ = false;
};

}  // namespace strict_gl
