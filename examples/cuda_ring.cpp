// SPDX-License-Identifier: MIT
// The CPU fills slices of a ring, a CUDA kernel changes them in place, and GL copies them on. One ticket covers both GPU
// APIs, so that no slice is reused while either still works on it.
#include <cstdint>
#include <cstring>
#include <vector>

#include "cuda_device.hpp"

namespace {

constexpr std::uint64_t kBytes = 64 << 10;
constexpr std::uint32_t kBlocks = 40;

}  // namespace

int main() {
  sample::Gl gl;
  const pmb::Cuda cuda = sample::open_cuda(gl);
  const sample::CudaDevice device(cuda);
  auto ring = sample::need(
      pmb::UploadRing::create(gl.context, {.capacity_bytes = 3 * kBytes, .label = "shared with CUDA"}));
  sample::need(cuda.pointer(ring.mapped_buffer()));

  GLuint collected = 0;
  glGenBuffers(1, &collected);
  glBindBuffer(GL_COPY_WRITE_BUFFER, collected);
  glBufferData(GL_COPY_WRITE_BUFFER, kBlocks * kBytes, nullptr, GL_DYNAMIC_COPY);
  for (std::uint32_t block = 0; block < kBlocks; ++block) {
    auto slice = sample::need(ring.acquire(kBytes));
    sample::need(slice.fill(static_cast<std::byte>(block)));
    sample::need(ring.publish(slice, kBytes));
    device.add(sample::need(cuda.pointer(slice)), 0x40, kBytes);
    sample::need(cuda.order(device.stream()));
    glBindBuffer(GL_COPY_READ_BUFFER, slice.buffer());
    glBindBuffer(GL_COPY_WRITE_BUFFER, collected);
    glCopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER,
                        static_cast<GLintptr>(slice.offset_bytes()), block * kBytes, kBytes);
    sample::need(ring.retire(sample::need(gl.context.timeline().mark())));
  }

  std::vector<std::uint32_t> words(kBlocks * kBytes / 4);
  sample::need(pmb::download(gl.context, collected, 0, words));
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto block = static_cast<std::uint32_t>(i * 4 / kBytes);
    sample::expect(words[i] == block * 0x01010101U + 0x40, "a word is wrong");
  }
}
