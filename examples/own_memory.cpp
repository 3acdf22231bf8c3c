// SPDX-License-Identifier: MIT
// A compute shader changes a file in place: the file is mapped into the process, and the pages are a GL buffer.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <span>

#include "setup.hpp"

namespace {

constexpr const char* kIncrement = R"(#version 430 core
layout(local_size_x = 64) in;
layout(std430, binding = 0) buffer Words { uint words[]; };
void main() { words[gl_GlobalInvocationID.x] += 1u; })";

constexpr std::uint32_t kCount = 256 * 1024;
constexpr std::size_t kBytes = kCount * sizeof(std::uint32_t);  // Whole pages.

/// A file of kBytes without a name, mapped into the process. It ends with the program.
std::span<std::uint32_t> map_file(int& file) {
  char path[] = "/tmp/pmb_own_memory_XXXXXX";
  file = mkstemp(path);
  sample::expect(file >= 0 && unlink(path) == 0 && ftruncate(file, kBytes) == 0, "no temporary file");
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  sample::expect(memory != MAP_FAILED, "the file cannot be mapped");
  return {static_cast<std::uint32_t*>(memory), kCount};
}

void increment(GLuint buffer) {
  glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, buffer);
  glDispatchCompute(kCount / 64, 1, 1);
}

/// The way of drivers without the extension: one copy each way.
void increment_a_copy(pmb::Context& context, std::span<std::uint32_t> words) {
  GLuint copy = 0;
  glGenBuffers(1, &copy);
  glBindBuffer(GL_SHADER_STORAGE_BUFFER, copy);
  glBufferData(GL_SHADER_STORAGE_BUFFER, kBytes, nullptr, GL_DYNAMIC_COPY);
  sample::need(pmb::upload(context, copy, 0, words));
  increment(copy);
  sample::need(pmb::download(context, copy, 0, words));
  glDeleteBuffers(1, &copy);
}

/// When it returns, the GPU is done with the words.
void increment_in_place(pmb::Context& context, std::span<std::uint32_t> words) {
  auto buffer = pmb::MappedBuffer::adopt_memory(context, std::as_writable_bytes(words));
  if (!buffer) return increment_a_copy(context, words);
  increment(buffer->buffer());
  const pmb::Ticket done = sample::need(context.timeline().mark());
  sample::need(done.wait(std::chrono::seconds(5)));
}

}  // namespace

int main() {
  sample::Gl gl;
  glUseProgram(sample::program(sample::shader(GL_COMPUTE_SHADER, kIncrement)));
  int file = -1;
  const std::span<std::uint32_t> words = map_file(file);
  for (std::uint32_t i = 0; i < kCount; ++i) words[i] = i;
  increment_in_place(gl.context, words);

  std::uint32_t word = 0;
  sample::expect(pread(file, &word, sizeof word, 4 * 1000) == sizeof word && word == 1001,
                 "the file has the wrong bytes");
  for (std::uint32_t i = 0; i < kCount; ++i) sample::expect(words[i] == i + 1, "a word is wrong");
  munmap(words.data(), kBytes);
  close(file);
}
