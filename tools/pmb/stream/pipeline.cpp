// SPDX-License-Identifier: MIT
// The loop of the GL thread.

#include "pipeline.hpp"

#include <algorithm>
#include <utility>

namespace pmb::tool {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace

PipelineResult Pipeline::run() {
  WriterThread writer(parts_.writer, events_, parts_.reader.stream_header());
  {
    ReaderThread reader(parts_.reader, events_, parts_.stop);
    while (!stopped_) {
      while (auto event = events_.try_pop()) handle(std::move(*event));
      if (stopped_) break;
      give_inputs(reader);
      // Work for the GPU first, then its results; only with neither is there time to sleep.
      if (submit_next() || finish_next(writer)) continue;
      if (stopped_ || (input_ended_ && outputs_out_ == 0)) break;
      if (auto event = events_.pop()) handle(std::move(*event));
    }
  }
  writer.finish();
  while (auto event = events_.try_pop()) handle(std::move(*event));
  if (auto closed = parts_.writer.close(); !closed && !result_.failure)
    result_.failure = std::move(closed.error());
  return std::move(result_);
}

void Pipeline::stop_with(Failure failure) {
  stopped_ = true;
  if (!result_.failure) result_.failure = std::move(failure);
}

void Pipeline::handle(StreamEvent event) {
  std::visit(Overloaded{
                 [this](BlockFilled& filled) { filled_.push_back(std::move(filled)); },
                 [this](InputEnded& ended) {
                   input_ended_ = true;
                   if (ended.failure && !result_.failure) result_.failure = std::move(ended.failure);
                 },
                 [this](BlockWritten& written) {
                   ++result_.blocks;
                   result_.bytes_out += written.bytes;
                   --outputs_out_;
                   if (auto done = parts_.path.release(written.block); !done)
                     stop_with(std::move(done.error()));
                   parts_.progress.update(result_.blocks, result_.bytes_out);
                 },
                 [this](OutputFailed& failed) { stop_with(std::move(failed.failure)); },
             },
             event);
}

void Pipeline::give_inputs(ReaderThread& reader) {
  while (!input_ended_) {
    auto input = parts_.path.try_input();
    if (!input) return stop_with(std::move(input.error()));
    if (!*input) return;
    reader.fill(**input);
  }
}

bool Pipeline::submit_next() {
  if (stopped_ || filled_.empty() || outputs_out_ == parts_.in_flight) return false;
  BlockFilled filled = std::move(filled_.front());
  filled_.pop_front();
  const std::uint64_t bytes = filled.head.bytes;
  // Kernels see zeros behind a partial block, and in the last word behind any.
  std::ranges::fill(filled.block.bytes.subspan(bytes), std::byte{0});

  const BlockJob job{.number = submitted_,
                     .input_bytes = bytes,
                     .output_bytes = parts_.out_block_bytes != 0 ? parts_.out_block_bytes : bytes};
  InFlight next{.job = job, .frame_line = std::move(filled.head.frame_line), .expected = {}};
  if (parts_.check.checks() || parts_.check.verifies()) {
    auto expected = parts_.check.expect(filled.block.bytes, job);
    if (!expected) {
      stop_with(std::move(expected.error()));
      return false;
    }
    next.expected = std::move(*expected);
  }
  if (auto done = parts_.path.submit(filled.block, job); !done) {
    stop_with(std::move(done.error()));
    return false;
  }
  ++submitted_;
  ++outputs_out_;
  result_.bytes_in += bytes;
  in_flight_.push_back(std::move(next));
  return true;
}

bool Pipeline::finish_next(WriterThread& writer) {
  if (stopped_ || in_flight_.empty()) return false;
  InFlight oldest = std::move(in_flight_.front());
  in_flight_.pop_front();
  auto output = parts_.path.finish_oldest();
  if (!output) {
    stop_with(std::move(output.error()));
    return false;
  }
  if (auto same = BlockCheck::compare(oldest.expected, oldest.job, output->bytes); !same) {
    stop_with(std::move(same.error()));
    return false;
  }
  writer.write(*output, oldest.job.output_bytes, std::move(oldest.frame_line));
  return true;
}

}  // namespace pmb::tool
