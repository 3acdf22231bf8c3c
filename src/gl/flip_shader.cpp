// SPDX-License-Identifier: MIT
#include "gl/flip_shader.hpp"

#include <algorithm>
#include <bit>
#include <initializer_list>
#include <optional>
#include <string>

#include "gl/exact_texture.hpp"
#include "gl/texture_calls.hpp"

namespace pmb::detail {
namespace {

/// Each invocation writes one word, wherever in a row it lies: rows of RGB8 start at any byte.
constexpr const char* kShader = R"(
layout(local_size_x = 256) in;
layout(location = 0) uniform sampler2D picture;
layout(location = 1) uniform uvec2 corner;  // the upper left texel
layout(location = 2) uniform uvec3 shape;   // bytes of a row, bytes from row to row, rows
layout(std430, binding = 0) writeonly buffer Frame { uint words[]; };

float element(uint at) {
  uint row = at / shape.y;
  uint column = at % shape.y;
  if (column >= shape.x || row >= shape.z) return 0.0;
  uint number = column / ELEMENT_BYTES;
  vec4 texel = texelFetch(picture, ivec2(corner.x + number / COMPONENTS, corner.y - row), 0).ORDER;
  return texel[number % COMPONENTS];
}

void main() {
  uint word = gl_GlobalInvocationID.y * 65536u + gl_GlobalInvocationID.x;
  if (word >= uint(words.length())) return;
  uint at = word * 4u;
#if ELEMENT_BYTES == 1
  words[word] = packUnorm4x8(vec4(element(at), element(at + 1u), element(at + 2u), element(at + 3u)));
#elif ELEMENT_BYTES == 2
  words[word] = packHalf2x16(vec2(element(at), element(at + 2u)));
#else
  words[word] = floatBitsToUint(element(at));
#endif
}
)";
constexpr std::uint64_t kGroup = 256;        // invocations
constexpr std::uint64_t kGroupsInRow = 256;  // of the grid: 65536 words

struct Packing {
  std::uint32_t components;
  std::uint32_t element_bytes;
  bool blue_first;
};

/// Nothing for a layout that the shader does not write.
std::optional<Packing> packing_of(const TexelLayout& layout) noexcept {
  Packing packing = {};
  switch (layout.type) {
    case GL_UNSIGNED_BYTE:
      packing.element_bytes = 1;
      break;
    case GL_HALF_FLOAT:
      packing.element_bytes = 2;
      break;
    case GL_FLOAT:
      packing.element_bytes = 4;
      break;
    default:
      return std::nullopt;
  }
  switch (layout.format) {
    case GL_DEPTH_COMPONENT:
    case GL_RED:
      packing.components = 1;
      break;
    case GL_RG:
      packing.components = 2;
      break;
    case GL_RGB:
    case GL_BGR:
      packing.components = 3;
      break;
    case GL_RGBA:
    case GL_BGRA:
      packing.components = 4;
      break;
    default:
      return std::nullopt;
  }
  packing.blue_first = layout.format == GL_BGR || layout.format == GL_BGRA;
  return packing;
}

/// Another program can be current for a moment. That would reset the subroutines of the program, would end a program that
/// is flagged for deletion, and is an error during transform feedback (OpenGL 4.6 core, sections 7.3, 7.10 and 13.3.2).
bool can_leave_program(const GlTable& gl) noexcept {
  if (gl.integer(GL_TRANSFORM_FEEDBACK_ACTIVE) != 0 && gl.integer(GL_TRANSFORM_FEEDBACK_PAUSED) == 0)
    return false;
  const auto program = static_cast<GLuint>(gl.integer(GL_CURRENT_PROGRAM));
  if (program == 0) return gl.integer(GL_PROGRAM_PIPELINE_BINDING) == 0;
  GLint flagged = 0;
  gl.GetProgramiv(program, GL_DELETE_STATUS, &flagged);
  GLint subroutines = 0;
  for (const GLenum stage :
       std::initializer_list<GLenum>{GL_VERTEX_SHADER, GL_TESS_CONTROL_SHADER, GL_TESS_EVALUATION_SHADER,
                                     GL_GEOMETRY_SHADER, GL_FRAGMENT_SHADER, GL_COMPUTE_SHADER}) {
    GLint count = 0;
    gl.GetProgramStageiv(program, stage, GL_ACTIVE_SUBROUTINE_UNIFORMS, &count);
    subroutines += count;
  }
  return flagged == 0 && subroutines == 0;
}

/// The state that a dispatch needs, restored at the end. TextureBindings has the texture.
class KeptDispatchState {
 public:
  explicit KeptDispatchState(const GlTable& gl) noexcept
      : gl_(gl),
        program_(gl.integer(GL_CURRENT_PROGRAM)),
        sampler_(gl.integer(GL_SAMPLER_BINDING)),
        storage_(gl.integer(GL_SHADER_STORAGE_BUFFER_BINDING)),
        unit_(static_cast<GLuint>(gl.integer(GL_ACTIVE_TEXTURE)) - GL_TEXTURE0) {
    gl.GetInteger64i_v(GL_SHADER_STORAGE_BUFFER_BINDING, 0, &range_.buffer);
    gl.GetInteger64i_v(GL_SHADER_STORAGE_BUFFER_START, 0, &range_.start);
    gl.GetInteger64i_v(GL_SHADER_STORAGE_BUFFER_SIZE, 0, &range_.size);
  }
  ~KeptDispatchState() {
    const auto buffer = static_cast<GLuint>(range_.buffer);
    if (range_.size != 0) {
      gl_.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, buffer, static_cast<GLintptr>(range_.start),
                          static_cast<GLsizeiptr>(range_.size));
    } else {
      gl_.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, buffer);
    }
    gl_.BindBuffer(GL_SHADER_STORAGE_BUFFER, static_cast<GLuint>(storage_));
    gl_.BindSampler(unit_, static_cast<GLuint>(sampler_));
    gl_.UseProgram(static_cast<GLuint>(program_));
  }
  KeptDispatchState(const KeptDispatchState&) = delete;
  KeptDispatchState& operator=(const KeptDispatchState&) = delete;

  /// The active texture unit.
  GLuint unit() const noexcept { return unit_; }

 private:
  const GlTable& gl_;
  GLint program_;
  GLint sampler_;
  GLint storage_;
  GLuint unit_;
  struct {
    GLint64 buffer = 0;
    GLint64 start = 0;
    GLint64 size = 0;  ///< 0: the whole buffer.
  } range_;
};

}  // namespace

std::uint64_t FlipShader::row_bytes(const PixelRectangle& from) const noexcept {
  const auto packing = packing_of(layout_);
  return packing ? std::uint64_t{from.width} * packing->components * packing->element_bytes : 0;
}

bool FlipShader::build(const GlTable& gl) {
  if (program_ != 0) return true;
  if (fails_) return false;
  const auto packing = packing_of(layout_);
  const std::string source = "#version 430\n#define COMPONENTS " + std::to_string(packing->components) +
                             "\n#define ELEMENT_BYTES " + std::to_string(packing->element_bytes) +
                             "\n#define ORDER " + (packing->blue_first ? "bgra" : "rgba") + kShader;
  const char* const text = source.c_str();
  program_ = gl.CreateShaderProgramv(GL_COMPUTE_SHADER, 1, &text);
  GLint linked = 0;
  if (program_ != 0) gl.GetProgramiv(program_, GL_LINK_STATUS, &linked);
  // Its default would need all levels of the texture (OpenGL 4.6 core, section 8.17). It compares no depth.
  gl.GenSamplers(1, &sampler_);
  fails_ = linked == 0 || sampler_ == 0;
  if (fails_) {
    destroy(gl);
  } else {
    gl.SamplerParameteri(sampler_, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    gl.SamplerParameteri(sampler_, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
  }
  return !fails_;
}

bool FlipShader::write(const GlTable& gl, const PixelRectangle& from, GLuint buffer) {
  // Words have the byte order of the machine; the shader packs the lowest byte first.
  const bool exists =
      gl.limits.direct_state_access && gl.version() >= 43 && std::endian::native == std::endian::little;
  const auto packing = exists ? packing_of(layout_) : std::nullopt;
  if (!packing || layout_.offset_bytes != 0 || stride_bytes(from) % packing->element_bytes != 0) return false;
  const std::uint64_t bytes = (from.height - 1) * stride_bytes(from) + row_bytes(from);
  const std::uint64_t words = (bytes + 3) / 4;
  // The bytes of a frame are uints in the shader.
  if (words * 4 > std::min<std::uint64_t>(gl.limits.max_storage_block, UINT32_MAX)) return false;
  const GLuint texture = exact_texture(gl, from, layout_.format, layout_.type);
  if (texture == 0 || !can_leave_program(gl) || !build(gl)) return false;
  dispatch(gl, texture, from, buffer, words);
  return true;
}

void FlipShader::dispatch(const GlTable& gl, GLuint texture, const PixelRectangle& from, GLuint buffer,
                          std::uint64_t words) const noexcept {
  const KeptDispatchState kept(gl);
  TextureBindings bindings(gl);
  bindings.bind(*find_texture_target(GL_TEXTURE_2D, false), texture);
  gl.BindSampler(kept.unit(), sampler_);
  gl.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, buffer, 0, static_cast<GLsizeiptr>(words * 4));
  gl.UseProgram(program_);
  gl.Uniform1i(0, static_cast<GLint>(kept.unit()));
  const auto top = static_cast<GLuint>(from.y) + from.height - 1;
  gl.Uniform2ui(1, static_cast<GLuint>(from.x), top);
  gl.Uniform3ui(2, static_cast<GLuint>(row_bytes(from)), static_cast<GLuint>(stride_bytes(from)),
                from.height);
  // The fetches read images that shaders stored to. What was rendered needs no barrier (OpenGL 4.6 core, section 7.13.2).
  gl.MemoryBarrier(GL_TEXTURE_FETCH_BARRIER_BIT);
  const std::uint64_t groups = (words + kGroup - 1) / kGroup;
  gl.DispatchCompute(static_cast<GLuint>(std::min(groups, kGroupsInRow)),
                     static_cast<GLuint>((groups + kGroupsInRow - 1) / kGroupsInRow), 1);
}

void FlipShader::destroy(const GlTable& gl) noexcept {
  if (program_ != 0) gl.DeleteProgram(program_);
  if (sampler_ != 0) gl.DeleteSamplers(1, &sampler_);
  program_ = sampler_ = 0;
}

}  // namespace pmb::detail
