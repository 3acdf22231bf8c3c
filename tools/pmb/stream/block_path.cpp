// SPDX-License-Identifier: MIT
// What the paths share: running the kernel, plain buffers, and the traditional path.

#include "block_path.hpp"

#include <algorithm>
#include <deque>
#include <vector>

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
    return InputBlock{.bytes = inputs_[index], .index = index};
  }

  Outcome<void> submit(const InputBlock& input, const BlockJob& job) override {
    const std::size_t index = free_outputs_.front();
    auto done = run_.run(input.bytes, job, outputs_[index]);
    if (!done) return done;
    free_outputs_.pop_front();
    free_inputs_.push_back(input.index);
    finished_.push_back(index);
    return {};
  }

  Outcome<OutputBlock> finish_oldest() override {
    const std::size_t index = finished_.front();
    finished_.pop_front();
    return OutputBlock{.bytes = outputs_[index], .index = index};
  }

  Outcome<void> release(const OutputBlock& output) override {
    free_outputs_.push_back(output.index);
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

void run_kernel(const GpuWork& work, GLuint input, GLuint output, const BlockJob& job) {
  const GladGLContext& gl = work.gl;
  gl.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, input, 0, static_cast<GLsizeiptr>(work.input_bytes));
  gl.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 1, output, 0, static_cast<GLsizeiptr>(work.output_bytes));
  if (work.clear_output) {
    // The range's binding is the last one, so it is the general one of this target too.
    gl.ClearBufferData(GL_SHADER_STORAGE_BUFFER, GL_R32UI, GL_RED_INTEGER, GL_UNSIGNED_INT, nullptr);
  }
  work.program.dispatch(job.number, job.input_bytes, job.output_bytes);
}

Outcome<void> require_writes(const GpuWork& work, GLuint input, const BlockJob& job) {
  const GladGLContext& gl = work.gl;
  auto output = GlBuffer::create(work.gl, work.output_bytes, GL_STREAM_READ);
  if (!output) return pass_on(output);
  GpuWork probe = work;
  probe.clear_output = false;
  constexpr std::uint64_t kPieceBytes = 1 << 20;
  std::vector<std::uint32_t> piece(std::min(kPieceBytes, work.output_bytes) / sizeof(std::uint32_t));
  for (const std::uint32_t content : {0x00000000U, 0xFFFFFFFFU}) {
    gl.BindBuffer(GL_SHADER_STORAGE_BUFFER, output->name());
    gl.ClearBufferData(GL_SHADER_STORAGE_BUFFER, GL_R32UI, GL_RED_INTEGER, GL_UNSIGNED_INT, &content);
    run_kernel(probe, input, output->name(), job);
    gl.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
    for (std::uint64_t at = 0; at < work.output_bytes; at += kPieceBytes) {
      const std::uint64_t bytes = std::min(kPieceBytes, work.output_bytes - at);
      gl.GetBufferSubData(GL_SHADER_STORAGE_BUFFER, static_cast<GLintptr>(at), static_cast<GLsizeiptr>(bytes),
                          piece.data());
      const auto words = std::span(piece).first(bytes / sizeof(std::uint32_t));
      if (std::ranges::any_of(words, [&](std::uint32_t word) { return word != content; })) {
        return require_no_gl_error(work.gl, "the first block");
      }
    }
  }
  auto healthy = require_no_gl_error(work.gl, "the first block");
  if (!healthy) return healthy;
  return fail(
      kKernel,
      "the kernel {} wrote nothing for the first block; store results with pmb_store_word or into pmb_out at "
      "binding 1",
      work.program.name());
}

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
