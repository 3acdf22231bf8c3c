// SPDX-License-Identifier: MIT
//
// Buffer names, binding points, and other state that pmb must not change. Rules: OpenGL 4.6 section 6.1.
#include <algorithm>
#include <ostream>

#include "fake_driver.hpp"

namespace strict_gl {

namespace {

constexpr std::array kTargets{
    TargetInfo{GL_ARRAY_BUFFER, GL_ARRAY_BUFFER_BINDING, 15, 20},
    TargetInfo{GL_ATOMIC_COUNTER_BUFFER, GL_ATOMIC_COUNTER_BUFFER_BINDING, 42, 31},
    TargetInfo{GL_COPY_READ_BUFFER, GL_COPY_READ_BUFFER_BINDING, 31, 30},
    TargetInfo{GL_COPY_WRITE_BUFFER, GL_COPY_WRITE_BUFFER_BINDING, 31, 30},
    TargetInfo{GL_DISPATCH_INDIRECT_BUFFER, GL_DISPATCH_INDIRECT_BUFFER_BINDING, 43, 31},
    TargetInfo{GL_DRAW_INDIRECT_BUFFER, GL_DRAW_INDIRECT_BUFFER_BINDING, 40, 31},
    TargetInfo{GL_ELEMENT_ARRAY_BUFFER, GL_ELEMENT_ARRAY_BUFFER_BINDING, 15, 20},
    TargetInfo{GL_PARAMETER_BUFFER, GL_PARAMETER_BUFFER_BINDING, 46, 0},
    TargetInfo{kPinnedMemory, 0, 0, 0},
    TargetInfo{GL_PIXEL_PACK_BUFFER, GL_PIXEL_PACK_BUFFER_BINDING, 21, 30},
    TargetInfo{GL_PIXEL_UNPACK_BUFFER, GL_PIXEL_UNPACK_BUFFER_BINDING, 21, 30},
    TargetInfo{GL_QUERY_BUFFER, GL_QUERY_BUFFER_BINDING, 44, 0},
    TargetInfo{GL_SHADER_STORAGE_BUFFER, GL_SHADER_STORAGE_BUFFER_BINDING, 43, 31},
    TargetInfo{GL_TEXTURE_BUFFER, GL_TEXTURE_BUFFER_BINDING, 31, 32},
    TargetInfo{GL_TRANSFORM_FEEDBACK_BUFFER, GL_TRANSFORM_FEEDBACK_BUFFER_BINDING, 30, 30},
    TargetInfo{GL_UNIFORM_BUFFER, GL_UNIFORM_BUFFER_BINDING, 31, 30},
};

constexpr std::array kCapabilities{GLenum{GL_BLEND},           GLenum{GL_CULL_FACE},
                                   GLenum{GL_DEBUG_OUTPUT},    GLenum{GL_DEBUG_OUTPUT_SYNCHRONOUS},
                                   GLenum{GL_DEPTH_TEST},      GLenum{GL_DITHER},
                                   GLenum{GL_MULTISAMPLE},     GLenum{GL_RASTERIZER_DISCARD},
                                   GLenum{GL_SCISSOR_TEST},    GLenum{GL_STENCIL_TEST},
                                   GLenum{GL_FRAMEBUFFER_SRGB}};

std::int64_t name_of(const Buffer& buffer) {
  return buffer == nullptr ? 0 : buffer->name;
}

}  // namespace

std::span<const TargetInfo> buffer_targets() {
  return kTargets;
}

const TargetInfo* Driver::target_info(GLenum target) const {
  const auto found = std::find_if(kTargets.begin(), kTargets.end(), [&](const TargetInfo& row) {
    if (row.target != target) return false;
    if (target == kPinnedMemory) return has_extension("GL_AMD_pinned_memory");
    return at_least(row.desktop, row.es) || (row.desktop == 31 && has(Need::copy));
  });
  return found == kTargets.end() ? nullptr : &*found;
}

std::int64_t Driver::max_indexed(GLenum target) const {
  switch (target) {
    case GL_UNIFORM_BUFFER:
      return 84;
    case GL_SHADER_STORAGE_BUFFER:
      return 16;
    case GL_ATOMIC_COUNTER_BUFFER:
      return 8;
    case GL_TRANSFORM_FEEDBACK_BUFFER:
      return 4;
    default:
      return 0;
  }
}

Buffer Driver::find(GLuint name) const {
  const auto found = share_->buffers.find(name);
  return found == share_->buffers.end() ? nullptr : found->second;
}

Buffer Driver::named(GLuint name) {
  Buffer buffer = find(name);
  if (buffer != nullptr && buffer->exists) return buffer;
  error(GL_INVALID_OPERATION, "no buffer object is named " + std::to_string(name));
  return nullptr;
}

Buffer Driver::bound(GLenum target) {
  if (target_info(target) == nullptr) {
    error(GL_INVALID_ENUM, enum_name(target) + " is no buffer target here");
    return nullptr;
  }
  const auto found = bindings_.find(target);
  if (found != bindings_.end() && found->second != nullptr) return found->second;
  error(GL_INVALID_OPERATION, "no buffer is bound to " + enum_name(target));
  return nullptr;
}

void Driver::gen_buffers(GLsizei n, GLuint* names, bool create) {
  if (n < 0) return error(GL_INVALID_VALUE, "negative count");
  for (GLsizei i = 0; i < n; ++i) {
    auto buffer = std::make_shared<BufferObject>();
    if (config_.reuse_names && !share_->free_names.empty()) {
      buffer->name = *share_->free_names.begin();
      share_->free_names.erase(share_->free_names.begin());
    } else {
      buffer->name = share_->next_name++;
    }
    buffer->exists = create;
    names[i] = buffer->name;
    share_->buffers.emplace(buffer->name, std::move(buffer));
  }
}

void Driver::release_storage(BufferObject& buffer) {
  if (buffer.storage == nullptr) return;
  buffer.storage->unmap(true);
  buffer.storage.reset();
}

void Driver::delete_buffers(GLsizei n, const GLuint* names) {
  if (n < 0) return error(GL_INVALID_VALUE, "negative count");
  for (GLsizei i = 0; i < n; ++i) {
    if (names[i] == 0) continue;
    const Buffer buffer = find(names[i]);
    if (buffer == nullptr) {
      // GL silently ignores such names (section 6.1), but a client that owns its names never deletes one.
      violation("deletes " + std::to_string(names[i]) + ", which is no buffer");
      continue;
    }
    std::erase_if(bindings_, [&](const auto& entry) { return entry.second == buffer; });
    std::erase_if(indexed_, [&](const auto& entry) { return entry.second.buffer == buffer; });
    release_storage(*buffer);
    buffer->exists = false;
    share_->buffers.erase(names[i]);
    share_->free_names.insert(names[i]);
  }
}

GLboolean Driver::is_buffer(GLuint name) const {
  const Buffer buffer = find(name);
  return buffer != nullptr && buffer->exists ? GL_TRUE : GL_FALSE;
}

void Driver::bind_buffer(GLenum target, GLuint name) {
  if (target_info(target) == nullptr) {
    return error(GL_INVALID_ENUM, enum_name(target) + " is no buffer target here");
  }
  if (name == 0) {
    bindings_.erase(target);
    return;
  }
  const Buffer buffer = find(name);
  if (buffer == nullptr) {
    return error(GL_INVALID_OPERATION, "glGenBuffers never answered, or no longer, " + std::to_string(name));
  }
  buffer->exists = true;
  bindings_[target] = buffer;
  note_binding(buffer);
}

void Driver::bind_range(GLenum target, GLuint index, GLuint name, GLintptr offset, GLsizeiptr size,
                        bool whole) {
  if (max_indexed(target) == 0 || target_info(target) == nullptr) {
    return error(GL_INVALID_ENUM, enum_name(target) + " has no indexed binding points here");
  }
  if (index >= max_indexed(target)) return error(GL_INVALID_VALUE, "index " + std::to_string(index));
  if (name == 0) {
    bindings_.erase(target);
    indexed_.erase({target, index});
    return;
  }
  const Buffer buffer = find(name);
  if (buffer == nullptr) {
    return error(GL_INVALID_OPERATION, "glGenBuffers never answered, or no longer, " + std::to_string(name));
  }
  if (!whole) {
    const std::int64_t alignment = target == GL_UNIFORM_BUFFER ? config_.uniform_offset_alignment
                                   : target == GL_SHADER_STORAGE_BUFFER
                                       ? config_.shader_storage_offset_alignment
                                       : 4;
    if (offset < 0 || size <= 0) return error(GL_INVALID_VALUE, "empty or negative range");
    if (offset % alignment != 0) {
      return error(GL_INVALID_VALUE,
                   "offset " + std::to_string(offset) + " is no multiple of " + std::to_string(alignment));
    }
    if (target == GL_TRANSFORM_FEEDBACK_BUFFER && size % 4 != 0) {
      return error(GL_INVALID_VALUE, "size is no multiple of 4");
    }
    // This is legal, but a shader that reads beyond the end gets undefined bytes.
    if (offset + size > buffer->size()) {
      violation("the range ends at " + std::to_string(offset + size) + " of " +
                std::to_string(buffer->size()));
    }
  }
  buffer->exists = true;
  bindings_[target] = buffer;
  indexed_[{target, index}] = {buffer, whole ? 0 : offset, whole ? 0 : size};
  note_binding(buffer);
}

void Driver::enable(GLenum capability, bool on) {
  if (std::find(kCapabilities.begin(), kCapabilities.end(), capability) == kCapabilities.end()) {
    return error(GL_INVALID_ENUM, enum_name(capability) + " is no capability");
  }
  if (on) {
    enabled_.insert(capability);
  } else {
    enabled_.erase(capability);
  }
}

GLboolean Driver::is_enabled(GLenum capability) {
  if (std::find(kCapabilities.begin(), kCapabilities.end(), capability) == kCapabilities.end()) {
    error(GL_INVALID_ENUM, enum_name(capability) + " is no capability");
    return GL_FALSE;
  }
  return enabled_.count(capability) != 0 ? GL_TRUE : GL_FALSE;
}

void Driver::object_label(GLenum identifier, GLuint name, GLsizei length, const GLchar* label) {
  if (identifier != GL_BUFFER) return;
  const Buffer buffer = find(name);
  if (buffer == nullptr || !buffer->exists) return error(GL_INVALID_VALUE, "no such buffer object");
  const std::string_view text = label == nullptr ? std::string_view()
                                : length < 0     ? std::string_view(label)
                                                 : std::string_view(label, static_cast<std::size_t>(length));
  buffer->label = text;
}

void Driver::set_debug_callback(GLDEBUGPROC callback, const void* user) {
  debug_callback_ = callback;
  debug_user_ = user;
}

void* Driver::debug_pointer(GLenum name) {
  if (name == GL_DEBUG_CALLBACK_FUNCTION) return reinterpret_cast<void*>(debug_callback_);
  if (name == GL_DEBUG_CALLBACK_USER_PARAM) return const_cast<void*>(debug_user_);
  error(GL_INVALID_ENUM, "glGetPointerv knows the two pointers of debug output");
  return nullptr;
}

void Driver::say(std::string_view message) {
  if (debug_callback_ == nullptr || is_enabled(GL_DEBUG_OUTPUT) == GL_FALSE) return;
  debug_callback_(GL_DEBUG_SOURCE_API, GL_DEBUG_TYPE_PERFORMANCE, 131186, GL_DEBUG_SEVERITY_MEDIUM,
                  static_cast<GLsizei>(message.size()), message.data(), debug_user_);
}

StateSnapshot Driver::snapshot() const {
  StateSnapshot snapshot;
  for (const TargetInfo& row : kTargets) {
    const auto found = bindings_.find(row.target);
    snapshot.values[enum_name(row.target)] = found == bindings_.end() ? 0 : name_of(found->second);
  }
  for (const auto& [key, binding] : indexed_) {
    const std::string prefix = enum_name(key.first) + "[" + std::to_string(key.second) + "].";
    snapshot.values[prefix + "buffer"] = name_of(binding.buffer);
    snapshot.values[prefix + "offset"] = binding.offset;
    snapshot.values[prefix + "size"] = binding.size;
  }
  for (const GLenum capability : kCapabilities) {
    snapshot.values[enum_name(capability)] = enabled_.count(capability) != 0 ? 1 : 0;
  }
  snapshot_textures(snapshot);
  snapshot_pixels(snapshot);
  snapshot_framebuffers(snapshot);
  snapshot_shaders(snapshot);
  return snapshot;
}

std::string StateSnapshot::diff(const StateSnapshot& after) const {
  std::string text;
  const auto value_in = [](const StateSnapshot& snapshot, const std::string& name) {
    const auto found = snapshot.values.find(name);
    return found == snapshot.values.end() ? std::string("unset") : std::to_string(found->second);
  };
  std::set<std::string> names;
  for (const auto& entry : values) names.insert(entry.first);
  for (const auto& entry : after.values) names.insert(entry.first);
  for (const std::string& name : names) {
    const std::string before_value = value_in(*this, name);
    const std::string after_value = value_in(after, name);
    if (before_value != after_value) text += name + ": " + before_value + " -> " + after_value + "\n";
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const StateSnapshot& snapshot) {
  for (const auto& [name, value] : snapshot.values) out << name << " = " << value << "\n";
  return out;
}

}  // namespace strict_gl
