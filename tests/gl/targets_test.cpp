// SPDX-License-Identifier: MIT
// Every buffer target, fed from slices of rings that wrap many times. Every byte that the GPU reads or writes is
// checked, on every configuration.

#include <cstring>
#include <functional>
#include <numeric>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_scene.hpp"

namespace gl_test {
namespace {

// One slice: 64 values of 16 bytes, one for each pixel of the image that shows them.
constexpr int kPixels = 64;
constexpr std::size_t kBytes = kPixels * 16;
constexpr int kLaps = 20;

constexpr const char* kTriangle = R"(
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}
)";

// A point in the given column, with the number of its vertex.
constexpr const char* kNumberedPoint = R"(
uniform int column;
flat out uvec4 value;
void main() {
  value = uvec4(uint(gl_VertexID), 0u, 0u, 0u);
  gl_Position = vec4((float(column) + 0.5) / 32.0 - 1.0, 0.0, 0.0, 1.0);
  gl_PointSize = 1.0;
}
)";

constexpr const char* kShowValue = R"(
flat in uvec4 value;
layout(location = 0) out uvec4 shown;
void main() { shown = value; }
)";

class Targets : public EveryVariant {
 protected:
  void SetUp() override {
    EveryVariant::SetUp();
    if (!context_ || HasFailure() || IsSkipped()) return;
    GLuint texture = 0;
    gl_.GenTextures(1, &texture);
    gl_.BindTexture(GL_TEXTURE_2D, texture);
    gl_.TexImage2D(GL_TEXTURE_2D, 0, GL_RGBA32UI, kPixels, 1, 0, GL_RGBA_INTEGER, GL_UNSIGNED_INT, nullptr);
    gl_.TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    bind_framebuffer(texture);
    gl_.Viewport(0, 0, kPixels, 1);
    gl_.GenVertexArrays(1, &texture);
    gl_.BindVertexArray(texture);
    // A little more than three slices: most laps reuse memory.
    auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = 3 * kBytes + 512, .label = "targets"});
    ASSERT_TRUE(ring) << ring.error().message();
    ring_ = std::move(*ring);
  }
  void TearDown() override {
    ring_ = {};
    EveryVariant::TearDown();
  }

  void bind_framebuffer(GLuint texture) {
    GLuint framebuffer = 0;
    gl_.GenFramebuffers(1, &framebuffer);
    gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer);
    gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
    ASSERT_EQ(gl_.CheckFramebufferStatus(GL_FRAMEBUFFER), static_cast<GLenum>(GL_FRAMEBUFFER_COMPLETE));
  }

  GLuint use_program(const char* vertex, const char* fragment) {
    const GLuint program = make_program(gl_, vertex, fragment);
    gl_.UseProgram(program);
    return program;
  }

  Bytes image() {
    Bytes bytes(kBytes);
    gl_.ReadPixels(0, 0, kPixels, 1, GL_RGBA_INTEGER, GL_UNSIGNED_INT, bytes.data());
    return bytes;
  }

  using Use = std::function<void(const pmb::Slice&)>;

  // Streams kLaps slices of bytes. `use` issues the command that reads each; `result` must then equal `wanted` of the
  // bytes.
  void stream(std::uint64_t alignment, const std::function<Bytes(std::uint32_t lap)>& make, const Use& use,
              const std::function<Bytes()>& result, const std::function<Bytes(const Bytes&)>& wanted) {
    for (std::uint32_t lap = 0; lap < kLaps; ++lap) {
      const Bytes bytes = make(lap);
      // Different sizes give different offsets.
      const auto slice = ring_.acquire(bytes.size() + lap * 8 % 96, alignment);
      ASSERT_TRUE(slice) << slice.error().message();
      ASSERT_TRUE(slice->copy_from(bytes));
      ASSERT_TRUE(ring_.publish(*slice, bytes.size()));
      use(*slice);
      ASSERT_TRUE(ring_.retire(mark()));
      ASSERT_EQ(first_difference(result(), wanted(bytes)), -1) << "in lap " << lap;
      expect_no_gl_error();
    }
    EXPECT_GT(ring_.stats().acquired, 3u);
  }

  // The image shows the uploaded bytes.
  void stream_to_image(std::uint64_t alignment, const Use& use) {
    stream(
        alignment, [](std::uint32_t lap) { return pattern(kBytes, lap); }, use, [&] { return image(); },
        [](const Bytes& bytes) { return bytes; });
  }

  // Uploads 64 numbers below 2^31; `use` draws the point of each number into its column.
  void stream_numbers(std::size_t bytes_each, std::size_t number_at, std::uint32_t one_at, const Use& use) {
    const auto number = [=](std::uint32_t lap, std::uint32_t i) {
      return (lap * 2654435761u + i * 40503u * 65537u) & 0x7FFFFFFFu;
    };
    std::uint32_t shown_lap = 0;
    stream(
        4,
        [&](std::uint32_t lap) {
          shown_lap = lap;
          Bytes bytes(kPixels * bytes_each);
          for (std::uint32_t i = 0; i < kPixels; ++i) {
            const std::uint32_t value = number(lap, i);
            std::byte* const record = bytes.data() + i * bytes_each;
            const std::uint32_t one = 1;
            for (std::size_t at = 0; at < one_at; at += 4) std::memcpy(record + at, &one, 4);
            std::memcpy(record + number_at, &value, 4);
          }
          return bytes;
        },
        use, [&] { return image(); },
        [&](const Bytes&) {
          std::vector<std::uint32_t> words(kPixels * 4);
          for (std::uint32_t i = 0; i < kPixels; ++i) words[i * 4] = number(shown_lap, i);
          const auto bytes = std::as_bytes(std::span(words));
          return Bytes(bytes.begin(), bytes.end());
        });
  }

  static GLintptr offset_of(const pmb::Slice& slice) { return static_cast<GLintptr>(slice.offset_bytes()); }
  static const void* pointer_of(const pmb::Slice& slice, std::size_t more = 0) {
    return reinterpret_cast<const void*>(slice.offset_bytes() + more);
  }

  pmb::UploadRing ring_;
};

TEST_P(Targets, UniformBlocks) {
  const GLuint program = use_program(kTriangle, R"(
    layout(std140) uniform Source { uvec4 source[64]; };
    layout(location = 0) out uvec4 shown;
    void main() { shown = source[int(gl_FragCoord.x)]; }
  )");
  gl_.UniformBlockBinding(program, gl_.GetUniformBlockIndex(program, "Source"), 2);
  stream_to_image(0, [&](const pmb::Slice& slice) {
    gl_.BindBufferRange(GL_UNIFORM_BUFFER, 2, slice.buffer(), offset_of(slice), kBytes);
    gl_.DrawArrays(GL_TRIANGLES, 0, 3);
  });
}

TEST_P(Targets, StorageBlocksOfFragmentShaders) {
  PMB_NEEDS_FRAGMENT_STORAGE();
  use_program(kTriangle, R"(
    layout(std430, binding = 1) readonly buffer Source { uvec4 source[]; };
    layout(location = 0) out uvec4 shown;
    void main() { shown = source[int(gl_FragCoord.x)]; }
  )");
  stream_to_image(0, [&](const pmb::Slice& slice) {
    gl_.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 1, slice.buffer(), offset_of(slice), kBytes);
    gl_.DrawArrays(GL_TRIANGLES, 0, 3);
  });
}

TEST_P(Targets, TextureBuffers) {
  if (!gl_.TexBuffer) GTEST_SKIP() << "no texture buffers here";
  const GLuint program = use_program(kTriangle, R"(
    uniform highp usamplerBuffer source;
    uniform int first;
    layout(location = 0) out uvec4 shown;
    void main() { shown = texelFetch(source, first + int(gl_FragCoord.x)); }
  )");
  const GLint first = gl_.GetUniformLocation(program, "first");
  GLuint texture = 0;
  gl_.GenTextures(1, &texture);
  gl_.BindTexture(GL_TEXTURE_BUFFER, texture);
  // Without ranges the texture is the whole buffer, and a slice starts at one of its texels.
  const bool ranges = gl_.TexBufferRange != nullptr;
  stream_to_image(ranges ? 0 : 16, [&](const pmb::Slice& slice) {
    if (ranges) {
      gl_.TexBufferRange(GL_TEXTURE_BUFFER, GL_RGBA32UI, slice.buffer(), offset_of(slice), kBytes);
    } else {
      gl_.TexBuffer(GL_TEXTURE_BUFFER, GL_RGBA32UI, slice.buffer());
      gl_.Uniform1i(first, static_cast<GLint>(slice.offset_bytes() / 16));
    }
    gl_.DrawArrays(GL_TRIANGLES, 0, 3);
  });
}

TEST_P(Targets, VertexAttributes) {
  use_program(R"(
    layout(location = 0) in uvec4 given;
    flat out uvec4 value;
    void main() {
      value = given;
      gl_Position = vec4((float(gl_VertexID) + 0.5) / 32.0 - 1.0, 0.0, 0.0, 1.0);
      gl_PointSize = 1.0;
    }
  )",
              kShowValue);
  gl_.EnableVertexAttribArray(0);
  stream_to_image(4, [&](const pmb::Slice& slice) {
    gl_.BindBuffer(GL_ARRAY_BUFFER, slice.buffer());
    gl_.VertexAttribIPointer(0, 4, GL_UNSIGNED_INT, 16, pointer_of(slice));
    gl_.DrawArrays(GL_POINTS, 0, kPixels);
  });
}

TEST_P(Targets, DrawIndices) {
  const GLuint program = use_program(kNumberedPoint, kShowValue);
  const GLint column = gl_.GetUniformLocation(program, "column");
  stream_numbers(4, 0, 0, [&](const pmb::Slice& slice) {
    gl_.BindBuffer(GL_ELEMENT_ARRAY_BUFFER, slice.buffer());
    for (int i = 0; i < kPixels; ++i) {
      gl_.Uniform1i(column, i);
      gl_.DrawElements(GL_POINTS, 1, GL_UNSIGNED_INT, pointer_of(slice, static_cast<std::size_t>(i) * 4));
    }
  });
}

TEST_P(Targets, IndirectDraws) {
  if (!gl_.DrawArraysIndirect) GTEST_SKIP() << "no indirect draws here";
  const GLuint program = use_program(kNumberedPoint, kShowValue);
  const GLint column = gl_.GetUniformLocation(program, "column");
  // Count and instances are 1, then comes the first vertex; the last word is 0.
  stream_numbers(16, 8, 8, [&](const pmb::Slice& slice) {
    gl_.BindBuffer(GL_DRAW_INDIRECT_BUFFER, slice.buffer());
    for (int i = 0; i < kPixels; ++i) {
      gl_.Uniform1i(column, i);
      gl_.DrawArraysIndirect(GL_POINTS, pointer_of(slice, static_cast<std::size_t>(i) * 16));
    }
  });
}

TEST_P(Targets, IndirectDispatches) {
  PMB_NEEDS_COMPUTE();
  const GLuint program = make_compute_program(gl_, R"(
    layout(local_size_x = 1) in;
    layout(std430, binding = 0) writeonly buffer Target { uint target[]; };
    uniform uint command;
    void main() {
      target[command * 3u] = gl_NumWorkGroups.x;
      target[command * 3u + 1u] = gl_NumWorkGroups.y;
      target[command * 3u + 2u] = gl_NumWorkGroups.z;
    }
  )");
  gl_.UseProgram(program);
  const GLint command = gl_.GetUniformLocation(program, "command");
  constexpr std::size_t kCommandBytes = kPixels * 12;
  const GLuint target = plain_buffer(kCommandBytes);
  gl_.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, target);
  stream(
      4,
      [](std::uint32_t lap) {
        std::vector<std::uint32_t> words(kPixels * 3);
        for (std::uint32_t i = 0; i < words.size(); ++i) words[i] = 1 + (i * 7 + lap * 3) % 5;
        const auto bytes = std::as_bytes(std::span(words));
        return Bytes(bytes.begin(), bytes.end());
      },
      [&](const pmb::Slice& slice) {
        gl_.BindBuffer(GL_DISPATCH_INDIRECT_BUFFER, slice.buffer());
        for (int i = 0; i < kPixels; ++i) {
          gl_.Uniform1ui(command, static_cast<GLuint>(i));
          gl_.DispatchComputeIndirect(offset_of(slice) + i * 12);
        }
        gl_.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
      },
      [&] { return contents(target, 0, kCommandBytes); }, [](const Bytes& bytes) { return bytes; });
}

TEST_P(Targets, PixelUnpack) {
  stream_to_image(4, [&](const pmb::Slice& slice) {
    gl_.BindBuffer(GL_PIXEL_UNPACK_BUFFER, slice.buffer());
    gl_.TexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, kPixels, 1, GL_RGBA_INTEGER, GL_UNSIGNED_INT,
                      pointer_of(slice));
    gl_.BindBuffer(GL_PIXEL_UNPACK_BUFFER, 0);
  });
}

TEST_P(Targets, CopySources) {
  const GLuint target = plain_buffer(kBytes);
  stream(
      1, [](std::uint32_t lap) { return pattern(kBytes - lap, lap); },
      [&](const pmb::Slice& slice) {
        gl_.BindBuffer(GL_COPY_READ_BUFFER, slice.buffer());
        gl_.BindBuffer(GL_COPY_WRITE_BUFFER, target);
        gl_.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, offset_of(slice), 0,
                              static_cast<GLsizeiptr>(slice.size_bytes()));
      },
      [&] { return contents(target, 0, kBytes - kLaps); },
      [](Bytes bytes) {
        bytes.resize(kBytes - kLaps);
        return bytes;
      });
}

TEST_P(Targets, PixelPack) {
  auto readback = pmb::ReadbackRing::create(context(), {.capacity_bytes = 3 * kBytes, .label = "pack"});
  ASSERT_TRUE(readback) << readback.error().message();
  for (std::uint32_t lap = 0; lap < kLaps; ++lap) {
    const Bytes bytes = pattern(kBytes, lap);
    gl_.TexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, kPixels, 1, GL_RGBA_INTEGER, GL_UNSIGNED_INT, bytes.data());
    const auto target = readback->acquire(kBytes);
    ASSERT_TRUE(target) << target.error().message();
    gl_.BindBuffer(GL_PIXEL_PACK_BUFFER, target->buffer());
    gl_.ReadPixels(0, 0, kPixels, 1, GL_RGBA_INTEGER, GL_UNSIGNED_INT,
                   reinterpret_cast<void*>(target->offset_bytes()));
    gl_.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
    mark();
    const auto view = target->wait(kPatience);
    ASSERT_TRUE(view) << view.error().message();
    ASSERT_EQ(first_difference(view->bytes(), bytes), -1) << "in lap " << lap;
    ASSERT_TRUE(target->release());
    expect_no_gl_error();
  }
}

// While transform feedback writes a buffer, any other use of it is undefined, even of other ranges (OpenGL 4.6 core,
// section 13.3.2). So it writes a block, which is a separate buffer. Its input is a slice.
TEST_P(Targets, TransformFeedbackIntoABlock) {
  const GLuint program = make_capture_program(gl_, R"(
    layout(location = 0) in uvec4 given;
    flat out uvec4 value;
    void main() {
      value = given.wzyx;
      gl_Position = vec4(0.0);
    }
  )",
                                              kShowValue, "value");
  gl_.UseProgram(program);
  gl_.EnableVertexAttribArray(0);
  auto pool = pmb::BlockPool::create(
      context(), {.block_bytes = kBytes, .count = 2, .access = pmb::Access::read, .label = "captured"});
  ASSERT_TRUE(pool) << pool.error().message();
  pmb::Block block;
  Bytes found;
  gl_.Enable(GL_RASTERIZER_DISCARD);
  stream(
      4, [](std::uint32_t lap) { return pattern(kBytes, lap); },
      [&](const pmb::Slice& slice) {
        const auto acquired = pool->acquire();
        ASSERT_TRUE(acquired) << acquired.error().message();
        block = *acquired;
        gl_.BindBuffer(GL_ARRAY_BUFFER, slice.buffer());
        gl_.VertexAttribIPointer(0, 4, GL_UNSIGNED_INT, 16, pointer_of(slice));
        gl_.BindBufferBase(GL_TRANSFORM_FEEDBACK_BUFFER, 0, block.buffer());
        gl_.BeginTransformFeedback(GL_POINTS);
        gl_.DrawArrays(GL_POINTS, 0, kPixels);
        gl_.EndTransformFeedback();
        gl_.BindBufferBase(GL_TRANSFORM_FEEDBACK_BUFFER, 0, 0);
      },
      [&] {
        const auto view = pool->wait_view(block, mark(), kPatience);
        EXPECT_TRUE(view) << view.error().message();
        Bytes bytes(view->bytes().begin(), view->bytes().end());
        EXPECT_TRUE(pool->release(block));
        return bytes;
      },
      [](const Bytes& bytes) {
        Bytes turned(bytes.size());
        for (std::size_t i = 0; i < bytes.size(); i += 4)
          std::memcpy(turned.data() + (i / 16 * 16 + 12 - i % 16), bytes.data() + i, 4);
        return turned;
      });
  gl_.Disable(GL_RASTERIZER_DISCARD);
}

PMB_EVERY_VARIANT(Targets);

}  // namespace
}  // namespace gl_test
