// SPDX-License-Identifier: MIT
// Memory of the program as a GL buffer (GL_AMD_pinned_memory): shaders change it in place.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "gl_fixture.hpp"
#include "gl_scene.hpp"

namespace gl_test {
namespace {

using pmb::ErrorId;
using pmb::MappedBuffer;

constexpr std::size_t kOwnWords = 256 * 1024;
constexpr std::size_t kOwnBytes = kOwnWords * sizeof(std::uint32_t);

using Memory = std::unique_ptr<std::byte, void (*)(std::byte*)>;

Memory allocated() {
  return {static_cast<std::byte*>(std::aligned_alloc(4096, kOwnBytes)),
          [](std::byte* memory) { std::free(memory); }};
}
Memory shared_memory() {
  const int file = memfd_create("pmb", 0);
  EXPECT_EQ(ftruncate(file, kOwnBytes), 0);
  void* const memory = mmap(nullptr, kOwnBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  EXPECT_NE(memory, MAP_FAILED);
  return {static_cast<std::byte*>(memory), [](std::byte* mapped) { munmap(mapped, kOwnBytes); }};
}

class AdoptMemory : public EveryVariant {
 protected:
  void SetUp() override {
    EveryVariant::SetUp();
    if (!context_ || IsSkipped()) return;
    GLint count = 0;
    gl_.GetIntegerv(GL_NUM_EXTENSIONS, &count);
    for (GLint i = 0; i < count; ++i) {
      const auto* name = reinterpret_cast<const char*>(gl_.GetStringi(GL_EXTENSIONS, static_cast<GLuint>(i)));
      has_extension_ = has_extension_ || std::strcmp(name, "GL_AMD_pinned_memory") == 0;
    }
  }
  bool has_extension_ = false;
};
PMB_EVERY_VARIANT(AdoptMemory);

TEST_P(AdoptMemory, AComputeShaderChangesTheProgramsMemoryInPlace) {
  if (!has_extension_) GTEST_SKIP() << "this driver lacks GL_AMD_pinned_memory";
  PMB_NEEDS_COMPUTE();
  const GLuint program = make_compute_program(gl_, R"(
layout(local_size_x = 64) in;
layout(std430, binding = 0) buffer Words { uint words[]; };
void main() { words[gl_GlobalInvocationID.x] = words[gl_GlobalInvocationID.x] * 3u + 1u; })");
  gl_.UseProgram(program);
  for (const Memory& memory : {allocated(), shared_memory()}) {
    const std::span words(reinterpret_cast<std::uint32_t*>(memory.get()), kOwnWords);
    for (std::uint32_t i = 0; i < kOwnWords; ++i) words[i] = i;
    auto buffer = MappedBuffer::adopt_memory(context(), {memory.get(), kOwnBytes});
    ASSERT_TRUE(buffer) << buffer.error().message();
    for (std::uint32_t round = 0; round < 3; ++round) {
      gl_.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, buffer->buffer());
      gl_.DispatchCompute(kOwnWords / 64, 1, 1);
      wait_for_gpu();
      std::size_t wrong = 0;
      for (std::uint32_t i = 0; i < kOwnWords; ++i) wrong += words[i] == (i + round) * 3 + 1 ? 0U : 1U;
      EXPECT_EQ(wrong, 0U) << "in round " << round;
      for (std::uint32_t i = 0; i < kOwnWords; ++i) words[i] = i + round + 1;
    }
    // The end of the buffer waits for this one.
    gl_.DispatchCompute(kOwnWords / 64, 1, 1);
    ASSERT_TRUE(buffer->destroy());
    EXPECT_EQ(words[7], (7 + 3) * 3 + 1U);
  }
  gl_.DeleteProgram(program);
}

TEST_P(AdoptMemory, WithoutTheExtensionItIsRefusedByName) {
  if (has_extension_) GTEST_SKIP() << "this driver has GL_AMD_pinned_memory";
  const Memory memory = allocated();
  const auto buffer = MappedBuffer::adopt_memory(context(), {memory.get(), kOwnBytes});
  ASSERT_FALSE(buffer);
  EXPECT_EQ(buffer.error().id, ErrorId::pinned_memory_missing);
}

}  // namespace
}  // namespace gl_test
