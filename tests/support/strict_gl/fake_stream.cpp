// SPDX-License-Identifier: MIT
//
// Late execution: a command runs only when a wait or a poll needs it.
#include "fake_stream.hpp"

#include <utility>

namespace strict_gl {

std::uint64_t Stream::issue(Command command) {
  ++issued_;
  if (lost_) {
    executed_ = issued_;
    return issued_;
  }
  queue_.push_back(std::move(command));
  return issued_;
}

bool Stream::run_to(std::uint64_t position) {
  // Two contexts that wait for each other would recurse here.
  if (running_) return passed(position);
  running_ = true;
  while (!passed(position) && executed_ < flushed_) {
    const std::shared_ptr<Sync> wait = queue_.front().wait;
    if (wait != nullptr && wait->stream.get() != this && !wait->stream->run_to(wait->position)) break;
    const Command command = std::move(queue_.front());
    queue_.pop_front();
    ++executed_;
    if (command.run) command.run(executed_);
  }
  running_ = false;
  return passed(position);
}

void Stream::lose() {
  lost_ = true;
  queue_.clear();
  executed_ = issued_;
  flushed_ = issued_;
}

std::uint64_t Stream::last_touching(const Storage* storage) const {
  for (std::size_t i = queue_.size(); i > 0; --i) {
    const Command& command = queue_[i - 1];
    if (command.touches_all || command.first == storage || command.second == storage) return executed_ + i;
  }
  return 0;
}

}  // namespace strict_gl
