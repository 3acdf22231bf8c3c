// SPDX-License-Identifier: MIT
// Frames from the top down without Mesa's extension: by a shader where it returns the bytes of glReadPixels, by a blit
// elsewhere.
#include <pmb/frame_grabber.hpp>

#include <EGL/egl.h>

#include <array>
#include <cstring>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_state.hpp"
#include "texture_scene.hpp"

namespace gl_test {
namespace {

using pmb::PixelRectangle;
using pmb::TexelLayout;

// Counts the dispatches of pmb and hides Mesa's extension from it.
struct Hooks {
  static inline PFNGLGETSTRINGIPROC get_string = nullptr;
  static inline PFNGLDISPATCHCOMPUTEPROC dispatch = nullptr;
  static inline int dispatches = 0;

  static const GLubyte* GLAD_API_PTR string_without_pack_invert(GLenum name, GLuint index) {
    const auto* const found = reinterpret_cast<const char*>(get_string(name, index));
    const bool hidden = found && std::strcmp(found, "GL_MESA_pack_invert") == 0;
    return reinterpret_cast<const GLubyte*>(hidden ? "GL_hidden" : found);
  }
  static void GLAD_API_PTR counted_dispatch(GLuint x, GLuint y, GLuint z) {
    ++dispatches;
    dispatch(x, y, z);
  }
  static void* load(const char* name) {
    const auto function = eglGetProcAddress(name);
    if (std::strcmp(name, "glGetStringi") == 0) {
      get_string = reinterpret_cast<PFNGLGETSTRINGIPROC>(function);
      return reinterpret_cast<void*>(&string_without_pack_invert);
    }
    if (std::strcmp(name, "glDispatchCompute") == 0 && function) {
      dispatch = reinterpret_cast<PFNGLDISPATCHCOMPUTEPROC>(function);
      return reinterpret_cast<void*>(&counted_dispatch);
    }
    return reinterpret_cast<void*>(function);
  }
};

constexpr TexelLayout layout_of(GLenum format, GLenum type) {
  return {.format = format, .type = type};
}

class FrameFlip : public EveryVariant {
 protected:
  static constexpr std::uint32_t kWidth = 45;  // odd, so that rows of bytes start anywhere
  static constexpr std::uint32_t kHeight = 22;
  static constexpr PixelRectangle kAll = {.width = kWidth, .height = kHeight};

  TestOptions test_options() const override {
    TestOptions options = EveryVariant::test_options();
    options.load = &Hooks::load;
    return options;
  }
  void SetUp() override {
    EveryVariant::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (!context_->limits().direct_state_access || context_->limits().gl_major < 4)
      GTEST_SKIP() << "GL does not report the target of a texture here";
    gl_.PixelStorei(GL_UNPACK_ALIGNMENT, 1);
    gl_.PixelStorei(GL_PACK_ALIGNMENT, 1);
    Hooks::dispatches = 0;
  }

  GLint integer(GLenum what) const {
    GLint value = 0;
    gl_.GetIntegerv(what, &value);
    return value;
  }

  GLuint make_texture(GLenum internal_format, const TexelLayout& layout, const void* texels,
                      GLsizei width = kWidth, GLsizei height = kHeight) {
    GLuint texture = 0;
    gl_.GenTextures(1, &texture);
    gl_.BindTexture(GL_TEXTURE_2D, texture);
    gl_.TexImage2D(GL_TEXTURE_2D, 0, static_cast<GLint>(internal_format), width, height, 0, layout.format,
                   layout.type, texels);
    gl_.BindTexture(GL_TEXTURE_2D, 0);
    return texture;
  }
  // Bound for reading and drawing until the end of the context.
  void bind_framebuffer() {
    GLuint framebuffer = 0;
    gl_.GenFramebuffers(1, &framebuffer);
    gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer);
  }
  bool attach(GLuint texture, GLenum point = GL_COLOR_ATTACHMENT0, GLint level = 0) {
    bind_framebuffer();
    gl_.FramebufferTexture2D(GL_FRAMEBUFFER, point, GL_TEXTURE_2D, texture, level);
    return gl_.CheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
  }
  GLuint attach_picture(std::uint32_t seed = 3) {
    const GLuint texture =
        make_texture(GL_RGBA8, TexelLayout::rgba8(), pattern(kWidth * kHeight * 4, seed).data());
    EXPECT_TRUE(attach(texture));
    return texture;
  }

  // A frame as GL reads it, from the top down.
  Bytes expected_of(const PixelRectangle& part, const TexelLayout& layout) {
    Bytes expected(static_cast<std::size_t>(
        pmb::texel_bytes({.width = part.width, .height = part.height}, layout).value()));
    gl_.ReadPixels(part.x, part.y, static_cast<GLsizei>(part.width), static_cast<GLsizei>(part.height),
                   layout.format, layout.type, expected.data());
    expect_no_gl_error();
    return upside_down(expected, part.height);
  }
  // Grabs a frame and compares it. Returns whether a shader wrote it.
  bool is_grabbed_by_shader(const TexelLayout& layout = TexelLayout::rgba8(),
                            const PixelRectangle& part = kAll) {
    const Bytes expected = expected_of(part, layout);
    const int before = Hooks::dispatches;
    auto grabber = pmb::FrameGrabber::create(context(), {.layout = layout});
    EXPECT_TRUE(grabber);
    const auto grabbed = grabber->grab(part);
    EXPECT_TRUE(grabbed) << (grabbed ? "" : grabbed.error().message());
    const auto frame = grabber->next(0);
    EXPECT_TRUE(frame) << (frame ? "" : frame.error().message());
    if (frame) {
      EXPECT_EQ(first_difference(frame->bytes(), expected), -1);
    }
    expect_no_gl_error();
    return Hooks::dispatches != before;
  }
};
// Those that edit by name: the others do not ask for the target of a texture.
std::vector<Variant> variants_by_name() {
  std::vector<Variant> variants = every_variant();
  std::erase_if(variants, [](const Variant& variant) { return variant.bind_to_edit; });
  return variants;
}
PMB_IN_VARIANTS(FrameFlip, variants_by_name);

TEST_P(FrameFlip, TheShaderWritesTheBytesOfGlReadPixelsInEachLayout) {
  constexpr GLenum kBytes = GL_UNSIGNED_BYTE;
  struct Source {
    GLenum internal_format;
    TexelLayout written;
    std::vector<TexelLayout> grabbed;
  };
  const std::vector<TexelLayout> bytes = {layout_of(GL_RED, kBytes),  layout_of(GL_RG, kBytes),
                                          layout_of(GL_RGB, kBytes),  layout_of(GL_BGR, kBytes),
                                          layout_of(GL_RGBA, kBytes), layout_of(GL_BGRA, kBytes)};
  const std::vector<TexelLayout> floats = {layout_of(GL_RED, GL_FLOAT), layout_of(GL_RGB, GL_FLOAT),
                                           layout_of(GL_RGBA, GL_FLOAT), layout_of(GL_BGRA, GL_FLOAT)};
  std::vector<TexelLayout> halves = {layout_of(GL_RED, GL_HALF_FLOAT), layout_of(GL_RG, GL_HALF_FLOAT),
                                     layout_of(GL_RGB, GL_HALF_FLOAT), layout_of(GL_RGBA, GL_HALF_FLOAT)};
  halves.insert(halves.end(), floats.begin(), floats.end());
  const Source sources[] = {
      {GL_R8, layout_of(GL_RED, kBytes), bytes},
      {GL_RG8, layout_of(GL_RG, kBytes), bytes},
      {GL_RGB8, layout_of(GL_RGB, kBytes), bytes},
      {GL_RGBA8, layout_of(GL_RGBA, kBytes), bytes},
      {GL_RGBA, layout_of(GL_RGBA, kBytes), bytes},
      {GL_R16F, layout_of(GL_RED, GL_HALF_FLOAT), halves},
      {GL_RGBA16F, layout_of(GL_RGBA, GL_HALF_FLOAT), halves},
      {GL_R32F, layout_of(GL_RED, GL_FLOAT), floats},
      {GL_RGBA32F, layout_of(GL_RGBA, GL_FLOAT), floats},
      {GL_DEPTH_COMPONENT32F, layout_of(GL_DEPTH_COMPONENT, GL_FLOAT), {TexelLayout::depth32f()}},
  };
  std::size_t compared = 0;
  for (const Source& source : sources) {
    Bytes texels = pattern(kWidth * kHeight * 16, source.internal_format);
    for (std::size_t at = 0; at < texels.size(); at += 4) {
      // Numbers, from 0 to 1: in floats, and in the upper and lower half of each word.
      const bool half = source.written.type == GL_HALF_FLOAT;
      const auto seed = static_cast<std::uint32_t>(std::to_integer<unsigned>(texels[at]));
      const float number = static_cast<float>(seed) / 255.0F;
      const std::uint32_t halved = (seed * 57) | (seed * 31) << 16;
      if (source.written.type != kBytes)
        std::memcpy(texels.data() + at, half ? static_cast<const void*>(&halved) : &number, 4);
    }
    const bool depth = source.internal_format == GL_DEPTH_COMPONENT32F;
    if (!attach(make_texture(source.internal_format, source.written, texels.data()),
                depth ? GL_DEPTH_ATTACHMENT : GL_COLOR_ATTACHMENT0))
      continue;
    for (const TexelLayout& layout : source.grabbed) {
      SCOPED_TRACE(testing::Message()
                   << std::hex << source.internal_format << " as " << layout.format << ", " << layout.type);
      EXPECT_TRUE(is_grabbed_by_shader(layout));
      EXPECT_TRUE(is_grabbed_by_shader(layout, {.x = 7, .y = 3, .width = 13, .height = 11}));
      EXPECT_TRUE(is_grabbed_by_shader(layout, {.x = 44, .y = 21, .width = 1, .height = 1}));
      compared += 3;
    }
  }
  EXPECT_GE(compared, 100U);
}

// Every half float but NaN; and floats with subnormal ones, infinities and the largest among them.
TEST_P(FrameFlip, FloatsKeepTheirBits) {
  std::vector<std::uint16_t> halves;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits)
    halves.push_back(static_cast<std::uint16_t>((bits & 0x7FFFU) > 0x7C00U ? 0 : bits));
  ASSERT_TRUE(attach(make_texture(GL_RGBA16F, TexelLayout::rgba16f(), halves.data(), 128, 128)));
  EXPECT_TRUE(is_grabbed_by_shader(TexelLayout::rgba16f(), {.width = 128, .height = 128}));
  std::vector<std::uint32_t> floats;
  for (std::uint32_t at = 0; at < 128 * 128 * 4; ++at) {
    const std::uint32_t bits = at * 2654435761U;
    floats.push_back((bits & 0x7FFFFFFFU) > 0x7F800000U ? at : bits);
  }
  ASSERT_TRUE(attach(make_texture(GL_RGBA32F, TexelLayout::rgba32f(), floats.data(), 128, 128)));
  EXPECT_TRUE(is_grabbed_by_shader(TexelLayout::rgba32f(), {.width = 128, .height = 128}));
}

TEST_P(FrameFlip, RowsMayBeApart) {
  attach_picture();
  for (const TexelLayout& packed : {TexelLayout::rgb8(), TexelLayout::rgba8()}) {
    const Bytes expected = expected_of(kAll, packed);
    const std::size_t row = expected.size() / kHeight;
    for (const std::size_t stride : {row + 4, (row + 7) / 8 * 8}) {
      if (stride % (packed.format == GL_RGB ? 3 : 4) != 0 && stride % 8 != 0) continue;
      TexelLayout apart = packed;
      apart.row_stride_bytes = stride;
      auto grabber = pmb::FrameGrabber::create(context(), {.layout = apart});
      ASSERT_TRUE(grabber);
      ASSERT_TRUE(grabber->grab(kAll));
      const auto frame = grabber->next(0);
      ASSERT_TRUE(frame);
      ASSERT_EQ(frame->bytes().size(), (kHeight - 1) * stride + row);
      for (std::size_t y = 0; y < kHeight; ++y) {
        EXPECT_EQ(first_difference(frame->bytes().subspan(y * stride, row),
                                   std::span(expected).subspan(y * row, row)),
                  -1)
            << y;
      }
    }
  }
  EXPECT_GE(Hooks::dispatches, 3);
}

TEST_P(FrameFlip, AFrameLargerThanARowOfTheGridIsWhole) {
  ASSERT_TRUE(
      attach(make_texture(GL_RGBA8, TexelLayout::rgba8(), pattern(300 * 300 * 4, 8).data(), 300, 300)));
  EXPECT_TRUE(is_grabbed_by_shader(TexelLayout::rgba8(), {.width = 300, .height = 300}));
  EXPECT_TRUE(is_grabbed_by_shader(TexelLayout::rgb8(), {.width = 299, .height = 300}));
}

TEST_P(FrameFlip, WhatWasDrawnLastIsInTheFrame) {
  attach_picture();
  auto grabber = pmb::FrameGrabber::create(context());
  ASSERT_TRUE(grabber);
  for (int number = 0; number < 20; ++number) {
    gl_.ClearColor(static_cast<float>(number) / 255.0F, 0.2F, 0.4F, 1);
    gl_.Clear(GL_COLOR_BUFFER_BIT);
    ASSERT_TRUE(grabber->grab(kAll));
    const auto frame = grabber->next(0);
    ASSERT_TRUE(frame);
    for (std::size_t at = 0; at < frame->bytes().size(); at += 4)
      ASSERT_EQ(frame->bytes()[at], std::byte(number)) << at;
  }
  EXPECT_EQ(Hooks::dispatches, 20);
}

TEST_P(FrameFlip, AnImageOfATextureIsAFrame) {
  const GLuint texture = attach_picture();
  const Bytes expected = expected_of(kAll, TexelLayout::rgba8());
  gl_.BindFramebuffer(GL_FRAMEBUFFER, 0);
  auto grabber = pmb::FrameGrabber::create(context());
  ASSERT_TRUE(grabber);
  ASSERT_TRUE(grabber->grab_texture(
      {.texture = texture, .target = GL_TEXTURE_2D, .width = kWidth, .height = kHeight}));
  const auto frame = grabber->next(0);
  ASSERT_TRUE(frame);
  EXPECT_EQ(first_difference(frame->bytes(), expected), -1);
  EXPECT_EQ(Hooks::dispatches, 1);
}

// Where the shader would return other bytes than glReadPixels.
TEST_P(FrameFlip, OtherImagesAndFormatsAreBlitted) {
  struct Source {
    GLenum internal_format;
    TexelLayout written;
    TexelLayout grabbed;
  };
  constexpr TexelLayout kTenBits = {.format = GL_RGBA, .type = GL_UNSIGNED_INT_2_10_10_10_REV};
  constexpr TexelLayout kWholeNumbers = {.format = GL_RGBA_INTEGER, .type = GL_UNSIGNED_INT};
  constexpr TexelLayout kShorts = {.format = GL_RGBA, .type = GL_UNSIGNED_SHORT};
  for (const Source& source :
       {Source{GL_SRGB8_ALPHA8, TexelLayout::rgba8(), TexelLayout::rgba8()},
        Source{GL_RGB10_A2, kTenBits, TexelLayout::rgba8()}, Source{GL_RGBA16, kShorts, TexelLayout::rgba8()},
        Source{GL_RGBA8, TexelLayout::rgba8(), TexelLayout::rgba32f()},
        Source{GL_RGBA8, TexelLayout::rgba8(), kShorts},
        Source{GL_RGBA8, TexelLayout::rgba8(), layout_of(GL_GREEN, GL_UNSIGNED_BYTE)},
        Source{GL_RGBA32UI, kWholeNumbers, kWholeNumbers}}) {
    SCOPED_TRACE(testing::Message() << std::hex << source.internal_format << " as " << source.grabbed.type);
    const Bytes texels = pattern(kWidth * kHeight * 16, 5);
    if (!attach(make_texture(source.internal_format, source.written, texels.data()))) continue;
    EXPECT_FALSE(is_grabbed_by_shader(source.grabbed));
  }
  gl_.BindFramebuffer(GL_FRAMEBUFFER, 0);
  // A level other than 0, alone and as the base level.
  const Bytes texels = pattern(kWidth * kHeight * 16, 6);
  const GLuint levels = make_texture(GL_RGBA8, TexelLayout::rgba8(), texels.data(), 90, 44);
  gl_.BindTexture(GL_TEXTURE_2D, levels);
  gl_.TexImage2D(GL_TEXTURE_2D, 1, GL_RGBA8, kWidth, kHeight, 0, GL_RGBA, GL_UNSIGNED_BYTE, texels.data());
  gl_.TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, 1);
  ASSERT_TRUE(attach(levels, GL_COLOR_ATTACHMENT0, 1));
  EXPECT_FALSE(is_grabbed_by_shader());
  ASSERT_TRUE(attach(levels));
  EXPECT_TRUE(is_grabbed_by_shader());
  gl_.TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_BASE_LEVEL, 1);
  EXPECT_FALSE(is_grabbed_by_shader());
  // Layers, faces, rectangles and renderbuffers.
  for (const GLenum target :
       std::initializer_list<GLenum>{GL_TEXTURE_2D_ARRAY, GL_TEXTURE_CUBE_MAP, GL_TEXTURE_RECTANGLE}) {
    GLuint texture = 0;
    gl_.GenTextures(1, &texture);
    gl_.BindTexture(target, texture);
    bind_framebuffer();
    if (target == GL_TEXTURE_2D_ARRAY) {
      gl_.TexStorage3D(target, 1, GL_RGBA8, kWidth, kHeight, 3);
      gl_.FramebufferTextureLayer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, texture, 0, 2);
    } else {
      const bool cube = target == GL_TEXTURE_CUBE_MAP;
      gl_.TexStorage2D(target, 1, GL_RGBA8, kWidth, cube ? kWidth : kHeight);
      gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0,
                               cube ? GL_TEXTURE_CUBE_MAP_NEGATIVE_Y : target, texture, 0);
    }
    gl_.ClearColor(0.5F, 0.25F, 0.125F, 1);
    gl_.Clear(GL_COLOR_BUFFER_BIT);
    EXPECT_FALSE(is_grabbed_by_shader());
  }
  GLuint renderbuffer = 0;
  gl_.GenRenderbuffers(1, &renderbuffer);
  gl_.BindRenderbuffer(GL_RENDERBUFFER, renderbuffer);
  gl_.RenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, kWidth, kHeight);
  bind_framebuffer();
  gl_.FramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, renderbuffer);
  gl_.Clear(GL_COLOR_BUFFER_BIT);
  EXPECT_FALSE(is_grabbed_by_shader());
}

TEST_P(FrameFlip, StateThatChangesWhatAShaderReadsIsRespected) {
  const GLuint texture = attach_picture();
  gl_.BindTexture(GL_TEXTURE_2D, texture);
  gl_.TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_SWIZZLE_G, GL_ONE);
  EXPECT_FALSE(is_grabbed_by_shader());
  gl_.TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_SWIZZLE_G, GL_GREEN);
  EXPECT_TRUE(is_grabbed_by_shader());
  // Filters and comparison are those of pmb's sampler.
  gl_.TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR_MIPMAP_LINEAR);
  EXPECT_TRUE(is_grabbed_by_shader());
  std::vector<float> large(kWidth * kHeight * 4, 7.5F);
  ASSERT_TRUE(attach(make_texture(GL_RGBA32F, TexelLayout::rgba32f(), large.data())));
  gl_.ClampColor(GL_CLAMP_READ_COLOR, GL_TRUE);
  EXPECT_FALSE(is_grabbed_by_shader(TexelLayout::rgba32f()));
  gl_.ClampColor(GL_CLAMP_READ_COLOR, GL_FIXED_ONLY);
  EXPECT_TRUE(is_grabbed_by_shader(TexelLayout::rgba32f()));
  const std::vector<float> depths(kWidth * kHeight, 0.75F);
  const GLuint depth = make_texture(GL_DEPTH_COMPONENT32F, TexelLayout::depth32f(), depths.data());
  gl_.BindTexture(GL_TEXTURE_2D, depth);
  gl_.TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_COMPARE_MODE, GL_COMPARE_REF_TO_TEXTURE);
  ASSERT_TRUE(attach(depth, GL_DEPTH_ATTACHMENT));
  EXPECT_TRUE(is_grabbed_by_shader(TexelLayout::depth32f()));
}

// A program whose state another program would end stays current, and the frame is blitted.
TEST_P(FrameFlip, AProgramThatCannotBeLeftStays) {
  attach_picture();
  const auto program_of = [&](GLenum type, const char* text) {
    const GLuint program = gl_.CreateShaderProgramv(type, 1, &text);
    GLint linked = 0;
    gl_.GetProgramiv(program, GL_LINK_STATUS, &linked);
    EXPECT_NE(linked, 0);
    return program;
  };
  constexpr const char* kPlain = "#version 430\nlayout(local_size_x = 1) in; void main() {}";
  const GLuint flagged = program_of(GL_COMPUTE_SHADER, kPlain);
  gl_.UseProgram(flagged);
  EXPECT_TRUE(is_grabbed_by_shader());
  EXPECT_EQ(integer(GL_CURRENT_PROGRAM), static_cast<GLint>(flagged));
  gl_.DeleteProgram(flagged);
  EXPECT_FALSE(is_grabbed_by_shader());
  EXPECT_EQ(integer(GL_CURRENT_PROGRAM), static_cast<GLint>(flagged));

  const GLuint choosing = program_of(
      GL_VERTEX_SHADER,
      "#version 430\nsubroutine vec4 Kind(); subroutine uniform Kind kind;"
      "subroutine(Kind) vec4 one() { return vec4(1); } subroutine(Kind) vec4 two() { return vec4(2); }"
      "out gl_PerVertex { vec4 gl_Position; }; void main() { gl_Position = kind(); }");
  gl_.UseProgram(choosing);
  const GLuint two = gl_.GetSubroutineIndex(choosing, GL_VERTEX_SHADER, "two");
  gl_.UniformSubroutinesuiv(GL_VERTEX_SHADER, 1, &two);
  EXPECT_FALSE(is_grabbed_by_shader());
  GLuint chosen = 77;
  gl_.GetUniformSubroutineuiv(GL_VERTEX_SHADER, 0, &chosen);
  EXPECT_EQ(chosen, two);
  gl_.UseProgram(0);

  GLuint pipeline = 0;
  gl_.GenProgramPipelines(1, &pipeline);
  gl_.UseProgramStages(pipeline, GL_COMPUTE_SHADER_BIT, program_of(GL_COMPUTE_SHADER, kPlain));
  gl_.BindProgramPipeline(pipeline);
  EXPECT_FALSE(is_grabbed_by_shader());
  EXPECT_EQ(integer(GL_PROGRAM_PIPELINE_BINDING), static_cast<GLint>(pipeline));
  gl_.BindProgramPipeline(0);
}

TEST_P(FrameFlip, TransformFeedbackGoesOn) {
  attach_picture();
  const char* const text =
      "#version 430\nout float got; out gl_PerVertex { vec4 gl_Position; };"
      "void main() { got = 1; gl_Position = vec4(0); }";
  const char* const name = "got";
  const GLuint shader = gl_.CreateShader(GL_VERTEX_SHADER);
  gl_.ShaderSource(shader, 1, &text, nullptr);
  gl_.CompileShader(shader);
  const GLuint program = gl_.CreateProgram();
  gl_.AttachShader(program, shader);
  gl_.TransformFeedbackVaryings(program, 1, &name, GL_INTERLEAVED_ATTRIBS);
  gl_.LinkProgram(program);
  gl_.UseProgram(program);
  gl_.BindBufferBase(GL_TRANSFORM_FEEDBACK_BUFFER, 0, plain_buffer(64));
  gl_.BeginTransformFeedback(GL_POINTS);
  EXPECT_FALSE(is_grabbed_by_shader());
  gl_.PauseTransformFeedback();
  EXPECT_TRUE(is_grabbed_by_shader());
  gl_.ResumeTransformFeedback();
  gl_.EndTransformFeedback();
  expect_no_gl_error();
}

TEST_P(FrameFlip, StateOfTheProgramStays) {
  const GLuint texture = attach_picture();
  const Bytes expected = expected_of(kAll, TexelLayout::rgba8());
  occupy_state(gl_);
  auto grabber = pmb::FrameGrabber::create(context());
  ASSERT_TRUE(grabber);
  const GlState before = capture_state(gl_);
  ASSERT_TRUE(grabber->grab_texture(
      {.texture = texture, .target = GL_TEXTURE_2D, .width = kWidth, .height = kHeight}));
  EXPECT_EQ(changes(before, capture_state(gl_)), "");
  EXPECT_EQ(Hooks::dispatches, 1);
  const auto frame = grabber->next(0);
  ASSERT_TRUE(frame);
  EXPECT_EQ(first_difference(frame->bytes(), expected), -1);
}

}  // namespace
}  // namespace gl_test
