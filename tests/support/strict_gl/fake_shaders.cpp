// SPDX-License-Identifier: MIT
//
// Compute programs, samplers and dispatches. The fake runs no GLSL: a function of the test stands in for the shader when
// the command runs. Rules: OpenGL 4.6 sections 7.3, 7.6, 7.13.2, 8.2, 11.1.3.2 and 19.
#include <algorithm>

#include "fake_driver.hpp"

namespace strict_gl {

GLuint Driver::create_program(GLenum type, GLsizei count, const GLchar* const* texts) {
  if (type != GL_COMPUTE_SHADER || count != 1 || texts == nullptr) {
    error(GL_INVALID_ENUM, "the fake has compute programs of one text only");
    return 0;
  }
  programs_.emplace(next_program_, Uniforms{});
  return next_program_++;
}

void Driver::delete_program(GLuint name) {
  if (name == 0) return;
  if (name == program_) return violation("deletes the current program");
  if (programs_.erase(name) == 0) violation("deletes what is no program");
}

void Driver::use_program(GLuint name) {
  if (name != 0 && !programs_.contains(name)) return error(GL_INVALID_VALUE, "no such program");
  program_ = name;
}

void Driver::get_program(GLuint name, GLenum parameter, GLint* value) {
  if (!programs_.contains(name)) return error(GL_INVALID_VALUE, "no such program");
  if (parameter != GL_LINK_STATUS && parameter != GL_DELETE_STATUS)
    return error(GL_INVALID_ENUM, enum_name(parameter) + " is no program parameter of the fake");
  *value = parameter == GL_LINK_STATUS ? GL_TRUE : GL_FALSE;
}

void Driver::get_program_stage(GLuint name, GLenum parameter, GLint* value) {
  if (!programs_.contains(name)) return error(GL_INVALID_VALUE, "no such program");
  if (parameter != GL_ACTIVE_SUBROUTINE_UNIFORMS)
    return error(GL_INVALID_ENUM, enum_name(parameter) + " is no stage parameter of the fake");
  *value = 0;
}

void Driver::uniform(GLint location, std::vector<std::uint32_t> words) {
  if (program_ == 0) return error(GL_INVALID_OPERATION, "no program is current");
  programs_.at(program_)[location] = std::move(words);
}

void Driver::gen_samplers(GLsizei n, GLuint* names) {
  for (GLsizei i = 0; i < n; ++i) {
    names[i] = next_sampler_++;
    samplers_[names[i]] = GL_NEAREST_MIPMAP_LINEAR;
  }
}

void Driver::delete_samplers(GLsizei n, const GLuint* names) {
  for (GLsizei i = 0; i < n; ++i) {
    if (names[i] != 0 && samplers_.erase(names[i]) == 0) violation("deletes what is no sampler");
    std::erase_if(sampler_bindings_, [&](const auto& entry) { return entry.second == names[i]; });
  }
}

void Driver::sampler_parameter(GLuint name, GLenum parameter, GLint value) {
  if (!samplers_.contains(name)) return error(GL_INVALID_OPERATION, "no such sampler");
  if (parameter == GL_TEXTURE_MIN_FILTER) samplers_[name] = static_cast<GLenum>(value);
}

void Driver::bind_sampler(GLuint unit, GLuint name) {
  if (name != 0 && !samplers_.contains(name)) return error(GL_INVALID_OPERATION, "no such sampler");
  sampler_bindings_[unit] = name;
}

bool Driver::get_shader_integer(GLenum name, GLint64* value) const {
  switch (name) {
    case GL_CURRENT_PROGRAM:
      *value = program_;
      return true;
    case GL_SAMPLER_BINDING: {
      const auto found = sampler_bindings_.find(active_unit_ - GL_TEXTURE0);
      *value = found == sampler_bindings_.end() ? 0 : found->second;
      return true;
    }
    case GL_PROGRAM_PIPELINE_BINDING:
    case GL_TRANSFORM_FEEDBACK_ACTIVE:
    case GL_TRANSFORM_FEEDBACK_PAUSED:
      *value = 0;
      return true;
    case GL_CLAMP_READ_COLOR:
      *value = GL_FIXED_ONLY;
      return !config_.es;
    default:
      return false;
  }
}

void Driver::snapshot_shaders(StateSnapshot& snapshot) const {
  snapshot.values["GL_CURRENT_PROGRAM"] = program_;
  for (const auto& [unit, sampler] : sampler_bindings_) {
    if (sampler != 0) snapshot.values["unit " + std::to_string(unit) + " sampler"] = sampler;
  }
}

Bytes Driver::fetch(const Texture& texture, std::int64_t x, std::int64_t y) {
  if (texture == nullptr || texture->texels == nullptr) {
    violation("fetches from a unit without a texture, or without a sampler that needs level 0 alone");
    return {};
  }
  const TextureLevel& level = texture->levels.front();
  if (x < 0 || y < 0 || x >= level.width || y >= level.height) {
    violation("fetches a texel outside the texture");
    return {};
  }
  return level.storage->read_visible(texture->place(level, x, y, 0), texture->texels->texel_bytes,
                                     GL_TEXTURE_FETCH_BARRIER_BIT);
}

void Driver::dispatch(std::array<std::uint32_t, 3> groups) {
  if (program_ == 0) return error(GL_INVALID_OPERATION, "no program is current");
  if (*std::ranges::max_element(groups) > 65535) return error(GL_INVALID_VALUE, "too many groups");
  const auto bound = indexed_.find({GL_SHADER_STORAGE_BUFFER, 0});
  if (!stand_in_ || bound == indexed_.end())
    return violation("the fake needs a stand-in for the shader, and storage at index 0");
  const IndexedBinding storage = bound->second;
  if (storage.buffer->storage->mapped_not_persistently())
    return violation("the buffer is mapped without MAP_PERSISTENT_BIT");
  std::map<GLuint, Texture> textures;
  for (const auto& [unit, sampler] : sampler_bindings_) {
    const auto texture = texture_bindings_.find({GL_TEXTURE0 + unit, GL_TEXTURE_2D});
    const bool complete = sampler != 0 && samplers_.at(sampler) == GL_NEAREST;
    if (complete && texture != texture_bindings_.end()) textures[unit] = texture->second;
  }
  Command command;
  command.touches_all = true;
  command.run = [=, this, target = storage.buffer->storage, shader = stand_in_,
                 uniforms = programs_.at(program_)](std::uint64_t position) {
    const auto size = storage.size != 0 ? storage.size : target->size();
    shader({.groups = groups,
            .uniforms = uniforms,
            .storage_bytes = size,
            .fetch =
                [&](GLuint unit, std::int64_t x, std::int64_t y) {
                  const auto found = textures.find(unit);
                  return fetch(found == textures.end() ? nullptr : found->second, x, y);
                },
            .store =
                [&](std::int64_t offset, const Bytes& bytes) {
                  if (offset < 0 || offset + static_cast<std::int64_t>(bytes.size()) > size)
                    return violation("a shader stores outside the bound range");
                  write(target, position, Storage::Writer::shader, storage.offset + offset, bytes);
                }});
  };
  issue(std::move(command));
}

}  // namespace strict_gl
