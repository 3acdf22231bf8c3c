// SPDX-License-Identifier: MIT
//
// Framebuffers, as far as reads from textures need them. There is no default framebuffer, as in a context without a
// surface. Rules: OpenGL 4.6 chapter 9 and section 18.2; OpenGL ES 3.2 section 16.1.2.
#include "fake_driver.hpp"

namespace strict_gl {

namespace {

GLenum component_of(const Attachment& attachment) {
  return attachment.texture->texels->component_type;
}

bool is_depth(GLenum format) {
  return format == GL_DEPTH_COMPONENT || format == GL_DEPTH_STENCIL;
}

}  // namespace

void Driver::gen_framebuffers(GLsizei n, GLuint* names) {
  for (GLsizei i = 0; i < n; ++i) {
    auto framebuffer = std::make_shared<FramebufferObject>();
    framebuffer->name = next_framebuffer_++;
    names[i] = framebuffer->name;
    framebuffers_.emplace(framebuffer->name, std::move(framebuffer));
  }
}

void Driver::delete_framebuffers(GLsizei n, const GLuint* names) {
  for (GLsizei i = 0; i < n; ++i) {
    if (names[i] == 0) continue;
    if (framebuffers_.erase(names[i]) == 0) violation("deletes what is no framebuffer");
    for (Framebuffer* bound : {&read_framebuffer_, &draw_framebuffer_}) {
      if (*bound != nullptr && (*bound)->name == names[i]) bound->reset();
    }
  }
}

void Driver::bind_framebuffer(GLenum target, GLuint name) {
  if (target != GL_FRAMEBUFFER && target != GL_READ_FRAMEBUFFER && target != GL_DRAW_FRAMEBUFFER) {
    return error(GL_INVALID_ENUM, enum_name(target) + " is no framebuffer target");
  }
  const auto found = framebuffers_.find(name);
  if (name != 0 && found == framebuffers_.end()) {
    return error(GL_INVALID_OPERATION, "no framebuffer is named " + std::to_string(name));
  }
  const Framebuffer framebuffer = name == 0 ? nullptr : found->second;
  if (target != GL_DRAW_FRAMEBUFFER) read_framebuffer_ = framebuffer;
  if (target != GL_READ_FRAMEBUFFER) draw_framebuffer_ = framebuffer;
}

void Driver::framebuffer_texture(GLenum target, GLenum attachment, GLuint name, GLint level,
                                 std::int64_t layer) {
  const Framebuffer framebuffer = target == GL_READ_FRAMEBUFFER ? read_framebuffer_ : draw_framebuffer_;
  if (framebuffer == nullptr)
    return error(GL_INVALID_OPERATION, "the default framebuffer has no attachments");
  if (name == 0) {
    framebuffer->attachments.erase(attachment);
    return;
  }
  const Texture texture = named_texture(name);
  if (texture == nullptr) return;
  framebuffer->attachments[attachment] = {texture, static_cast<std::size_t>(level), layer};
}

GLenum Driver::framebuffer_status(GLenum target) {
  const Framebuffer framebuffer = target == GL_READ_FRAMEBUFFER ? read_framebuffer_ : draw_framebuffer_;
  if (framebuffer == nullptr) return GL_FRAMEBUFFER_UNDEFINED;
  if (framebuffer->attachments.empty()) return GL_FRAMEBUFFER_INCOMPLETE_MISSING_ATTACHMENT;
  for (const auto& [point, attachment] : framebuffer->attachments) {
    const TextureObject& texture = *attachment.texture;
    const bool depth_point = point == GL_DEPTH_ATTACHMENT || point == GL_DEPTH_STENCIL_ATTACHMENT ||
                             point == GL_STENCIL_ATTACHMENT;
    if (texture.texels == nullptr || attachment.level >= texture.levels.size() ||
        component_of(attachment) == GL_NONE || is_depth(texture.texels->format) != depth_point) {
      return GL_FRAMEBUFFER_INCOMPLETE_ATTACHMENT;
    }
  }
  return GL_FRAMEBUFFER_COMPLETE;
}

void Driver::get_attachment_parameter(GLenum target, GLenum point, GLenum name, GLint* value) {
  const Framebuffer framebuffer = target == GL_READ_FRAMEBUFFER ? read_framebuffer_ : draw_framebuffer_;
  if (framebuffer == nullptr) {
    *value = GL_NONE;
    return;
  }
  auto found = framebuffer->attachments.find(point);
  if (found == framebuffer->attachments.end() &&
      (point == GL_DEPTH_ATTACHMENT || point == GL_STENCIL_ATTACHMENT)) {
    found = framebuffer->attachments.find(GL_DEPTH_STENCIL_ATTACHMENT);
  }
  const bool there = found != framebuffer->attachments.end();
  if (name == GL_FRAMEBUFFER_ATTACHMENT_OBJECT_TYPE) {
    *value = !there                                             ? GL_NONE
             : found->second.texture->target == GL_RENDERBUFFER ? GL_RENDERBUFFER
                                                                : GL_TEXTURE;
  } else if (!there) {
    error(GL_INVALID_OPERATION, "nothing is attached there");
  } else if (name == GL_FRAMEBUFFER_ATTACHMENT_COMPONENT_TYPE) {
    *value = static_cast<GLint>(component_of(found->second));
  } else if (name == GL_FRAMEBUFFER_ATTACHMENT_OBJECT_NAME) {
    *value = static_cast<GLint>(found->second.texture->name);
  } else if (name == GL_FRAMEBUFFER_ATTACHMENT_TEXTURE_LEVEL) {
    *value = static_cast<GLint>(found->second.level);
  } else if (name >= GL_FRAMEBUFFER_ATTACHMENT_RED_SIZE && name <= GL_FRAMEBUFFER_ATTACHMENT_ALPHA_SIZE) {
    // Those that the format lacks count as others of it.
    const TexelRow& texels = *found->second.texture->texels;
    *value = texels.component_type == GL_FLOAT ? static_cast<GLint>(8 * texels.element_bytes) : 8;
  } else if (name == GL_FRAMEBUFFER_ATTACHMENT_DEPTH_SIZE) {
    *value = component_of(found->second) == GL_FLOAT ? 32 : 24;
  } else if (name == GL_FRAMEBUFFER_ATTACHMENT_STENCIL_SIZE) {
    *value = found->second.texture->texels->format == GL_DEPTH_STENCIL ? 8 : 0;
  } else if (name == GL_FRAMEBUFFER_ATTACHMENT_COLOR_ENCODING) {
    *value = GL_LINEAR;
  } else {
    error(GL_INVALID_ENUM, enum_name(name) + " is no attachment parameter of the fake");
  }
}

void Driver::read_buffer(GLenum buffer) {
  if (read_framebuffer_ == nullptr) return error(GL_INVALID_OPERATION, "there is no default framebuffer");
  read_framebuffer_->read_buffer = buffer;
}

void Driver::draw_buffers() {
  if (draw_framebuffer_ == nullptr) return error(GL_INVALID_OPERATION, "there is no default framebuffer");
}

bool Driver::get_framebuffer_integer(GLenum name, GLint64* value) const {
  switch (name) {
    case GL_READ_FRAMEBUFFER_BINDING:
      *value = read_framebuffer_ == nullptr ? 0 : read_framebuffer_->name;
      return true;
    case GL_DRAW_FRAMEBUFFER_BINDING:
      *value = draw_framebuffer_ == nullptr ? 0 : draw_framebuffer_->name;
      return true;
    case GL_RENDERBUFFER_BINDING:
      *value = renderbuffer_;
      return true;
    case GL_MAX_RENDERBUFFER_SIZE:
      *value = 16384;
      return true;
    case GL_READ_BUFFER:
      *value = read_framebuffer_ == nullptr ? GL_NONE : read_framebuffer_->read_buffer;
      return true;
    case GL_SAMPLE_BUFFERS:
    case GL_SAMPLES:
      *value = 0;
      return true;
    case GL_IMPLEMENTATION_COLOR_READ_FORMAT:
      *value = GL_RGB;
      return true;
    case GL_IMPLEMENTATION_COLOR_READ_TYPE:
      *value = GL_UNSIGNED_SHORT_5_6_5;
      return true;
    default:
      return false;
  }
}

void Driver::snapshot_framebuffers(StateSnapshot& snapshot) const {
  GLint64 value = 0;
  for (const GLenum name : {GLenum{GL_READ_FRAMEBUFFER_BINDING}, GLenum{GL_DRAW_FRAMEBUFFER_BINDING}}) {
    get_framebuffer_integer(name, &value);
    snapshot.values[name == GL_READ_FRAMEBUFFER_BINDING ? "GL_READ_FRAMEBUFFER" : "GL_DRAW_FRAMEBUFFER"] =
        value;
  }
  snapshot.values["GL_RENDERBUFFER"] = renderbuffer_;
  for (const auto& [name, framebuffer] : framebuffers_) {
    snapshot.values["framebuffer " + std::to_string(name) + " GL_READ_BUFFER"] = framebuffer->read_buffer;
  }
}

void Driver::read_pixels(const Box& box, GLenum format, GLenum type, void* pointer) {
  if (framebuffer_status(GL_READ_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) {
    return error(GL_INVALID_FRAMEBUFFER_OPERATION, "the read framebuffer is not complete");
  }
  if (lies(Lie::pixels_need_draw_framebuffer) && draw_framebuffer_ == nullptr)
    return generate(GL_INVALID_FRAMEBUFFER_OPERATION);
  const auto& attachments = read_framebuffer_->attachments;
  auto found = attachments.find(read_framebuffer_->read_buffer);
  if (is_depth(format)) {
    if (config_.es) return error(GL_INVALID_OPERATION, "OpenGL ES reads no depth");
    found = attachments.find(format == GL_DEPTH_STENCIL ? GL_DEPTH_STENCIL_ATTACHMENT : GL_DEPTH_ATTACHMENT);
  }
  if (found == attachments.end()) return error(GL_INVALID_OPERATION, "there is nothing to read");
  const Attachment& source = found->second;
  const TexelRow& texels = *source.texture->texels;
  if (texels.format != format || texels.type != type) {
    return error(GL_INVALID_OPERATION, "the fake carries texels without conversion only");
  }
  const bool es_pair = (format == GL_RGBA && (type == GL_UNSIGNED_BYTE || type == GL_FLOAT)) ||
                       (format == GL_RGBA_INTEGER && (type == GL_INT || type == GL_UNSIGNED_INT)) ||
                       (format == GL_RGB && type == GL_UNSIGNED_SHORT_5_6_5);
  if (config_.es && !es_pair) return error(GL_INVALID_OPERATION, "OpenGL ES does not read this pair");
  const TextureLevel& image = source.texture->levels[source.level];
  Box place = box;
  const bool layer_is_row = source.texture->target == GL_TEXTURE_1D_ARRAY;
  (layer_is_row ? place.y : place.z) = source.layer;
  if (box.x < 0 || box.y < 0 || box.x + box.width > image.width || place.y + box.height > image.height) {
    return violation("pixels outside the framebuffer are undefined");
  }
  pack_image(source.texture, image, place, false, GL_FRAMEBUFFER_BARRIER_BIT, -1, pointer);
}

void Driver::gen_renderbuffers(GLsizei n, GLuint* names) {
  for (GLsizei i = 0; i < n; ++i) {
    auto made = std::make_shared<TextureObject>();
    made->name = names[i] = next_renderbuffer_++;
    made->target = GL_RENDERBUFFER;
    renderbuffers_.emplace(names[i], std::move(made));
  }
}

void Driver::delete_renderbuffers(GLsizei n, const GLuint* names) {
  for (GLsizei i = 0; i < n; ++i) {
    if (names[i] != 0 && renderbuffers_.erase(names[i]) == 0) violation("deletes what is no renderbuffer");
    if (renderbuffer_ == names[i]) renderbuffer_ = 0;
  }
}

void Driver::bind_renderbuffer(GLuint name) {
  if (name != 0 && !renderbuffers_.contains(name)) {
    return error(GL_INVALID_OPERATION, "no renderbuffer is named " + std::to_string(name));
  }
  renderbuffer_ = name;
}

void Driver::renderbuffer_storage(GLenum internal_format, const Box& size) {
  if (renderbuffer_ == 0) return error(GL_INVALID_OPERATION, "no renderbuffer is bound");
  TextureObject& made = *renderbuffers_.at(renderbuffer_);
  made.texels = find_texels(internal_format);
  if (made.texels == nullptr) return error(GL_INVALID_ENUM, "the fake does not have this internal format");
  TextureLevel level = {size.width, size.height, 1, nullptr};
  level.storage = allocate(made.place(level, 0, 0, 1), 0, nullptr);
  made.levels.clear();
  if (level.storage == nullptr) return generate(GL_OUT_OF_MEMORY);
  made.levels.push_back(std::move(level));
}

void Driver::framebuffer_renderbuffer(GLenum target, GLenum attachment, GLuint name) {
  const Framebuffer framebuffer = target == GL_READ_FRAMEBUFFER ? read_framebuffer_ : draw_framebuffer_;
  if (framebuffer == nullptr || !renderbuffers_.contains(name)) {
    return error(GL_INVALID_OPERATION, "no such framebuffer or renderbuffer");
  }
  framebuffer->attachments[attachment] = {renderbuffers_.at(name), 0, 0};
}

void Driver::blit_framebuffer(const std::array<GLint, 4>& from, const std::array<GLint, 4>& to,
                              GLbitfield planes) {
  if (framebuffer_status(GL_READ_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE ||
      framebuffer_status(GL_DRAW_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) {
    return error(GL_INVALID_FRAMEBUFFER_OPERATION, "a framebuffer is not complete");
  }
  if (enabled_.contains(GL_SCISSOR_TEST)) return violation("the scissor test cuts this blit");
  const auto attachment_of = [planes](const Framebuffer& framebuffer, GLenum colour) -> const Attachment* {
    const auto& all = framebuffer->attachments;
    auto found = all.find(colour);
    if (planes != GL_COLOR_BUFFER_BIT) found = all.find(GL_DEPTH_STENCIL_ATTACHMENT);
    if (planes != GL_COLOR_BUFFER_BIT && found == all.end()) found = all.find(GL_DEPTH_ATTACHMENT);
    return found == all.end() ? nullptr : &found->second;
  };
  const Attachment* const source = attachment_of(read_framebuffer_, read_framebuffer_->read_buffer);
  const Attachment* const target = attachment_of(draw_framebuffer_, GL_COLOR_ATTACHMENT0);
  if (source == nullptr || target == nullptr) return error(GL_INVALID_OPERATION, "there is nothing to blit");
  if (source->texture->texels != target->texture->texels)
    return error(GL_INVALID_OPERATION, "the fake blits without conversion only");
  const bool flips = to[1] > to[3];
  const std::int64_t width = from[2] - from[0];
  const std::int64_t height = from[3] - from[1];
  const std::int64_t first_row = flips ? to[3] : to[1];
  const TextureLevel source_level = source->texture->levels[source->level];
  const TextureLevel target_level = target->texture->levels[target->level];
  if (width != to[2] - to[0] || height != (flips ? to[1] - to[3] : to[3] - to[1]) || from[0] < 0 ||
      from[1] < 0 || from[2] > source_level.width || from[3] > source_level.height ||
      to[2] > target_level.width || first_row + height > target_level.height) {
    return violation("the fake neither scales nor clips a blit");
  }
  Command command;
  command.first = source_level.storage.get();
  command.second = target_level.storage.get();
  command.run = [=, this, read = source->texture, drawn = target->texture, layer = source->layer,
                 left = to[0]](std::uint64_t position) {
    const std::int64_t row_bytes = width * read->texels->texel_bytes;
    for (std::int64_t row = 0; row < height; ++row) {
      const std::int64_t place = first_row + (flips ? height - 1 - row : row);
      const Bytes bytes = source_level.storage->read_visible(
          read->place(source_level, from[0], from[1] + row, layer), row_bytes, GL_FRAMEBUFFER_BARRIER_BIT);
      write(target_level.storage, position, Storage::Writer::server,
            drawn->place(target_level, left, place, 0), bytes);
    }
  };
  issue(std::move(command));
}

}  // namespace strict_gl
