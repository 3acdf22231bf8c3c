// SPDX-License-Identifier: MIT
// The traditional path: the CPU copies every block to GL and back.

#include <deque>
#include <vector>

#include "block_path.hpp"
#include "traditional_run.hpp"

namespace pmb::tool {
namespace {

class TraditionalPath final : public BlockPath {
 public:
  TraditionalPath(const GpuWork& work, TraditionalRun run)
      : run_(std::move(run)), bytes_copied_(work.input_bytes + work.output_bytes) {
    for (std::uint32_t i = 0; i < work.in_flight; ++i) {
      inputs_.emplace_back(work.input_bytes);
      outputs_.emplace_back(work.output_bytes);
      free_inputs_.push_back(i);
      free_outputs_.push_back(i);
    }
  }

  Outcome<std::optional<InputBlock>> try_input() override {
    if (free_inputs_.empty()) return std::nullopt;
    const std::size_t index = free_inputs_.front();
    free_inputs_.pop_front();
    return InputBlock{.bytes = inputs_[index], .id = index};
  }

  Outcome<void> submit(const InputBlock& input, const BlockJob& job) override {
    const std::size_t index = free_outputs_.front();
    auto done = run_.run(input.bytes, job, outputs_[index]);
    if (!done) return done;
    free_outputs_.pop_front();
    free_inputs_.push_back(input.id);
    finished_.push_back(index);
    return {};
  }

  Outcome<OutputBlock> finish_oldest() override {
    const std::size_t index = finished_.front();
    finished_.pop_front();
    return OutputBlock{.bytes = outputs_[index], .id = index};
  }

  Outcome<void> release(const OutputBlock& output) override {
    free_outputs_.push_back(output.id);
    return {};
  }

  pmb::Model model() const noexcept override { return pmb::Model::coherent; }
  std::uint64_t cpu_bytes_copied_per_block() const noexcept override { return bytes_copied_; }

 private:
  TraditionalRun run_;
  std::uint64_t bytes_copied_;
  std::vector<std::vector<std::byte>> inputs_;
  std::vector<std::vector<std::byte>> outputs_;
  std::deque<std::size_t> free_inputs_;
  std::deque<std::size_t> free_outputs_;
  std::deque<std::size_t> finished_;
};

}  // namespace

Outcome<TraditionalRun> TraditionalRun::create(const GpuWork& work) {
  auto input = GlBuffer::create(work.gl, work.input_bytes, GL_STREAM_DRAW);
  if (!input) return pass_on(input);
  auto output = GlBuffer::create(work.gl, work.output_bytes, GL_STREAM_READ);
  if (!output) return pass_on(output);
  return TraditionalRun(work, std::move(*input), std::move(*output));
}

Outcome<void> TraditionalRun::run(std::span<const std::byte> input, const BlockJob& job,
                                  std::span<std::byte> output) {
  const GladGLContext& gl = work_.gl;
  gl.BindBuffer(GL_SHADER_STORAGE_BUFFER, input_.name());
  gl.BufferSubData(GL_SHADER_STORAGE_BUFFER, 0, static_cast<GLsizeiptr>(input.size()), input.data());
  if (job.number == 0) {
    auto writes = require_writes(work_, input_.name(), job);
    if (!writes) return writes;
  }
  run_kernel(work_, input_.name(), output_.name(), job);
  gl.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT | GL_SHADER_STORAGE_BARRIER_BIT);
  gl.BindBuffer(GL_SHADER_STORAGE_BUFFER, output_.name());
  gl.GetBufferSubData(GL_SHADER_STORAGE_BUFFER, 0, static_cast<GLsizeiptr>(output.size()), output.data());
  return require_no_gl_error(work_.gl, fmt::format("block {}", job.number));
}

Outcome<std::unique_ptr<BlockPath>> make_traditional_path(const GpuWork& work) {
  auto run = TraditionalRun::create(work);
  if (!run) return pass_on(run);
  return std::make_unique<TraditionalPath>(work, std::move(*run));
}

}  // namespace pmb::tool
