// SPDX-License-Identifier: MIT
// Ping-pong: the CPU fills one block while the GPU works on the other. A pool of two blocks is enough.
#include <cstdint>
#include <span>

#include "setup.hpp"

namespace {

constexpr const char* kSum = R"(#version 430 core
layout(local_size_x = 64) in;
layout(std430, binding = 0) readonly buffer Input { uint source[]; };
layout(std430, binding = 1) buffer Sum { uint sum; };
void main() { atomicAdd(sum, source[gl_GlobalInvocationID.x]); })";

constexpr std::uint32_t kCount = 4096;
constexpr std::uint64_t kBytes = kCount * sizeof(std::uint32_t);
constexpr std::uint32_t kRounds = 50;

/// Stands in for the program's own work. Returns the sum of the numbers.
std::uint32_t fill(std::span<std::byte> bytes, std::uint32_t round) {
  auto* numbers = reinterpret_cast<std::uint32_t*>(bytes.data());
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    numbers[i] = i + round;
    sum += i + round;
  }
  return sum;
}

GLuint make_sum() {
  const std::uint32_t zero = 0;
  GLuint name = 0;
  glGenBuffers(1, &name);
  glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 1, name);
  glBufferData(GL_SHADER_STORAGE_BUFFER, sizeof zero, &zero, GL_DYNAMIC_DRAW);
  return name;
}

}  // namespace

int main() {
  sample::Gl gl;
  pmb::Timeline& timeline = gl.context.timeline();
  glUseProgram(sample::program(sample::shader(GL_COMPUTE_SHADER, kSum)));
  const GLuint sum = make_sum();
  auto blocks = sample::need(pmb::BlockPool::create(
      gl.context,
      {.block_bytes = kBytes, .count = 2, .access = pmb::Access::sequential_write, .label = "ping-pong"}));

  std::uint32_t expected = 0;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    auto block = sample::need(blocks.acquire());  // waits until the GPU has finished with this block
    expected += fill(block.raw_bytes(), round);   // the GPU works on the other block meanwhile
    sample::need(blocks.publish(block, kBytes));
    glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, block.buffer());
    glDispatchCompute(kCount / 64, 1, 1);
    sample::need(blocks.retire(block, sample::need(timeline.mark())));
  }
  std::uint32_t counted = 0;
  sample::need(pmb::download(gl.context, sum, 0, std::span(&counted, 1)));
  sample::expect(counted == expected, "the sum is wrong");
}
