// SPDX-License-Identifier: MIT
// A compute shader reads and writes shared memory directly: there is no copy on either side.
#include <cstdint>

#include "setup.hpp"

namespace {

constexpr const char* kDouble = R"(#version 430 core
layout(local_size_x = 64) in;
layout(std430, binding = 0) readonly buffer Input { uint source[]; };
layout(std430, binding = 1) writeonly buffer Output { uint target[]; };
void main() {
  uint i = gl_GlobalInvocationID.x;
  if (i < source.length()) target[i] = source[i] * 2u;
})";

constexpr std::uint32_t kCount = 4096;
constexpr std::uint64_t kBytes = kCount * sizeof(std::uint32_t);

}  // namespace

int main() {
  sample::Gl gl;
  glUseProgram(sample::program(sample::shader(GL_COMPUTE_SHADER, kDouble)));
  pmb::Timeline& timeline = gl.context.timeline();

  // Each block has its own GL buffer, so a stray store cannot reach a neighbour.
  auto inputs = sample::need(pmb::BlockPool::create(
      gl.context,
      {.block_bytes = kBytes, .count = 3, .access = pmb::Access::sequential_write, .label = "inputs"}));
  auto outputs = sample::need(pmb::BlockPool::create(
      gl.context, {.block_bytes = kBytes, .count = 3, .access = pmb::Access::read, .label = "outputs"}));

  for (std::uint32_t round = 0; round < 50; ++round) {
    auto input = sample::need(inputs.acquire());
    auto* numbers = reinterpret_cast<std::uint32_t*>(input.raw_bytes().data());
    for (std::uint32_t i = 0; i < kCount; ++i) numbers[i] = i + round;
    sample::need(inputs.publish(input, kBytes));

    auto output = sample::need(outputs.acquire());
    glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, input.buffer());
    glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 1, output.buffer());
    glDispatchCompute((kCount + 63) / 64, 1, 1);
    const pmb::Ticket ticket = sample::need(timeline.mark());
    sample::need(inputs.retire(input, ticket));

    auto view = sample::need(outputs.wait_view(output, ticket, std::chrono::seconds(5)));
    const auto* doubled = reinterpret_cast<const std::uint32_t*>(view.bytes().data());
    for (std::uint32_t i = 0; i < kCount; ++i)
      sample::expect(doubled[i] == 2 * (i + round), "a number is wrong");
    sample::need(outputs.release(output));
  }
}
