// SPDX-License-Identifier: MIT
// The two threads beside the GL thread: one fills input blocks, one writes output blocks. What they did
// arrives as events in one channel. Blocks circulate in a fixed number, which bounds every queue.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <variant>

#include "block_path.hpp"
#include "block_reader.hpp"
#include "block_writer.hpp"
#include "channel.hpp"
#include "common/failure.hpp"
#include "common/stop_signal.hpp"

namespace pmb::tool {

struct BlockFilled {
  InputBlock block;
  BlockHead head;
};
/// The last event of the reader: the input's end, a stop, or a failure.
struct InputEnded {
  std::optional<Failure> failure;
};
struct BlockWritten {
  OutputBlock block;
  std::uint64_t bytes = 0;
};
/// The last event of the writer; what was queued behind is dropped.
struct OutputFailed {
  Failure failure;
};
using StreamEvent = std::variant<BlockFilled, InputEnded, BlockWritten, OutputFailed>;

class ReaderThread {
 public:
  /// All three must outlive the thread.
  ReaderThread(BlockReader& reader, Channel<StreamEvent>& events, StopSignal& stop);
  /// Stops reading and waits for the thread.
  ~ReaderThread();
  ReaderThread(const ReaderThread&) = delete;
  ReaderThread& operator=(const ReaderThread&) = delete;

  void fill(const InputBlock& block) { free_.push(block); }

 private:
  void run();
  BlockReader& reader_;
  Channel<StreamEvent>& events_;
  StopSignal& stop_;
  Channel<InputBlock> free_;
  std::thread thread_;
};

class WriterThread {
 public:
  /// Both must outlive the thread. Writes `stream_header` first, even when no block follows.
  WriterThread(BlockWriter& writer, Channel<StreamEvent>& events, std::string stream_header);
  /// Writes what is queued and waits for the thread.
  ~WriterThread() { finish(); }
  WriterThread(const WriterThread&) = delete;
  WriterThread& operator=(const WriterThread&) = delete;

  void write(const OutputBlock& block, std::uint64_t bytes, std::string head) {
    ready_.push({block, bytes, std::move(head)});
  }
  void finish();

 private:
  struct Ready {
    OutputBlock block;
    std::uint64_t bytes = 0;
    std::string head;
  };
  void run();
  BlockWriter& writer_;
  Channel<StreamEvent>& events_;
  std::string stream_header_;
  Channel<Ready> ready_;
  std::thread thread_;
};

}  // namespace pmb::tool
