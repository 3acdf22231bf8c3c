// SPDX-License-Identifier: MIT
// The reader's and the writer's loops.

#include "io_threads.hpp"

#include <utility>

namespace pmb::tool {

ReaderThread::ReaderThread(BlockReader& reader, Channel<StreamEvent>& events, StopSignal& stop)
    : reader_(reader), events_(events), stop_(stop), thread_([this] { run(); }) {}

ReaderThread::~ReaderThread() {
  free_.close();
  stop_.request();
  thread_.join();
}

void ReaderThread::run() {
  while (const std::optional<InputBlock> block = free_.pop()) {
    auto head = reader_.read(block->bytes);
    if (!head) {
      events_.push(InputEnded{std::move(head.error())});
      return;
    }
    if (!*head) {
      events_.push(InputEnded{});
      return;
    }
    events_.push(BlockFilled{*block, std::move(**head)});
  }
}

WriterThread::WriterThread(BlockWriter& writer, Channel<StreamEvent>& events, std::string stream_header)
    : writer_(writer),
      events_(events),
      stream_header_(std::move(stream_header)),
      thread_([this] { run(); }) {}

void WriterThread::finish() {
  ready_.close();
  if (thread_.joinable()) thread_.join();
}

void WriterThread::run() {
  if (auto done = writer_.write(stream_header_, {}); !done) {
    events_.push(OutputFailed{std::move(done.error())});
    return;
  }
  while (const std::optional<Ready> ready = ready_.pop()) {
    if (auto done = writer_.write(ready->head, ready->block.bytes.first(ready->bytes)); !done) {
      events_.push(OutputFailed{std::move(done.error())});
      return;
    }
    events_.push(BlockWritten{ready->block, ready->bytes});
  }
}

}  // namespace pmb::tool
