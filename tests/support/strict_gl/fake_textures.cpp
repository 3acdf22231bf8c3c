// SPDX-License-Identifier: MIT
//
// Texture objects: names, bindings, immutable storage, level queries, and simulated image stores. Rules: OpenGL 4.6
// sections 8.1, 8.11 and 8.19.
#include "fake_textures.hpp"

#include <algorithm>

#include "fake_driver.hpp"

namespace strict_gl {

namespace {

constexpr TexelRow kTexels[] = {
    {GL_R8, GL_RED, GL_UNSIGNED_BYTE, 1, 1, 1, 1, GL_UNSIGNED_NORMALIZED},
    {GL_RG8, GL_RG, GL_UNSIGNED_BYTE, 2, 1, 1, 1, GL_UNSIGNED_NORMALIZED},
    {GL_RGB8, GL_RGB, GL_UNSIGNED_BYTE, 3, 1, 1, 1, GL_UNSIGNED_NORMALIZED},
    {GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE, 4, 1, 1, 1, GL_UNSIGNED_NORMALIZED},
    {GL_RGB565, GL_RGB, GL_UNSIGNED_SHORT_5_6_5, 2, 2, 1, 1, GL_UNSIGNED_NORMALIZED},
    {GL_RGB9_E5, GL_RGB, GL_UNSIGNED_INT_5_9_9_9_REV, 4, 4, 1, 1, GL_NONE},
    {GL_R16UI, GL_RED_INTEGER, GL_UNSIGNED_SHORT, 2, 2, 1, 1, GL_UNSIGNED_INT},
    {GL_RGBA32UI, GL_RGBA_INTEGER, GL_UNSIGNED_INT, 16, 4, 1, 1, GL_UNSIGNED_INT},
    {GL_R32F, GL_RED, GL_FLOAT, 4, 4, 1, 1, GL_FLOAT},
    {GL_RGBA16F, GL_RGBA, GL_HALF_FLOAT, 8, 2, 1, 1, GL_FLOAT},
    {GL_RGBA32F, GL_RGBA, GL_FLOAT, 16, 4, 1, 1, GL_FLOAT},
    {GL_DEPTH_COMPONENT32F, GL_DEPTH_COMPONENT, GL_FLOAT, 4, 4, 1, 1, GL_FLOAT},
    {GL_DEPTH24_STENCIL8, GL_DEPTH_STENCIL, GL_UNSIGNED_INT_24_8, 4, 4, 1, 1, GL_UNSIGNED_NORMALIZED},
    {GL_COMPRESSED_RGBA_BPTC_UNORM, GL_COMPRESSED_RGBA_BPTC_UNORM, 0, 16, 1, 4, 4, GL_NONE},
    {GL_COMPRESSED_RED_RGTC1, GL_COMPRESSED_RED_RGTC1, 0, 8, 1, 4, 4, GL_NONE},
    {GL_COMPRESSED_RGB8_ETC2, GL_COMPRESSED_RGB8_ETC2, 0, 8, 1, 4, 4, GL_NONE},
};

constexpr std::array kTargets{
    std::pair{GLenum{GL_TEXTURE_1D}, GLenum{GL_TEXTURE_BINDING_1D}},
    std::pair{GLenum{GL_TEXTURE_1D_ARRAY}, GLenum{GL_TEXTURE_BINDING_1D_ARRAY}},
    std::pair{GLenum{GL_TEXTURE_2D}, GLenum{GL_TEXTURE_BINDING_2D}},
    std::pair{GLenum{GL_TEXTURE_RECTANGLE}, GLenum{GL_TEXTURE_BINDING_RECTANGLE}},
    std::pair{GLenum{GL_TEXTURE_2D_ARRAY}, GLenum{GL_TEXTURE_BINDING_2D_ARRAY}},
    std::pair{GLenum{GL_TEXTURE_3D}, GLenum{GL_TEXTURE_BINDING_3D}},
    std::pair{GLenum{GL_TEXTURE_CUBE_MAP}, GLenum{GL_TEXTURE_BINDING_CUBE_MAP}},
    std::pair{GLenum{GL_TEXTURE_CUBE_MAP_ARRAY}, GLenum{GL_TEXTURE_BINDING_CUBE_MAP_ARRAY}},
};

bool only_on_desktop(GLenum target) {
  return target == GL_TEXTURE_1D || target == GL_TEXTURE_1D_ARRAY || target == GL_TEXTURE_RECTANGLE;
}

}  // namespace

const TexelRow* find_texels(GLenum internal_format) {
  const auto* const found = std::find_if(std::begin(kTexels), std::end(kTexels), [&](const TexelRow& row) {
    return row.internal_format == internal_format;
  });
  return found == std::end(kTexels) ? nullptr : found;
}

bool Driver::is_texture_target(GLenum target) const {
  return std::any_of(kTargets.begin(), kTargets.end(),
                     [&](const auto& row) { return row.first == target; }) &&
         !(config_.es && only_on_desktop(target));
}

Texture Driver::find_texture(GLuint name) const {
  const auto found = share_->textures.find(name);
  return found == share_->textures.end() ? nullptr : found->second;
}

void Driver::gen_textures(GLsizei n, GLuint* names) {
  if (n < 0) return error(GL_INVALID_VALUE, "negative count");
  for (GLsizei i = 0; i < n; ++i) {
    auto texture = std::make_shared<TextureObject>();
    texture->name = share_->next_texture++;
    names[i] = texture->name;
    share_->textures.emplace(texture->name, std::move(texture));
  }
}

void Driver::delete_textures(GLsizei n, const GLuint* names) {
  if (n < 0) return error(GL_INVALID_VALUE, "negative count");
  for (GLsizei i = 0; i < n; ++i) {
    const Texture texture = find_texture(names[i]);
    std::erase_if(texture_bindings_, [&](const auto& entry) { return entry.second == texture; });
    share_->textures.erase(names[i]);
  }
}

GLboolean Driver::is_texture(GLuint name) const {
  const Texture texture = find_texture(name);
  return texture != nullptr && texture->target != 0 ? GL_TRUE : GL_FALSE;
}

void Driver::active_texture(GLenum unit) {
  if (unit < GL_TEXTURE0 || unit >= GL_TEXTURE0 + 80) return error(GL_INVALID_ENUM, "no such unit");
  active_unit_ = unit;
}

void Driver::bind_texture(GLenum target, GLuint name) {
  if (!is_texture_target(target)) return error(GL_INVALID_ENUM, enum_name(target) + " is no texture target");
  if (name == 0) {
    texture_bindings_.erase({active_unit_, target});
    return;
  }
  const Texture texture = find_texture(name);
  if (texture == nullptr) return error(GL_INVALID_OPERATION, "no texture is named " + std::to_string(name));
  if (texture->target != 0 && texture->target != target) {
    return error(GL_INVALID_OPERATION, "the texture has another target");
  }
  texture->target = target;
  texture_bindings_[{active_unit_, target}] = texture;
}

Texture Driver::named_texture(GLuint name) {
  const Texture texture = find_texture(name);
  if (texture != nullptr && texture->target != 0) return texture;
  error(GL_INVALID_OPERATION, "no texture object is named " + std::to_string(name));
  return nullptr;
}

Texture Driver::bound_texture(GLenum target, std::int64_t* face) {
  if (target >= GL_TEXTURE_CUBE_MAP_POSITIVE_X && target <= GL_TEXTURE_CUBE_MAP_NEGATIVE_Z) {
    *face = target - GL_TEXTURE_CUBE_MAP_POSITIVE_X;
    target = GL_TEXTURE_CUBE_MAP;
  } else if (target == GL_TEXTURE_CUBE_MAP || !is_texture_target(target)) {
    error(GL_INVALID_ENUM, enum_name(target) + " names no image");
    return nullptr;
  }
  const auto found = texture_bindings_.find({active_unit_, target});
  if (found != texture_bindings_.end()) return found->second;
  violation("works on texture zero of " + enum_name(target));
  return nullptr;
}

void Driver::texture_storage(GLenum target, GLsizei levels, GLenum internal_format, const Box& size) {
  const auto found = texture_bindings_.find({active_unit_, target});
  const TexelRow* const texels = find_texels(internal_format);
  if (found == texture_bindings_.end()) return error(GL_INVALID_OPERATION, "no texture is bound");
  if (texels == nullptr) return error(GL_INVALID_ENUM, "the fake does not have this internal format");
  TextureObject& texture = *found->second;
  if (texture.texels != nullptr) return error(GL_INVALID_OPERATION, "the storage is immutable already");
  texture.texels = texels;
  for (GLsizei i = 0; i < levels; ++i) {
    TextureLevel level;
    level.width = std::max<std::int64_t>(1, size.width >> i);
    level.height = target == GL_TEXTURE_1D_ARRAY ? size.height : std::max<std::int64_t>(1, size.height >> i);
    level.depth = target == GL_TEXTURE_3D         ? std::max<std::int64_t>(1, size.depth >> i)
                  : target == GL_TEXTURE_CUBE_MAP ? 6
                                                  : size.depth;
    const std::int64_t bytes = texture.place(level, 0, 0, level.depth);
    level.storage = allocate(bytes, 0, nullptr);
    if (level.storage == nullptr) return generate(GL_OUT_OF_MEMORY);
    level.storage->hide_behind(
        {GL_TEXTURE_UPDATE_BARRIER_BIT, GL_FRAMEBUFFER_BARRIER_BIT, GL_TEXTURE_FETCH_BARRIER_BIT});
    texture.levels.push_back(std::move(level));
  }
}

void Driver::get_level_parameter(const Texture& texture, GLint level, GLenum name, GLint* value) {
  if (texture == nullptr) return;
  if (level < 0 || level > 14) return error(GL_INVALID_VALUE, "level " + std::to_string(level));
  const auto index = static_cast<std::size_t>(level);
  const TextureLevel shown = index < texture->levels.size() ? texture->levels[index] : TextureLevel{};
  switch (name) {
    case GL_TEXTURE_WIDTH:
      *value = static_cast<GLint>(shown.width);
      break;
    case GL_TEXTURE_HEIGHT:
      *value = static_cast<GLint>(shown.height);
      break;
    case GL_TEXTURE_DEPTH:
      *value = static_cast<GLint>(texture->target == GL_TEXTURE_CUBE_MAP ? 1 : shown.depth);
      break;
    case GL_TEXTURE_INTERNAL_FORMAT:
      *value = static_cast<GLint>(texture->texels != nullptr ? texture->texels->internal_format : GL_RGBA);
      break;
    default:
      error(GL_INVALID_ENUM, enum_name(name) + " is no level parameter of the fake");
  }
}

void Driver::get_texture_parameter(const Texture& texture, GLenum name, GLint* value) {
  if (texture == nullptr) return;
  if (name == GL_TEXTURE_TARGET) {
    *value = static_cast<GLint>(texture->target);
  } else if (name == GL_TEXTURE_BASE_LEVEL) {
    *value = 0;
  } else if (name >= GL_TEXTURE_SWIZZLE_R && name <= GL_TEXTURE_SWIZZLE_A) {
    *value = static_cast<GLint>(GL_RED + (name - GL_TEXTURE_SWIZZLE_R));
  } else {
    error(GL_INVALID_ENUM, enum_name(name) + " is no texture parameter of the fake");
  }
}

bool Driver::get_texture_integer(GLenum name, GLint64* value) const {
  for (const auto& [target, binding] : kTargets) {
    if (binding != name || !is_texture_target(target)) continue;
    const auto found = texture_bindings_.find({active_unit_, target});
    *value = found == texture_bindings_.end() ? 0 : found->second->name;
    return true;
  }
  switch (name) {
    case GL_ACTIVE_TEXTURE:
      *value = active_unit_;
      return true;
    case GL_MAX_3D_TEXTURE_SIZE:
      *value = 2048;
      return true;
    case GL_MAX_CUBE_MAP_TEXTURE_SIZE:
      *value = 16384;
      return true;
    default:
      return false;
  }
}

void Driver::snapshot_textures(StateSnapshot& snapshot) const {
  snapshot.values["GL_ACTIVE_TEXTURE"] = active_unit_;
  for (const auto& [key, texture] : texture_bindings_) {
    snapshot.values["unit " + std::to_string(key.first - GL_TEXTURE0) + " " + enum_name(key.second)] =
        texture->name;
  }
}

void Driver::image_store(GLuint name, std::size_t level, std::int64_t offset, Bytes bytes) {
  begin_simulated("image_store");
  const Texture texture = find_texture(name);
  if (lost_ || texture == nullptr || level >= texture->levels.size()) return violation("no such level");
  Command command;
  command.first = texture->levels[level].storage.get();
  command.run = [this, storage = texture->levels[level].storage, offset,
                 kept = std::move(bytes)](std::uint64_t position) {
    write(storage, position, Storage::Writer::shader, offset, kept);
  };
  issue(std::move(command));
}

}  // namespace strict_gl
