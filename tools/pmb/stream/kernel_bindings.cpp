// SPDX-License-Identifier: MIT
// Reads the resources of a linked program (OpenGL 4.6 core, section 7.3.1).

#include "kernel_bindings.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace pmb::tool {
namespace {

/// Bindings 0 and 1 are the input and the output.
constexpr GLint kStorageBindings = 2;

/// The resources of one interface of a program.
class Resources {
 public:
  Resources(const GladGLContext& gl, GLuint program, GLenum interface)
      : gl_(gl), program_(program), interface_(interface) {
    GLint count = 0;
    gl.GetProgramInterfaceiv(program, interface, GL_ACTIVE_RESOURCES, &count);
    count_ = static_cast<GLuint>(count);
  }
  GLuint count() const noexcept { return count_; }
  GLint property(GLuint index, GLenum name) const {
    GLint value = 0;
    gl_.GetProgramResourceiv(program_, interface_, index, 1, &name, 1, nullptr, &value);
    return value;
  }
  std::string name(GLuint index) const {
    std::string name(static_cast<std::size_t>(std::max(property(index, GL_NAME_LENGTH), 1)), '\0');
    gl_.GetProgramResourceName(program_, interface_, index, static_cast<GLsizei>(name.size()), nullptr,
                               name.data());
    name.pop_back();  // GL's terminating zero.
    return name;
  }

 private:
  const GladGLContext& gl_;
  GLuint program_;
  GLenum interface_;
  GLuint count_ = 0;
};

bool is_plain(GLenum type) {
  constexpr GLenum kPlain[] = {
      GL_FLOAT,         GL_FLOAT_VEC2,    GL_FLOAT_VEC3,    GL_FLOAT_VEC4,    GL_INT,
      GL_INT_VEC2,      GL_INT_VEC3,      GL_INT_VEC4,      GL_UNSIGNED_INT,  GL_UNSIGNED_INT_VEC2,
      GL_BOOL,          GL_BOOL_VEC2,     GL_BOOL_VEC3,     GL_BOOL_VEC4,     GL_UNSIGNED_INT_VEC3,
      GL_FLOAT_MAT2,    GL_FLOAT_MAT3,    GL_FLOAT_MAT4,    GL_FLOAT_MAT2x3,  GL_UNSIGNED_INT_VEC4,
      GL_FLOAT_MAT2x4,  GL_FLOAT_MAT3x2,  GL_FLOAT_MAT3x4,  GL_FLOAT_MAT4x2,  GL_FLOAT_MAT4x3,
      GL_DOUBLE,        GL_DOUBLE_VEC2,   GL_DOUBLE_VEC3,   GL_DOUBLE_VEC4,   GL_DOUBLE_MAT2,
      GL_DOUBLE_MAT3,   GL_DOUBLE_MAT4,   GL_DOUBLE_MAT2x3, GL_DOUBLE_MAT2x4, GL_DOUBLE_MAT3x2,
      GL_DOUBLE_MAT3x4, GL_DOUBLE_MAT4x2, GL_DOUBLE_MAT4x3};
  return std::ranges::find(kPlain, type) != std::end(kPlain);
}

bool is_image(GLenum type) {
  return type >= GL_IMAGE_1D && type <= GL_UNSIGNED_INT_IMAGE_2D_MULTISAMPLE_ARRAY;
}

void find_buffers(const GladGLContext& gl, GLuint program, std::vector<std::string>& found) {
  const Resources storage(gl, program, GL_SHADER_STORAGE_BLOCK);
  for (GLuint i = 0; i < storage.count(); ++i) {
    const GLint binding = storage.property(i, GL_BUFFER_BINDING);
    if (binding < kStorageBindings) continue;
    found.push_back(fmt::format("the storage buffer {} at binding {}", storage.name(i), binding));
  }
  const Resources uniform(gl, program, GL_UNIFORM_BLOCK);
  for (GLuint i = 0; i < uniform.count(); ++i) {
    found.push_back(fmt::format("the uniform buffer {} at binding {}", uniform.name(i),
                                uniform.property(i, GL_BUFFER_BINDING)));
  }
}

void find_opaque_uniforms(const GladGLContext& gl, GLuint program, std::vector<std::string>& found) {
  const Resources uniforms(gl, program, GL_UNIFORM);
  const Resources counters(gl, program, GL_ATOMIC_COUNTER_BUFFER);
  for (GLuint i = 0; i < uniforms.count(); ++i) {
    const auto type = static_cast<GLenum>(uniforms.property(i, GL_TYPE));
    if (is_plain(type)) continue;
    GLint binding = 0;
    if (type == GL_UNSIGNED_INT_ATOMIC_COUNTER) {
      const auto buffer = static_cast<GLuint>(uniforms.property(i, GL_ATOMIC_COUNTER_BUFFER_INDEX));
      binding = counters.property(buffer, GL_BUFFER_BINDING);
    } else {
      gl.GetUniformiv(program, uniforms.property(i, GL_LOCATION), &binding);
    }
    const char* const kind = type == GL_UNSIGNED_INT_ATOMIC_COUNTER ? "atomic counter"
                             : is_image(type)                       ? "image"
                                                                    : "sampler";
    found.push_back(fmt::format("the {} {} at binding {}", kind, uniforms.name(i), binding));
  }
}

void find_subroutines(const GladGLContext& gl, GLuint program, std::vector<std::string>& found) {
  const Resources subroutines(gl, program, GL_COMPUTE_SUBROUTINE_UNIFORM);
  for (GLuint i = 0; i < subroutines.count(); ++i) {
    found.push_back(fmt::format("the subroutine {} at location {}", subroutines.name(i),
                                subroutines.property(i, GL_LOCATION)));
  }
}

}  // namespace

Outcome<void> require_bound(const GladGLContext& gl, GLuint program, std::string_view kernel) {
  std::vector<std::string> found;
  find_buffers(gl, program, found);
  find_opaque_uniforms(gl, program, found);
  find_subroutines(gl, program, found);
  if (found.empty()) return {};
  return fail(
      kKernel,
      "the kernel {} uses {}; pmb stream binds only the input at binding 0 and the output at binding 1",
      kernel, fmt::join(found, ", "));
}

}  // namespace pmb::tool
