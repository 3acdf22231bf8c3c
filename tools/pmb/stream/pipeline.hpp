// SPDX-License-Identifier: MIT
// Carries blocks from the reader through the GPU to the writer, several at once.
//
// Threads: run() on the GL context's thread; it makes and ends the reader's and the writer's.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "block_check.hpp"
#include "block_path.hpp"
#include "common/failure.hpp"
#include "io_threads.hpp"
#include "progress.hpp"

namespace pmb::tool {

struct PipelineResult {
  std::uint64_t blocks = 0;  ///< Written, as the bytes.
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;  ///< Of blocks, without video headers.
  std::optional<Failure> failure = {};
};

class Pipeline {
 public:
  struct Parts {
    BlockPath& path;
    BlockReader& reader;
    BlockWriter& writer;
    StopSignal& stop;
    BlockCheck& check;
    Progress& progress;
    std::uint32_t in_flight = 3;
    std::uint64_t out_block_bytes = 0;  ///< Of every block; 0: as many as the block's input has.
  };

  explicit Pipeline(const Parts& parts) : parts_(parts) {}

  /// Until the input ends, a stop is requested, or something fails. What was read whole is written whole,
  /// unless the GPU, the comparison or the output failed; then what lies before the failure is.
  PipelineResult run();

 private:
  struct InFlight {
    BlockJob job;
    std::string frame_line;
    BlockCheck::Expected expected;
  };

  void handle(StreamEvent event);
  void give_inputs(ReaderThread& reader);
  bool submit_next();
  bool finish_next(WriterThread& writer);
  void stop_with(Failure failure);

  Parts parts_;
  Channel<StreamEvent> events_;
  std::deque<BlockFilled> filled_;
  std::deque<InFlight> in_flight_;
  std::uint32_t outputs_out_ = 0;  ///< In flight, or with the writer.
  std::uint64_t submitted_ = 0;
  bool input_ended_ = false;
  bool stopped_ = false;
  PipelineResult result_;
};

}  // namespace pmb::tool
