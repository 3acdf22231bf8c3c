// SPDX-License-Identifier: MIT
// Loads the functions of a context, and reads its limits, extensions and driver. Version and extension strings decide
// what exists: a function pointer proves nothing.
#include "gl/gl_table.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/fail.hpp"

namespace pmb::detail {
namespace {

std::string text_of(const GladGLContext& gl, GLenum name) {
  const auto* text = reinterpret_cast<const char*>(gl.GetString(name));
  return text ? text : "";
}

std::uint64_t integer_of(const GladGLContext& gl, GLenum name) {
  GLint64 value = 0;
  gl.GetInteger64v(name, &value);
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

int int_of(const GladGLContext& gl, GLenum name) {
  GLint value = 0;
  gl.GetIntegerv(name, &value);
  return value;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

Vendor vendor_of(const Driver& driver) {
  const std::string_view vendor = driver.vendor;
  const std::string_view renderer = driver.renderer;
  if (driver.software) return Vendor::mesa_software;
  if (contains(vendor, "NVIDIA") || contains(vendor, "nouveau")) return Vendor::nvidia;
  if (contains(vendor, "AMD") || contains(vendor, "ATI") || contains(renderer, "AMD")) return Vendor::amd;
  if (contains(vendor, "Intel") || contains(renderer, "Intel")) return Vendor::intel;
  if (contains(vendor, "Qualcomm") || contains(renderer, "Adreno")) return Vendor::qualcomm;
  if (contains(vendor, "ARM") || contains(renderer, "Mali")) return Vendor::arm;
  if (contains(vendor, "Imagination") || contains(renderer, "PowerVR")) return Vendor::imagination;
  if (contains(vendor, "Broadcom") || contains(renderer, "V3D") || contains(renderer, "VC4"))
    return Vendor::broadcom;
  return Vendor::unknown;
}

const char* name_of(Vendor vendor) noexcept {
  switch (vendor) {
    case Vendor::unknown:
      break;
    case Vendor::nvidia:
      return "nvidia";
    case Vendor::amd:
      return "amd";
    case Vendor::intel:
      return "intel";
    case Vendor::mesa_software:
      return "mesa_software";
    case Vendor::qualcomm:
      return "qualcomm";
    case Vendor::arm:
      return "arm";
    case Vendor::imagination:
      return "imagination";
    case Vendor::broadcom:
      return "broadcom";
  }
  return "unknown";
}

void read_driver(GlTable& gl) {
  Driver& driver = gl.driver;
  driver.vendor = text_of(gl, GL_VENDOR);
  driver.renderer = text_of(gl, GL_RENDERER);
  driver.version = text_of(gl, GL_VERSION);
  driver.mesa = contains(driver.version, "Mesa");
  driver.software = contains(driver.renderer, "llvmpipe") || contains(driver.renderer, "softpipe") ||
                    contains(driver.renderer, "swrast") || contains(driver.renderer, "SwiftShader");
  gl.vendor = vendor_of(driver);
  driver.kind = name_of(gl.vendor);
  // "4.6.0 NVIDIA 580.159.03" or "4.5 (Core Profile) Mesa 22.3.6": the version of the driver follows its
  // name.
  for (const char* name : {"NVIDIA ", "Mesa ", "Build "}) {
    const std::size_t at = driver.version.find(name);
    if (at == std::string::npos) continue;
    std::sscanf(driver.version.c_str() + at + std::strlen(name), "%d.%d.%d", &driver.release[0],
                &driver.release[1], &driver.release[2]);
    break;
  }
}

/// Sets glGetGraphicsResetStatus to the function of this context, whose extensions differ in name only. False
/// if there is none.
bool find_reset_status(GlTable& gl, bool core) {
  if (core) return gl.GetGraphicsResetStatus != nullptr;
  if (gl.has("GL_KHR_robustness")) {
    if (!gl.GetGraphicsResetStatus) gl.GetGraphicsResetStatus = gl.GetGraphicsResetStatusKHR;
  } else if (gl.has("GL_ARB_robustness")) {
    gl.GetGraphicsResetStatus = gl.GetGraphicsResetStatusARB;
  } else if (gl.has("GL_EXT_robustness")) {
    gl.GetGraphicsResetStatus = gl.GetGraphicsResetStatusEXT;
  } else {
    return false;
  }
  return gl.GetGraphicsResetStatus != nullptr;
}

}  // namespace

Result<void> GlTable::load(Loader loader, bool has_context, std::source_location where) {
  const auto get_string = reinterpret_cast<PFNGLGETSTRINGPROC>(loader("glGetString"));
  // The loaders of GLFW and SDL2 find nothing while no context is current.
  if (!get_string) return fail(has_context ? ErrorId::loader_failed : ErrorId::no_current_context, where);
  const auto* text = reinterpret_cast<const char*>(get_string(GL_VERSION));
  if (!text) return fail(ErrorId::no_current_context, where);
  limits.gles = std::strncmp(text, "OpenGL ES", 9) == 0;
  const GLADuserptrloadfunc find = [](void* user, const char* name) {
    return reinterpret_cast<GLADapiproc>((*static_cast<Loader*>(user))(name));
  };
  const int loaded = limits.gles ? gladLoadGLES2ContextUserPtr(this, find, &loader)
                                 : gladLoadGLContextUserPtr(this, find, &loader);
  if (loaded == 0 || !GetIntegerv || !GetError) return fail(ErrorId::loader_failed, where);
  // An older context would set a GL error for the queries that follow.
  const auto major = static_cast<std::uint64_t>(GLAD_VERSION_MAJOR(loaded));
  const auto minor = static_cast<std::uint64_t>(GLAD_VERSION_MINOR(loaded));
  const std::uint64_t number = major * 10 + minor;
  if (limits.gles && number < 30) return fail(ErrorId::gles_unsupported, where, {.numbers = {major, minor}});
  if (!limits.gles && number < 32 && (number < 31 || !ARB_sync)) {
    return fail(ErrorId::version_too_old, where, {.numbers = {major, minor}});
  }
  if (!GetStringi || !GetInteger64v || !FenceSync) return fail(ErrorId::loader_failed, where);
  return {};
}

void GlTable::read_limits() {
  GlTable& gl = *this;
  limits.gl_major = int_of(gl, GL_MAJOR_VERSION);
  limits.gl_minor = int_of(gl, GL_MINOR_VERSION);
  const int count = int_of(gl, GL_NUM_EXTENSIONS);
  for (int i = 0; i < count; ++i) {
    const auto* name = reinterpret_cast<const char*>(GetStringi(GL_EXTENSIONS, static_cast<GLuint>(i)));
    if (name) extensions.emplace(name);
  }
  read_driver(gl);
  // 0 for the API that this context is not, so that no version is reached.
  const int desktop = limits.gles ? 0 : version();
  const int es = limits.gles ? version() : 0;
  limits.core_profile =
      desktop >= 32 && (int_of(gl, GL_CONTEXT_PROFILE_MASK) & GL_CONTEXT_CORE_PROFILE_BIT) != 0;
  const bool has_flags = desktop >= 30 || es >= 32;
  limits.no_error = has_flags && (desktop >= 46 || has("GL_KHR_no_error")) &&
                    (int_of(gl, GL_CONTEXT_FLAGS) & GL_CONTEXT_FLAG_NO_ERROR_BIT) != 0;
  limits.buffer_storage =
      limits.gles ? es >= 31 && has("GL_EXT_buffer_storage") : desktop >= 44 || has("GL_ARB_buffer_storage");
  limits.direct_state_access = desktop >= 45 || (!limits.gles && has("GL_ARB_direct_state_access"));
  limits.memory_barrier = desktop >= 42 || es >= 31 || has("GL_ARB_shader_image_load_store");
  limits.compute = desktop >= 43 || es >= 31 ||
                   (has("GL_ARB_compute_shader") && has("GL_ARB_shader_storage_buffer_object"));
  limits.reset_notification =
      find_reset_status(gl, desktop >= 45 || es >= 32) &&
      int_of(gl, GL_RESET_NOTIFICATION_STRATEGY) == static_cast<int>(GL_LOSE_CONTEXT_ON_RESET);
  // The extension has another name for the same function.
  if (limits.gles) BufferStorage = BufferStorageEXT;

  limits.uniform_offset_alignment =
      std::max<std::uint64_t>(1, integer_of(gl, GL_UNIFORM_BUFFER_OFFSET_ALIGNMENT));
  limits.max_uniform_block = integer_of(gl, GL_MAX_UNIFORM_BLOCK_SIZE);
  if (limits.compute) {
    limits.storage_offset_alignment =
        std::max<std::uint64_t>(1, integer_of(gl, GL_SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT));
    limits.max_storage_block = integer_of(gl, GL_MAX_SHADER_STORAGE_BLOCK_SIZE);
  }
  const bool es_texture_buffer =
      es >= 32 || (es >= 31 && (has("GL_EXT_texture_buffer") || has("GL_OES_texture_buffer")));
  if (desktop >= 31 || es_texture_buffer) {
    limits.max_texture_buffer_texels = integer_of(gl, GL_MAX_TEXTURE_BUFFER_SIZE);
  }
  if (desktop >= 43 || (desktop >= 31 && has("GL_ARB_texture_buffer_range")) || es_texture_buffer) {
    limits.texture_offset_alignment =
        std::max<std::uint64_t>(1, integer_of(gl, GL_TEXTURE_BUFFER_OFFSET_ALIGNMENT));
  }
  if (desktop >= 42 || has("GL_ARB_map_buffer_alignment")) {
    limits.map_alignment = std::max<std::uint64_t>(1, integer_of(gl, GL_MIN_MAP_BUFFER_ALIGNMENT));
  }
}

}  // namespace pmb::detail
