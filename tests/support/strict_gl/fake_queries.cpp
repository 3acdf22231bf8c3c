// SPDX-License-Identifier: MIT
//
// Strings, limits and names of enumerants. Rules: OpenGL 4.6 chapter 22.
#include <cstdio>

#include "fake_driver.hpp"

namespace strict_gl {

namespace {

struct EnumName {
  GLenum value;
  const char* name;
};

#define STRICT_GL_NAME(name) \
  { name, #name }
constexpr EnumName kNames[] = {
    STRICT_GL_NAME(GL_ARRAY_BUFFER),
    STRICT_GL_NAME(GL_ATOMIC_COUNTER_BUFFER),
    STRICT_GL_NAME(GL_COPY_READ_BUFFER),
    STRICT_GL_NAME(GL_COPY_WRITE_BUFFER),
    STRICT_GL_NAME(GL_DISPATCH_INDIRECT_BUFFER),
    STRICT_GL_NAME(GL_DRAW_INDIRECT_BUFFER),
    STRICT_GL_NAME(GL_ELEMENT_ARRAY_BUFFER),
    STRICT_GL_NAME(GL_PARAMETER_BUFFER),
    STRICT_GL_NAME(GL_PIXEL_PACK_BUFFER),
    STRICT_GL_NAME(GL_PIXEL_UNPACK_BUFFER),
    STRICT_GL_NAME(GL_QUERY_BUFFER),
    STRICT_GL_NAME(GL_SHADER_STORAGE_BUFFER),
    STRICT_GL_NAME(GL_TEXTURE_BUFFER),
    STRICT_GL_NAME(GL_TRANSFORM_FEEDBACK_BUFFER),
    STRICT_GL_NAME(GL_UNIFORM_BUFFER),
    STRICT_GL_NAME(GL_ARRAY_BUFFER_BINDING),
    STRICT_GL_NAME(GL_ELEMENT_ARRAY_BUFFER_BINDING),
    STRICT_GL_NAME(GL_PIXEL_PACK_BUFFER_BINDING),
    STRICT_GL_NAME(GL_PIXEL_UNPACK_BUFFER_BINDING),
    STRICT_GL_NAME(GL_SHADER_STORAGE_BUFFER_BINDING),
    STRICT_GL_NAME(GL_UNIFORM_BUFFER_BINDING),
    STRICT_GL_NAME(GL_BUFFER_SIZE),
    STRICT_GL_NAME(GL_BUFFER_MAPPED),
    STRICT_GL_NAME(GL_BUFFER_ACCESS_FLAGS),
    STRICT_GL_NAME(GL_BUFFER_MAP_OFFSET),
    STRICT_GL_NAME(GL_BUFFER_MAP_LENGTH),
    STRICT_GL_NAME(GL_BUFFER_MAP_POINTER),
    STRICT_GL_NAME(GL_BUFFER_IMMUTABLE_STORAGE),
    STRICT_GL_NAME(GL_BUFFER_STORAGE_FLAGS),
    STRICT_GL_NAME(GL_VENDOR),
    STRICT_GL_NAME(GL_RENDERER),
    STRICT_GL_NAME(GL_VERSION),
    STRICT_GL_NAME(GL_EXTENSIONS),
    STRICT_GL_NAME(GL_SHADING_LANGUAGE_VERSION),
    STRICT_GL_NAME(GL_MAJOR_VERSION),
    STRICT_GL_NAME(GL_MINOR_VERSION),
    STRICT_GL_NAME(GL_NUM_EXTENSIONS),
    STRICT_GL_NAME(GL_CONTEXT_FLAGS),
    STRICT_GL_NAME(GL_CONTEXT_PROFILE_MASK),
    STRICT_GL_NAME(GL_RESET_NOTIFICATION_STRATEGY),
    STRICT_GL_NAME(GL_UNIFORM_BUFFER_OFFSET_ALIGNMENT),
    STRICT_GL_NAME(GL_SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT),
    STRICT_GL_NAME(GL_TEXTURE_BUFFER_OFFSET_ALIGNMENT),
    STRICT_GL_NAME(GL_MAX_SHADER_STORAGE_BLOCK_SIZE),
    STRICT_GL_NAME(GL_MAX_UNIFORM_BLOCK_SIZE),
    STRICT_GL_NAME(GL_MIN_MAP_BUFFER_ALIGNMENT),
    STRICT_GL_NAME(GL_SYNC_GPU_COMMANDS_COMPLETE),
    STRICT_GL_NAME(GL_SYNC_STATUS),
    STRICT_GL_NAME(GL_STREAM_DRAW),
    STRICT_GL_NAME(GL_STREAM_READ),
    STRICT_GL_NAME(GL_STATIC_DRAW),
    STRICT_GL_NAME(GL_STATIC_READ),
    STRICT_GL_NAME(GL_DYNAMIC_DRAW),
    STRICT_GL_NAME(GL_DYNAMIC_READ),
    STRICT_GL_NAME(GL_DYNAMIC_COPY),
    STRICT_GL_NAME(GL_BLEND),
    STRICT_GL_NAME(GL_CULL_FACE),
    STRICT_GL_NAME(GL_DEBUG_OUTPUT),
    STRICT_GL_NAME(GL_DEBUG_OUTPUT_SYNCHRONOUS),
    STRICT_GL_NAME(GL_DEPTH_TEST),
    STRICT_GL_NAME(GL_DITHER),
    STRICT_GL_NAME(GL_MULTISAMPLE),
    STRICT_GL_NAME(GL_RASTERIZER_DISCARD),
    STRICT_GL_NAME(GL_SCISSOR_TEST),
    STRICT_GL_NAME(GL_STENCIL_TEST),
    STRICT_GL_NAME(GL_INVALID_ENUM),
    STRICT_GL_NAME(GL_INVALID_VALUE),
    STRICT_GL_NAME(GL_INVALID_OPERATION),
    STRICT_GL_NAME(GL_OUT_OF_MEMORY),
    STRICT_GL_NAME(GL_CONTEXT_LOST),
};
#undef STRICT_GL_NAME

const GLubyte* text(const std::string& string) {
  return reinterpret_cast<const GLubyte*>(string.c_str());
}

constexpr GLint64 kNoErrorFlag = 0x8;  // GL_CONTEXT_FLAG_NO_ERROR_BIT

}  // namespace

std::string enum_name(GLenum value) {
  for (const EnumName& row : kNames) {
    if (row.value == value) return row.name;
  }
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "0x%04X", value);
  return digits.data();
}

const GLubyte* Driver::get_string(GLenum name) {
  switch (name) {
    case GL_VENDOR:
      return text(config_.vendor);
    case GL_RENDERER:
      return text(config_.renderer);
    case GL_VERSION:
      return text(version_);
    case GL_SHADING_LANGUAGE_VERSION:
      return text(glsl_version_);
    case GL_EXTENSIONS:
      if (config_.es) return text(extension_list_);
      [[fallthrough]];
    default:
      error(GL_INVALID_ENUM, enum_name(name) + " is no string here");
      return nullptr;
  }
}

const GLubyte* Driver::get_string_i(GLenum name, GLuint index) {
  if (name != GL_EXTENSIONS) {
    error(GL_INVALID_ENUM, enum_name(name) + " is no indexed string here");
    return nullptr;
  }
  if (index >= config_.extensions.size()) {
    error(GL_INVALID_VALUE, "extension " + std::to_string(index));
    return nullptr;
  }
  return text(config_.extensions[index]);
}

bool Driver::get_integer(GLenum name, GLint64* value) {
  if (const auto own = config_.more_limits.find(name); own != config_.more_limits.end()) {
    *value = own->second;
    return true;
  }
  for (const TargetInfo& row : buffer_targets()) {
    if (row.binding != name || target_info(row.target) == nullptr) continue;
    const auto found = bindings_.find(row.target);
    *value = found == bindings_.end() ? 0 : found->second->name;
    return true;
  }
  if (get_pixel_integer(name, value) || get_texture_integer(name, value) ||
      get_framebuffer_integer(name, value) || get_shader_integer(name, value)) {
    return true;
  }
  Integer integer = context_integer(name);
  if (!integer.available) integer = limit(name);
  *value = integer.number;
  if (!integer.available) error(GL_INVALID_ENUM, enum_name(name) + " does not exist in this context");
  return integer.available;
}

Driver::Integer Driver::context_integer(GLenum name) const {
  switch (name) {
    case GL_MAJOR_VERSION:
      return {true, config_.major};
    case GL_MINOR_VERSION:
      return {true, config_.minor};
    case GL_NUM_EXTENSIONS:
      return {true, static_cast<GLint64>(config_.extensions.size())};
    case GL_CONTEXT_FLAGS:
      // Mesa has it on OpenGL ES 3.2 and later, with or without KHR_debug.
      return {at_least(30, 32), config_.no_error_context ? kNoErrorFlag : 0};
    case GL_CONTEXT_PROFILE_MASK:
      return {at_least(32, 0), GL_CONTEXT_CORE_PROFILE_BIT};
    case GL_RESET_NOTIFICATION_STRATEGY:
      return {has(Need::reset_status), config_.reset_notification_strategy};
    default:
      return {};
  }
}

Driver::Integer Driver::limit(GLenum name) const {
  const bool desktop = !config_.es;
  const bool uniform_blocks = at_least(31, 30);
  const bool storage_blocks =
      at_least(43, 31) || (desktop && has_extension("GL_ARB_shader_storage_buffer_object"));
  const bool es_texture_buffer = !desktop && has_extension("GL_EXT_texture_buffer");
  switch (name) {
    case GL_UNIFORM_BUFFER_OFFSET_ALIGNMENT:
      return {uniform_blocks, config_.uniform_offset_alignment};
    case GL_MAX_UNIFORM_BLOCK_SIZE:
      return {uniform_blocks, config_.max_uniform_block_bytes};
    case GL_MAX_UNIFORM_BUFFER_BINDINGS:
      return {uniform_blocks, max_indexed(GL_UNIFORM_BUFFER)};
    case GL_SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT:
      return {storage_blocks, config_.shader_storage_offset_alignment};
    case GL_MAX_SHADER_STORAGE_BLOCK_SIZE:
      return {storage_blocks, config_.max_shader_storage_block_bytes};
    case GL_MAX_SHADER_STORAGE_BUFFER_BINDINGS:
      return {storage_blocks, max_indexed(GL_SHADER_STORAGE_BUFFER)};
    case GL_TEXTURE_BUFFER_OFFSET_ALIGNMENT:
      return {
          at_least(43, 32) || (desktop && has_extension("GL_ARB_texture_buffer_range")) || es_texture_buffer,
          config_.texture_buffer_offset_alignment};
    case GL_MAX_TEXTURE_BUFFER_SIZE:
      return {at_least(31, 32) || es_texture_buffer, std::int64_t{1} << 27};
    case GL_MIN_MAP_BUFFER_ALIGNMENT:
      return {at_least(42, 0) || (desktop && has_extension("GL_ARB_map_buffer_alignment")),
              config_.min_map_alignment_bytes};
    case GL_MAX_SERVER_WAIT_TIMEOUT:
      return {has(Need::sync), std::int64_t{1} << 40};
    case GL_MAX_TEXTURE_SIZE:
      return {true, 16384};
    default:
      return {};
  }
}

bool Driver::get_indexed(GLenum name, GLuint index, GLint64* value) {
  enum class Field { buffer, offset, size };
  const auto read = [&](GLenum target, Field field) {
    if (index >= max_indexed(target)) {
      error(GL_INVALID_VALUE, "index " + std::to_string(index));
      return false;
    }
    const auto found = indexed_.find({target, index});
    const IndexedBinding binding = found == indexed_.end() ? IndexedBinding{} : found->second;
    *value = field == Field::buffer ? (binding.buffer == nullptr ? 0 : binding.buffer->name)
                                    : (field == Field::offset ? binding.offset : binding.size);
    return true;
  };
  switch (name) {
    case GL_UNIFORM_BUFFER_BINDING:
      return read(GL_UNIFORM_BUFFER, Field::buffer);
    case GL_UNIFORM_BUFFER_START:
      return read(GL_UNIFORM_BUFFER, Field::offset);
    case GL_UNIFORM_BUFFER_SIZE:
      return read(GL_UNIFORM_BUFFER, Field::size);
    case GL_SHADER_STORAGE_BUFFER_BINDING:
      return read(GL_SHADER_STORAGE_BUFFER, Field::buffer);
    case GL_SHADER_STORAGE_BUFFER_START:
      return read(GL_SHADER_STORAGE_BUFFER, Field::offset);
    case GL_SHADER_STORAGE_BUFFER_SIZE:
      return read(GL_SHADER_STORAGE_BUFFER, Field::size);
    case GL_ATOMIC_COUNTER_BUFFER_BINDING:
      return read(GL_ATOMIC_COUNTER_BUFFER, Field::buffer);
    case GL_TRANSFORM_FEEDBACK_BUFFER_BINDING:
      return read(GL_TRANSFORM_FEEDBACK_BUFFER, Field::buffer);
    default:
      error(GL_INVALID_ENUM, enum_name(name) + " is no indexed state here");
      return false;
  }
}

}  // namespace strict_gl
