// SPDX-License-Identifier: MIT
// A buffer in VRAM that GL and CUDA use in turn. Needs a GL context on a CUDA device.
#include <cstdint>
#include <vector>

#include "cuda_device.hpp"

namespace {

constexpr std::uint32_t kWords = 1 << 20;
constexpr std::uint64_t kBytes = kWords * sizeof(std::uint32_t);
constexpr std::uint32_t kRounds = 15;

}  // namespace

int main() {
  sample::Gl gl;
  const pmb::Cuda cuda = sample::open_cuda(gl);
  if (!cuda.orders_on_gpu()) sample::skip("this GL context is not on a CUDA device");
  const sample::CudaDevice device(cuda);

  GLuint name = 0;
  glGenBuffers(1, &name);
  glBindBuffer(GL_COPY_WRITE_BUFFER, name);
  glBufferData(GL_COPY_WRITE_BUFFER, kBytes, nullptr, GL_DYNAMIC_COPY);
  auto buffer = sample::need(pmb::CudaBuffer::create(cuda, name));
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    const std::uint32_t value = round * 1000;
    glClearBufferData(GL_COPY_WRITE_BUFFER, GL_R32UI, GL_RED_INTEGER, GL_UNSIGNED_INT, &value);
    const std::uint64_t pointer = sample::need(buffer.map(device.stream()));
    device.add(pointer, round, kBytes);
    sample::need(buffer.unmap());
    std::vector<std::uint32_t> words(kWords);
    sample::need(pmb::download(gl.context, name, 0, words));
    for (const std::uint32_t word : words) sample::expect(word == value + round, "a word is wrong");
    glBindBuffer(GL_COPY_WRITE_BUFFER, name);
  }
}
