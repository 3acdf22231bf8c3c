// SPDX-License-Identifier: MIT
// The paths of persistently mapped blocks: the kernel works on them in place (direct), or on copies in the
// GPU's own memory that GL makes (staged). The CPU copies nothing on either.

#include <array>
#include <chrono>
#include <deque>
#include <vector>

#include "block_path.hpp"

namespace pmb::tool {
namespace {

// Long enough for any block of a working driver; beyond it something hangs.

// The GPU's own memory of the staged path: two turns, so that one block's copy out need not hold up the next
// one's copy in.
struct DeviceBlock {
  GlBuffer input;
  GlBuffer output;
};
constexpr std::size_t kDeviceBlocks = 2;

class MappedPath final : public BlockPath {
 public:
  MappedPath(const GpuWork& work, pmb::BlockPool inputs, pmb::BlockPool outputs,
             std::vector<DeviceBlock> device)
      : work_(work), inputs_(std::move(inputs)), outputs_(std::move(outputs)), device_(std::move(device)) {}

  Outcome<std::optional<InputBlock>> try_input() override {
    const auto block = inputs_.try_acquire();
    if (block) return InputBlock{.bytes = block->raw_bytes(), .block = *block};
    if (block.error().status == pmb::Status::would_block) return std::nullopt;
    return gpu_failure(work_.context, "input memory", block.error());
  }

  Outcome<void> submit(const InputBlock& input, const BlockJob& job) override {
    const auto doing = [&] { return fmt::format("block {}", job.number); };
    if (auto done = inputs_.publish(input.block, work_.input_bytes); !done) {
      return gpu_failure(work_.context, doing(), done.error());
    }
    if (job.number == 0) {
      auto writes = require_writes(work_, input.block.buffer(), job);
      if (!writes) return writes;
    }
    const auto output = outputs_.acquire();
    if (!output) return gpu_failure(work_.context, doing(), output.error());
    if (device_.empty()) {
      run_kernel(work_, input.block.buffer(), output->buffer(), job);
    } else {
      run_staged(input.block.buffer(), output->buffer(), job);
    }
    const auto ticket = work_.context.timeline().mark();
    if (!ticket) return gpu_failure(work_.context, doing(), ticket.error());
    if (auto done = inputs_.retire(input.block, *ticket); !done)
      return gpu_failure(work_.context, doing(), done.error());
    in_flight_.push_back({*output, *ticket, job.number});
    return {};
  }

  Outcome<OutputBlock> finish_oldest() override {
    const InFlight oldest = in_flight_.front();
    in_flight_.pop_front();
    const auto view = outputs_.wait_view(oldest.output, oldest.ticket, kLongestWait);
    if (!view) return gpu_failure(work_.context, fmt::format("block {}", oldest.number), view.error());
    return OutputBlock{.bytes = view->bytes(), .block = oldest.output};
  }

  Outcome<void> release(const OutputBlock& output) override {
    if (auto done = outputs_.release(output.block); !done)
      return gpu_failure(work_.context, "output memory", done.error());
    return {};
  }

  pmb::Model model() const noexcept override { return inputs_.model(); }
  std::uint64_t cpu_bytes_copied_per_block() const noexcept override { return 0; }

 private:
  struct InFlight {
    pmb::Block output;
    pmb::Ticket ticket;
    std::uint64_t number;
  };

  void run_staged(GLuint input, GLuint output, const BlockJob& job) {
    const DeviceBlock& device = device_[job.number % device_.size()];
    copy(input, device.input.name(), work_.input_bytes);
    run_kernel(work_, device.input.name(), device.output.name(), job);
    // A copy sees shader stores only behind this barrier, and the same memory is stored to again two blocks
    // later (OpenGL 4.6 core, section 7.13.2).
    work_.gl.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT | GL_SHADER_STORAGE_BARRIER_BIT);
    copy(device.output.name(), output, work_.output_bytes);
  }

  void copy(GLuint from, GLuint to, std::uint64_t size_bytes) {
    work_.gl.BindBuffer(GL_COPY_READ_BUFFER, from);
    work_.gl.BindBuffer(GL_COPY_WRITE_BUFFER, to);
    work_.gl.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, 0, 0,
                               static_cast<GLsizeiptr>(size_bytes));
  }

  GpuWork work_;
  pmb::BlockPool inputs_;
  pmb::BlockPool outputs_;
  std::vector<DeviceBlock> device_;
  std::deque<InFlight> in_flight_;
};

}  // namespace

Outcome<std::unique_ptr<BlockPath>> make_mapped_path(const GpuWork& work, bool staged) {
  const pmb::Access input_access =
      work.readable_input ? pmb::Access::bidirectional : pmb::Access::sequential_write;
  auto inputs = pmb::BlockPool::create(work.context, {.block_bytes = work.input_bytes,
                                                      .count = work.in_flight,
                                                      .access = input_access,
                                                      .label = "stream input"});
  if (!inputs)
    return gpu_failure(work.context, fmt::format("{} input blocks", work.in_flight), inputs.error());
  auto outputs = pmb::BlockPool::create(work.context, {.block_bytes = work.output_bytes,
                                                       .count = work.in_flight,
                                                       .access = pmb::Access::read,
                                                       .label = "stream output"});
  if (!outputs)
    return gpu_failure(work.context, fmt::format("{} output blocks", work.in_flight), outputs.error());
  std::vector<DeviceBlock> device;
  for (std::size_t i = 0; staged && i < kDeviceBlocks; ++i) {
    auto input = GlBuffer::create(work.gl, work.input_bytes, GL_DYNAMIC_COPY);
    if (!input) return pass_on(input);
    auto output = GlBuffer::create(work.gl, work.output_bytes, GL_DYNAMIC_COPY);
    if (!output) return pass_on(output);
    device.push_back({std::move(*input), std::move(*output)});
  }
  return std::make_unique<MappedPath>(work, std::move(*inputs), std::move(*outputs), std::move(device));
}

}  // namespace pmb::tool
