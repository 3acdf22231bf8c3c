// SPDX-License-Identifier: MIT
// The paths of persistently mapped blocks. On the direct path the kernel works on mapped memory in place. On
// the staged path GL copies each block to VRAM and the results back. The CPU copies nothing on either path.

#include <pmb/block_pool.hpp>
#include <vector>

#include "block_path.hpp"
#include "common/gl_buffer.hpp"

namespace pmb::tool {
namespace {

// VRAM of the staged path. There are two, used in turn, so that the copy out of one block need not delay the
// copy in of the next.
struct DeviceBlock {
  GlBuffer input;
  GlBuffer output;
};
constexpr std::size_t kDeviceBlocks = 2;

class MappedPath final : public BlockPath {
 public:
  MappedPath(const GpuWork& work, pmb::Model model, pmb::BlockPool inputs, pmb::BlockPool outputs,
             std::vector<DeviceBlock> device)
      : work_(work),
        model_(model),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)),
        device_(std::move(device)),
        lent_inputs_(work.in_flight),
        submitted_(work.in_flight) {}

  Outcome<std::optional<InputBlock>> try_input() override {
    const auto block = inputs_.try_acquire();
    if (block) {
      const std::size_t id = next_input_++ % lent_inputs_.size();
      lent_inputs_[id] = *block;
      return InputBlock{.bytes = block->raw_bytes(), .id = id};
    }
    if (block.error().status == pmb::Status::would_block) return std::nullopt;
    return gpu_failure(work_.context, "input memory", block.error());
  }

  Outcome<void> submit(const InputBlock& input, const BlockJob& job) override {
    const auto doing = [&] { return fmt::format("block {}", job.number); };
    const pmb::Block block = lent_inputs_[input.id];
    if (auto done = inputs_.publish(block, work_.input_bytes); !done) {
      return gpu_failure(work_.context, doing(), done.error());
    }
    if (job.number == 0) {
      auto writes = require_writes(work_, block.buffer(), job);
      if (!writes) return writes;
    }
    const auto output = outputs_.acquire();
    if (!output) return gpu_failure(work_.context, doing(), output.error());
    if (device_.empty()) {
      run_kernel(work_, block.buffer(), output->buffer(), job);
    } else {
      run_staged(block.buffer(), output->buffer(), job);
    }
    const auto ticket = work_.context.timeline().mark();
    if (!ticket) return gpu_failure(work_.context, doing(), ticket.error());
    if (auto done = inputs_.retire(block, *ticket); !done)
      return gpu_failure(work_.context, doing(), done.error());
    submitted_[job.number % submitted_.size()] = {*output, *ticket};
    return {};
  }

  Outcome<OutputBlock> finish_oldest() override {
    const std::uint64_t number = finished_++;
    const std::size_t id = number % submitted_.size();
    const auto view = outputs_.wait_view(submitted_[id].output, submitted_[id].ticket, kLongestWait);
    if (!view) return gpu_failure(work_.context, fmt::format("block {}", number), view.error());
    return OutputBlock{.bytes = view->bytes(), .id = id};
  }

  Outcome<void> release(const OutputBlock& output) override {
    if (auto done = outputs_.release(submitted_[output.id].output); !done)
      return gpu_failure(work_.context, "output memory", done.error());
    return {};
  }

  pmb::Model model() const noexcept override { return model_; }
  std::uint64_t cpu_bytes_copied_per_block() const noexcept override { return 0; }

 private:
  struct Submitted {
    pmb::Block output;
    pmb::Ticket ticket;
  };

  void run_staged(GLuint input, GLuint output, const BlockJob& job) {
    const DeviceBlock& device = device_[job.number % device_.size()];
    copy(input, device.input.name(), work_.input_bytes);
    run_kernel(work_, device.input.name(), device.output.name(), job);
    // The copy sees the shader's stores only after this barrier. The storage bit orders them before the stores
    // of the block that uses the same memory next (OpenGL 4.6 core, section 7.13.2).
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
  pmb::Model model_;
  pmb::BlockPool inputs_;
  pmb::BlockPool outputs_;
  std::vector<DeviceBlock> device_;
  // Blocks return in the order in which they were lent, so an index is free again when its turn comes.
  std::vector<pmb::Block> lent_inputs_;
  std::vector<Submitted> submitted_;
  std::uint64_t next_input_ = 0;
  std::uint64_t finished_ = 0;
};

}  // namespace

Outcome<std::unique_ptr<BlockPath>> make_mapped_path(const GpuWork& work, bool staged) {
  const pmb::Access input_access =
      work.readable_input ? pmb::Access::bidirectional : pmb::Access::sequential_write;
  const auto plan = work.context.plan(input_access, work.input_bytes);
  if (!plan) return gpu_failure(work.context, "the plan of the input blocks", plan.error());
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
  return std::make_unique<MappedPath>(work, plan->model, std::move(*inputs), std::move(*outputs),
                                      std::move(device));
}

}  // namespace pmb::tool
