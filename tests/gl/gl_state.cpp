// SPDX-License-Identifier: MIT
// See gl_state.hpp.
#include "gl_state.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

#include "gl_scene.hpp"

namespace gl_test {
namespace {

struct Named {
  const char* name;
  GLenum what;
};
#define PMB_NAMED(what) \
  Named {               \
    #what, what         \
  }

constexpr const char* kCopyRead = "GL_COPY_READ_BUFFER_BINDING";
constexpr const char* kCopyWrite = "GL_COPY_WRITE_BUFFER_BINDING";

constexpr Named kIntegers[] = {
    PMB_NAMED(GL_ACTIVE_TEXTURE),
    PMB_NAMED(GL_ARRAY_BUFFER_BINDING),
    PMB_NAMED(GL_ATOMIC_COUNTER_BUFFER_BINDING),
    PMB_NAMED(GL_BLEND_DST_ALPHA),
    PMB_NAMED(GL_BLEND_DST_RGB),
    PMB_NAMED(GL_BLEND_EQUATION_RGB),
    PMB_NAMED(GL_BLEND_SRC_ALPHA),
    PMB_NAMED(GL_BLEND_SRC_RGB),
    {kCopyRead, GL_COPY_READ_BUFFER_BINDING},
    {kCopyWrite, GL_COPY_WRITE_BUFFER_BINDING},
    PMB_NAMED(GL_CULL_FACE_MODE),
    PMB_NAMED(GL_CURRENT_PROGRAM),
    PMB_NAMED(GL_DEBUG_GROUP_STACK_DEPTH),
    PMB_NAMED(GL_DEPTH_FUNC),
    PMB_NAMED(GL_DEPTH_WRITEMASK),
    PMB_NAMED(GL_DISPATCH_INDIRECT_BUFFER_BINDING),
    PMB_NAMED(GL_DRAW_FRAMEBUFFER_BINDING),
    PMB_NAMED(GL_DRAW_INDIRECT_BUFFER_BINDING),
    PMB_NAMED(GL_ELEMENT_ARRAY_BUFFER_BINDING),
    PMB_NAMED(GL_FRONT_FACE),
    PMB_NAMED(GL_LOGIC_OP_MODE),
    PMB_NAMED(GL_PACK_ALIGNMENT),
    PMB_NAMED(GL_PACK_COMPRESSED_BLOCK_SIZE),
    PMB_NAMED(GL_PACK_IMAGE_HEIGHT),
    PMB_NAMED(GL_PACK_LSB_FIRST),
    PMB_NAMED(GL_PACK_ROW_LENGTH),
    PMB_NAMED(GL_PACK_SKIP_IMAGES),
    PMB_NAMED(GL_PACK_SKIP_PIXELS),
    PMB_NAMED(GL_PACK_SKIP_ROWS),
    PMB_NAMED(GL_PACK_SWAP_BYTES),
    PMB_NAMED(GL_PIXEL_PACK_BUFFER_BINDING),
    PMB_NAMED(GL_PIXEL_UNPACK_BUFFER_BINDING),
    PMB_NAMED(GL_PRIMITIVE_RESTART_INDEX),
    PMB_NAMED(GL_PROVOKING_VERTEX),
    PMB_NAMED(GL_READ_BUFFER),
    PMB_NAMED(GL_READ_FRAMEBUFFER_BINDING),
    PMB_NAMED(GL_RENDERBUFFER_BINDING),
    PMB_NAMED(GL_SAMPLER_BINDING),
    PMB_NAMED(GL_SHADER_STORAGE_BUFFER_BINDING),
    PMB_NAMED(GL_STENCIL_FUNC),
    PMB_NAMED(GL_STENCIL_REF),
    PMB_NAMED(GL_STENCIL_WRITEMASK),
    PMB_NAMED(GL_TEXTURE_BINDING_1D),
    PMB_NAMED(GL_TEXTURE_BINDING_1D_ARRAY),
    PMB_NAMED(GL_TEXTURE_BINDING_2D),
    PMB_NAMED(GL_TEXTURE_BINDING_2D_ARRAY),
    PMB_NAMED(GL_TEXTURE_BINDING_3D),
    PMB_NAMED(GL_TEXTURE_BINDING_BUFFER),
    PMB_NAMED(GL_TEXTURE_BINDING_CUBE_MAP),
    PMB_NAMED(GL_TEXTURE_BINDING_RECTANGLE),
    PMB_NAMED(GL_TEXTURE_BUFFER_BINDING),
    PMB_NAMED(GL_TRANSFORM_FEEDBACK_BINDING),
    PMB_NAMED(GL_TRANSFORM_FEEDBACK_BUFFER_BINDING),
    PMB_NAMED(GL_UNIFORM_BUFFER_BINDING),
    PMB_NAMED(GL_UNPACK_ALIGNMENT),
    PMB_NAMED(GL_UNPACK_COMPRESSED_BLOCK_SIZE),
    PMB_NAMED(GL_UNPACK_IMAGE_HEIGHT),
    PMB_NAMED(GL_UNPACK_LSB_FIRST),
    PMB_NAMED(GL_UNPACK_ROW_LENGTH),
    PMB_NAMED(GL_UNPACK_SKIP_IMAGES),
    PMB_NAMED(GL_UNPACK_SKIP_PIXELS),
    PMB_NAMED(GL_UNPACK_SKIP_ROWS),
    PMB_NAMED(GL_UNPACK_SWAP_BYTES),
    PMB_NAMED(GL_VERTEX_ARRAY_BINDING),
};

constexpr Named kFourIntegers[] = {
    PMB_NAMED(GL_COLOR_WRITEMASK),
    PMB_NAMED(GL_SCISSOR_BOX),
    PMB_NAMED(GL_VIEWPORT),
};

constexpr Named kEnables[] = {
    PMB_NAMED(GL_BLEND),
    PMB_NAMED(GL_CULL_FACE),
    PMB_NAMED(GL_DEBUG_OUTPUT_SYNCHRONOUS),
    PMB_NAMED(GL_DEPTH_CLAMP),
    PMB_NAMED(GL_DEPTH_TEST),
    PMB_NAMED(GL_DITHER),
    PMB_NAMED(GL_FRAMEBUFFER_SRGB),
    PMB_NAMED(GL_MULTISAMPLE),
    PMB_NAMED(GL_POLYGON_OFFSET_FILL),
    PMB_NAMED(GL_PRIMITIVE_RESTART),
    PMB_NAMED(GL_RASTERIZER_DISCARD),
    PMB_NAMED(GL_SAMPLE_MASK),
    PMB_NAMED(GL_SCISSOR_TEST),
    PMB_NAMED(GL_STENCIL_TEST),
};

// Whether this kind of GL has a feature.
using Exists = bool (*)(const GladGLContext&);
bool always(const GladGLContext&) {
  return true;
}
bool has_storage_buffers(const GladGLContext& gl) {
  return gl.VERSION_4_3 || gl.ES_VERSION_3_1 || gl.ARB_shader_storage_buffer_object;
}
bool has_dispatch(const GladGLContext& gl) {
  return gl.VERSION_4_3 || gl.ES_VERSION_3_1 || gl.ARB_compute_shader;
}
bool has_atomic_counters(const GladGLContext& gl) {
  return gl.VERSION_4_2 || gl.ES_VERSION_3_1;
}
bool has_draw_indirect(const GladGLContext& gl) {
  return gl.VERSION_4_0 || gl.ES_VERSION_3_1;
}
bool has_texture_buffers(const GladGLContext& gl) {
  return gl.VERSION_3_1 || gl.ES_VERSION_3_2;
}

struct Indexed {
  Exists exists;
  const char* name;
  GLenum target;
  GLenum binding;
  GLenum start;
  GLenum size;
};
constexpr Indexed kIndexed[] = {
    {always, "GL_UNIFORM_BUFFER", GL_UNIFORM_BUFFER, GL_UNIFORM_BUFFER_BINDING, GL_UNIFORM_BUFFER_START,
     GL_UNIFORM_BUFFER_SIZE},
    {has_storage_buffers, "GL_SHADER_STORAGE_BUFFER", GL_SHADER_STORAGE_BUFFER,
     GL_SHADER_STORAGE_BUFFER_BINDING, GL_SHADER_STORAGE_BUFFER_START, GL_SHADER_STORAGE_BUFFER_SIZE},
    {has_atomic_counters, "GL_ATOMIC_COUNTER_BUFFER", GL_ATOMIC_COUNTER_BUFFER,
     GL_ATOMIC_COUNTER_BUFFER_BINDING, GL_ATOMIC_COUNTER_BUFFER_START, GL_ATOMIC_COUNTER_BUFFER_SIZE},
    {always, "GL_TRANSFORM_FEEDBACK_BUFFER", GL_TRANSFORM_FEEDBACK_BUFFER,
     GL_TRANSFORM_FEEDBACK_BUFFER_BINDING, GL_TRANSFORM_FEEDBACK_BUFFER_START,
     GL_TRANSFORM_FEEDBACK_BUFFER_SIZE},
};
constexpr GLuint kIndices = 2;

struct Target {
  GLenum target;
  Exists exists = always;
};
constexpr Target kBufferTargets[] = {
    {GL_ARRAY_BUFFER},
    {GL_COPY_READ_BUFFER},
    {GL_COPY_WRITE_BUFFER},
    {GL_DISPATCH_INDIRECT_BUFFER, has_dispatch},
    {GL_DRAW_INDIRECT_BUFFER, has_draw_indirect},
    {GL_ELEMENT_ARRAY_BUFFER},
    {GL_PIXEL_PACK_BUFFER},
    {GL_PIXEL_UNPACK_BUFFER},
    {GL_TEXTURE_BUFFER, has_texture_buffers},
    {GL_TRANSFORM_FEEDBACK_BUFFER},
};

GLuint new_buffer(const GladGLContext& gl) {
  GLuint name = 0;
  gl.GenBuffers(1, &name);
  gl.BindBuffer(GL_ARRAY_BUFFER, name);
  gl.BufferData(GL_ARRAY_BUFFER, 4096, nullptr, GL_STATIC_DRAW);
  return name;
}

}  // namespace

GlState capture_state(const GladGLContext& gl) {
  EXPECT_EQ(gl.GetError(), static_cast<GLenum>(GL_NO_ERROR)) << "an error was pending before the capture";
  GlState state;
  // State that this kind of GL does not have is skipped.
  const auto is_known = [&] { return gl.GetError() == GL_NO_ERROR; };
  for (const Named& one : kIntegers) {
    GLint64 value = 0;
    gl.GetInteger64v(one.what, &value);
    if (is_known()) state[one.name] = value;
  }
  for (const Named& one : kFourIntegers) {
    GLint values[4] = {};
    gl.GetIntegerv(one.what, values);
    for (int i = 0; i < 4; ++i) state[std::string(one.name) + "." + std::to_string(i)] = values[i];
  }
  for (const Named& one : kEnables) {
    const GLboolean value = gl.IsEnabled(one.what);
    if (is_known()) state[one.name] = value;
  }
  for (const Indexed& one : kIndexed) {
    if (!one.exists(gl)) continue;
    for (GLuint index = 0; index < kIndices; ++index) {
      const std::string prefix = std::string(one.name) + "[" + std::to_string(index) + "]";
      for (const Named& part :
           {Named{".binding", one.binding}, Named{".start", one.start}, Named{".size", one.size}}) {
        GLint64 value = 0;
        gl.GetInteger64i_v(part.what, index, &value);
        state[prefix + part.name] = value;
      }
    }
  }
  return state;
}

void occupy_state(const GladGLContext& gl) {
  bind_scene(gl);
  for (const Indexed& one : kIndexed) {
    if (!one.exists(gl)) continue;
    for (GLuint index = 0; index < kIndices; ++index) {
      gl.BindBufferRange(one.target, index, new_buffer(gl), 256, 1024);
    }
  }
  const GLuint array = new_buffer(gl);
  for (const Target& one : kBufferTargets) {
    if (one.exists(gl)) gl.BindBuffer(one.target, one.target == GL_ARRAY_BUFFER ? array : new_buffer(gl));
  }
  gl.BindBuffer(GL_ARRAY_BUFFER, array);
  GLuint name = 0;
  gl.GenSamplers(1, &name);
  gl.BindSampler(0, name);
  gl.GenRenderbuffers(1, &name);
  gl.BindRenderbuffer(GL_RENDERBUFFER, name);
  gl.GenTextures(1, &name);
  gl.ActiveTexture(GL_TEXTURE3);
  gl.BindTexture(GL_TEXTURE_2D, name);
  const bool desktop = !gl.ES_VERSION_3_0;
  const auto bind_textures = [&](std::initializer_list<int> targets) {
    for (const int target : targets) {
      gl.GenTextures(1, &name);
      gl.BindTexture(static_cast<GLenum>(target), name);
    }
  };
  bind_textures({GL_TEXTURE_2D_ARRAY, GL_TEXTURE_3D, GL_TEXTURE_CUBE_MAP});
  if (desktop) bind_textures({GL_TEXTURE_1D, GL_TEXTURE_1D_ARRAY, GL_TEXTURE_RECTANGLE});
  gl.PixelStorei(GL_PACK_ALIGNMENT, 2);
  gl.PixelStorei(GL_UNPACK_ALIGNMENT, 8);
  GLint value = 17;
  const auto store = [&](std::initializer_list<int> parameters) {
    for (const int parameter : parameters) gl.PixelStorei(static_cast<GLenum>(parameter), value++);
  };
  store({GL_UNPACK_ROW_LENGTH, GL_UNPACK_IMAGE_HEIGHT, GL_UNPACK_SKIP_PIXELS, GL_UNPACK_SKIP_ROWS,
         GL_UNPACK_SKIP_IMAGES, GL_PACK_ROW_LENGTH, GL_PACK_SKIP_PIXELS, GL_PACK_SKIP_ROWS});
  if (desktop) store({GL_PACK_IMAGE_HEIGHT, GL_PACK_SKIP_IMAGES});
  if (gl.VERSION_4_2) store({GL_UNPACK_COMPRESSED_BLOCK_SIZE, GL_PACK_COMPRESSED_BLOCK_SIZE});
  // Values other than 0 are stored as 1.
  if (desktop) store({GL_UNPACK_SWAP_BYTES, GL_UNPACK_LSB_FIRST, GL_PACK_SWAP_BYTES, GL_PACK_LSB_FIRST});
  gl.Viewport(1, 2, 30, 40);
  gl.Scissor(3, 4, 50, 60);
  gl.ColorMask(GL_TRUE, GL_FALSE, GL_TRUE, GL_FALSE);
  gl.Enable(GL_SCISSOR_TEST);
  gl.Enable(GL_BLEND);
  gl.Enable(GL_DEPTH_TEST);
  gl.DepthFunc(GL_GEQUAL);
  gl.BlendFunc(GL_ONE, GL_ONE);
  if (gl.PrimitiveRestartIndex) gl.PrimitiveRestartIndex(7);
  EXPECT_EQ(gl.GetError(), static_cast<GLenum>(GL_NO_ERROR));
}

std::string changes(const GlState& before, const GlState& after) {
  std::string text;
  for (const auto& [name, value] : before) {
    const std::int64_t now = after.at(name);
    if (now == value || name == kCopyRead || name == kCopyWrite) continue;
    text += name + ": " + std::to_string(value) + " -> " + std::to_string(now) + "\n";
  }
  return text;
}

}  // namespace gl_test
