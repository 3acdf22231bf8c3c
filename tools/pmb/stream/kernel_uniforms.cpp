// SPDX-License-Identifier: MIT
// `--uniform name=value,…`: finds the uniform, converts the text to its type and sets it.

#include <array>
#include <charconv>
#include <optional>

#include "kernel_program.hpp"

namespace pmb::tool {
namespace {

enum class Kind : std::uint8_t { floats, ints, uints, bools, matrix };

struct TypeInfo {
  GLenum type;
  const char* name;
  Kind kind;
  int components;
};

constexpr std::array<TypeInfo, 19> kTypes = {{
    {GL_FLOAT, "float", Kind::floats, 1},
    {GL_FLOAT_VEC2, "vec2", Kind::floats, 2},
    {GL_FLOAT_VEC3, "vec3", Kind::floats, 3},
    {GL_FLOAT_VEC4, "vec4", Kind::floats, 4},
    {GL_INT, "int", Kind::ints, 1},
    {GL_INT_VEC2, "ivec2", Kind::ints, 2},
    {GL_INT_VEC3, "ivec3", Kind::ints, 3},
    {GL_INT_VEC4, "ivec4", Kind::ints, 4},
    {GL_UNSIGNED_INT, "uint", Kind::uints, 1},
    {GL_UNSIGNED_INT_VEC2, "uvec2", Kind::uints, 2},
    {GL_UNSIGNED_INT_VEC3, "uvec3", Kind::uints, 3},
    {GL_UNSIGNED_INT_VEC4, "uvec4", Kind::uints, 4},
    {GL_BOOL, "bool", Kind::bools, 1},
    {GL_BOOL_VEC2, "bvec2", Kind::bools, 2},
    {GL_BOOL_VEC3, "bvec3", Kind::bools, 3},
    {GL_BOOL_VEC4, "bvec4", Kind::bools, 4},
    {GL_FLOAT_MAT2, "mat2", Kind::matrix, 4},
    {GL_FLOAT_MAT3, "mat3", Kind::matrix, 9},
    {GL_FLOAT_MAT4, "mat4", Kind::matrix, 16},
}};

const TypeInfo* type_info(GLenum type) {
  for (const TypeInfo& info : kTypes) {
    if (info.type == type) return &info;
  }
  return nullptr;
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class T>
Outcome<std::vector<T>> parse_numbers(const UniformAssignment& assignment, std::string_view kind) {
  std::vector<T> numbers;
  for (const std::string& text : assignment.values) {
    const std::optional<T> number = parse_number<T>(text);
    if (!number) return fail(kUsage, "--uniform {}: '{}' is not {}", assignment.name, text, kind);
    numbers.push_back(*number);
  }
  return numbers;
}

std::string type_text(GLenum type, GLint count) {
  const TypeInfo* info = type_info(type);
  const std::string name = info ? info->name : fmt::format("type {:#x}", type);
  return count > 1 ? fmt::format("{}[{}]", name, count) : name;
}

// Converts the values and hands them to `set`.
template <class T, class Set>
Outcome<void> set_numbers(const UniformAssignment& assignment, std::string_view kind, Set set) {
  auto numbers = parse_numbers<T>(assignment, kind);
  if (!numbers) return pass_on(numbers);
  set(numbers->data());
  return {};
}

}  // namespace

Outcome<UniformAssignment> parse_uniform(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    return fail(kUsage, "--uniform {} is not NAME=VALUE[,VALUE...]; write for example --uniform gain=2.5",
                text);
  }
  UniformAssignment assignment;
  assignment.name = text.substr(0, equals);
  std::size_t at = equals + 1;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    std::string value(text.substr(at, end - at));
    if (value == "true") value = "1";
    if (value == "false") value = "0";
    assignment.values.push_back(std::move(value));
    at = end + 1;
  }
  return assignment;
}

Outcome<const KernelProgram::Uniform*> KernelProgram::find_uniform(std::string_view name) const {
  std::string known;
  for (const Uniform& candidate : uniforms_) {
    if (candidate.name == name) return &candidate;
    known += fmt::format("{}{} {}", known.empty() ? "" : ", ", type_text(candidate.type, candidate.count),
                         candidate.name);
  }
  return fail(kUsage, "the kernel {} uses no uniform '{}'; it uses: {}", name_, name,
              known.empty() ? "none of its own" : known);
}

Outcome<void> KernelProgram::set(const UniformAssignment& assignment) {
  auto found = find_uniform(assignment.name);
  if (!found) return pass_on(found);
  const Uniform& uniform = **found;
  const TypeInfo* info = type_info(uniform.type);
  if (info == nullptr) {
    return fail(
        kUsage,
        "--uniform {}: its type cannot be set from here; use float, int, uint, bool, their vectors, or "
        "square matrices",
        assignment.name);
  }
  const std::size_t given = assignment.values.size();
  const auto components = static_cast<std::size_t>(info->components);
  const auto elements = static_cast<std::size_t>(uniform.count);
  if (given % components != 0 || given > components * elements) {
    return fail(kUsage, "--uniform {}: {} values were given for a {}; give {}{}", assignment.name, given,
                type_text(uniform.type, uniform.count), components,
                elements > 1 ? fmt::format(" for each of up to {} elements", elements) : "");
  }

  const auto count = static_cast<GLsizei>(given / components);
  const auto call = [&](const auto& setters) {
    return [&, setter = setters[components - 1]](const auto* numbers) {
      setter(program_, uniform.location, count, numbers);
    };
  };
  switch (info->kind) {
    case Kind::floats:
      return set_numbers<GLfloat>(assignment, "a number",
                                  call(std::array{gl_->ProgramUniform1fv, gl_->ProgramUniform2fv,
                                                  gl_->ProgramUniform3fv, gl_->ProgramUniform4fv}));
    case Kind::matrix: {
      const auto setter = components == 4   ? gl_->ProgramUniformMatrix2fv
                          : components == 9 ? gl_->ProgramUniformMatrix3fv
                                            : gl_->ProgramUniformMatrix4fv;
      return set_numbers<GLfloat>(assignment, "a number", [&](const GLfloat* numbers) {
        setter(program_, uniform.location, count, GL_FALSE, numbers);
      });
    }
    case Kind::ints:
      return set_numbers<GLint>(assignment, "a whole number",
                                call(std::array{gl_->ProgramUniform1iv, gl_->ProgramUniform2iv,
                                                gl_->ProgramUniform3iv, gl_->ProgramUniform4iv}));
    case Kind::uints:
    case Kind::bools:
      break;
  }
  // Every setter is allowed for booleans (OpenGL 4.6 core, section 7.6.1).
  return set_numbers<GLuint>(assignment, "a whole number of 0 or more",
                             call(std::array{gl_->ProgramUniform1uiv, gl_->ProgramUniform2uiv,
                                             gl_->ProgramUniform3uiv, gl_->ProgramUniform4uiv}));
}

}  // namespace pmb::tool
