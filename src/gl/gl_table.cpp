// SPDX-License-Identifier: MIT
// Loads the functions of a context, and reads its limits, extensions and driver. Version and extension strings decide
// what exists: a function pointer proves nothing.
#include "gl/gl_table.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <span>

#include "base/fail.hpp"
#include "base/platform.hpp"

namespace pmb::detail {
namespace {

std::string text_of(const GladGLContext& gl, GLenum name) {
  const auto* text = reinterpret_cast<const char*>(gl.GetString(name));
  return text ? text : "";
}

std::uint64_t integer_of(const GladGLContext& gl, GLenum name, std::uint64_t least = 0) {
  GLint64 value = 0;
  gl.GetInteger64v(name, &value);
  return value > 0 ? std::max(static_cast<std::uint64_t>(value), least) : least;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// How the strings of a driver name its vendor.
struct VendorRow {
  std::string_view kind;
  std::string_view vendor_parts[2];
  std::string_view renderer_parts[2];
};
constexpr VendorRow kVendors[] = {
    {"nvidia", {"NVIDIA", "nouveau"}, {}},
    {"amd", {"AMD", "ATI"}, {"AMD"}},
    {"intel", {"Intel"}, {"Intel"}},
    {"qualcomm", {"Qualcomm"}, {"Adreno"}},
    {"arm", {"ARM"}, {"Mali"}},
    {"imagination", {"Imagination"}, {"PowerVR"}},
    {"broadcom", {"Broadcom"}, {"V3D", "VC4"}},
};

bool contains_one(std::string_view text, std::span<const std::string_view> parts) {
  return std::ranges::any_of(parts, [&](auto part) { return !part.empty() && contains(text, part); });
}

std::string_view kind_of(const Driver& driver) {
  if (driver.software) return "mesa_software";
  for (const VendorRow& row : kVendors) {
    if (contains_one(driver.vendor, row.vendor_parts) || contains_one(driver.renderer, row.renderer_parts)) {
      return row.kind;
    }
  }
  return "unknown";
}

void read_driver(GlTable& gl) {
  Driver& driver = gl.driver;
  driver.vendor = text_of(gl, GL_VENDOR);
  driver.renderer = text_of(gl, GL_RENDERER);
  driver.version = text_of(gl, GL_VERSION);
  driver.mesa = contains(driver.version, "Mesa");
  constexpr std::string_view kSoftware[] = {"llvmpipe", "softpipe", "swrast", "SwiftShader"};
  driver.software = contains_one(driver.renderer, kSoftware);
  driver.kind = kind_of(driver);
  // "4.6.0 NVIDIA 580.159.03" or "4.5 (Core Profile) Mesa 22.3.6": the version of the driver follows its name.
  for (const char* name : {"NVIDIA ", "Mesa ", "Build "}) {
    const std::size_t at = driver.version.find(name);
    if (at == std::string::npos) continue;
    std::sscanf(driver.version.c_str() + at + std::strlen(name), "%d.%d.%d", &driver.release[0],
                &driver.release[1], &driver.release[2]);
    break;
  }
}

/// Sets glGetGraphicsResetStatus to the function of this context, whose extensions differ in name only. False if there
/// is none.
bool find_reset_status(GlTable& gl, bool core) {
  auto& function = gl.GetGraphicsResetStatus;
  if (core) return function != nullptr;
  if (gl.has("GL_KHR_robustness")) {
    if (!function) function = gl.GetGraphicsResetStatusKHR;
  } else if (gl.has("GL_ARB_robustness")) {
    function = gl.GetGraphicsResetStatusARB;
  } else {
    function = gl.has("GL_EXT_robustness") ? gl.GetGraphicsResetStatusEXT : nullptr;
  }
  return function != nullptr;
}

/// The loader's glGetStringi, while glad reads the names of extensions.
thread_local PFNGLGETSTRINGIPROC t_get_string_i = nullptr;

/// glad copies the names without looking at them, and a lost context returns null.
const GLubyte* GLAD_API_PTR get_string_i(GLenum name, GLuint index) {
  const GLubyte* const text = t_get_string_i(name, index);
  return text ? text : reinterpret_cast<const GLubyte*>("");
}

GLADapiproc find_function(void* user, const char* name) {
  const auto found = reinterpret_cast<GLADapiproc>((*static_cast<Loader*>(user))(name));
  if (!found || std::strcmp(name, "glGetStringi") != 0) return found;
  t_get_string_i = reinterpret_cast<PFNGLGETSTRINGIPROC>(found);
  return reinterpret_cast<GLADapiproc>(&get_string_i);
}

#if defined(_WIN32)
constexpr bool kWindows = true;
#else
constexpr bool kWindows = false;
#endif

}  // namespace

Result<void> GlTable::find_context(Loader loader, bool has_context, std::source_location where) {
  GetString = reinterpret_cast<PFNGLGETSTRINGPROC>(loader("glGetString"));
  // The loaders of GLFW and SDL2 find nothing while no context is current.
  if (!GetString) return fail(has_context ? ErrorId::loader_failed : ErrorId::no_current_context, where);
  const auto* text = reinterpret_cast<const char*>(GetString(GL_VERSION));
  if (!text) return fail(ErrorId::no_current_context, where);
  GetError = reinterpret_cast<PFNGLGETERRORPROC>(loader("glGetError"));
  if (!GetError) return fail(ErrorId::loader_failed, where);
  limits.gles = std::strncmp(text, "OpenGL ES", 9) == 0;
  return {};
}

Result<void> GlTable::load(Loader loader, std::source_location where) {
  const int loaded = limits.gles ? gladLoadGLES2ContextUserPtr(this, &find_function, &loader)
                                 : gladLoadGLContextUserPtr(this, &find_function, &loader);
  if (GetStringi) GetStringi = t_get_string_i;
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
  limits.gl_major = integer(GL_MAJOR_VERSION);
  limits.gl_minor = integer(GL_MINOR_VERSION);
  const int count = integer(GL_NUM_EXTENSIONS);
  for (int i = 0; i < count; ++i) {
    const auto* name = reinterpret_cast<const char*>(GetStringi(GL_EXTENSIONS, static_cast<GLuint>(i)));
    if (name) extensions.emplace(name);
  }
  read_driver(*this);
  // 0 for the API that this context is not, so that no version is reached.
  const int desktop = limits.gles ? 0 : version();
  const int es = limits.gles ? version() : 0;
  limits.core_profile =
      desktop >= 32 && (integer(GL_CONTEXT_PROFILE_MASK) & GL_CONTEXT_CORE_PROFILE_BIT) != 0;
  const bool has_flags = desktop >= 30 || es >= 32;
  limits.no_error = has_flags && (desktop >= 46 || has("GL_KHR_no_error")) &&
                    (integer(GL_CONTEXT_FLAGS) & GL_CONTEXT_FLAG_NO_ERROR_BIT) != 0;
  limits.buffer_storage =
      limits.gles ? es >= 31 && has("GL_EXT_buffer_storage") : desktop >= 44 || has("GL_ARB_buffer_storage");
  limits.direct_state_access = desktop >= 45 || (!limits.gles && has("GL_ARB_direct_state_access"));
  limits.memory_barrier = desktop >= 42 || es >= 31 || has("GL_ARB_shader_image_load_store");
  limits.compute = desktop >= 43 || es >= 31 ||
                   (has("GL_ARB_compute_shader") && has("GL_ARB_shader_storage_buffer_object"));
  limits.reset_notification =
      find_reset_status(*this, desktop >= 45 || es >= 32) &&
      integer(GL_RESET_NOTIFICATION_STRATEGY) == static_cast<int>(GL_LOSE_CONTEXT_ON_RESET);
  // The extension has another name for the same function.
  if (limits.gles) BufferStorage = BufferStorageEXT;

  limits.uniform_offset_alignment = integer_of(*this, GL_UNIFORM_BUFFER_OFFSET_ALIGNMENT, 1);
  limits.max_uniform_block = integer_of(*this, GL_MAX_UNIFORM_BLOCK_SIZE);
  if (limits.compute) {
    limits.storage_offset_alignment = integer_of(*this, GL_SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT, 1);
    limits.max_storage_block = integer_of(*this, GL_MAX_SHADER_STORAGE_BLOCK_SIZE);
  }
  const bool es_texture_buffer =
      es >= 32 || (es >= 31 && (has("GL_EXT_texture_buffer") || has("GL_OES_texture_buffer")));
  if (desktop >= 31 || es_texture_buffer) {
    limits.max_texture_buffer_texels = integer_of(*this, GL_MAX_TEXTURE_BUFFER_SIZE);
  }
  if (desktop >= 43 || (desktop >= 31 && has("GL_ARB_texture_buffer_range")) || es_texture_buffer) {
    limits.texture_offset_alignment = integer_of(*this, GL_TEXTURE_BUFFER_OFFSET_ALIGNMENT, 1);
  }
  if (desktop >= 42 || has("GL_ARB_map_buffer_alignment")) {
    limits.map_alignment = integer_of(*this, GL_MIN_MAP_BUFFER_ALIGNMENT, 1);
  }
}

std::vector<Quirk> GlTable::list_quirks() const {
  const bool nvidia = driver.kind == "nvidia";
  const bool intel = driver.kind == "intel";
  const bool mobile = driver.kind == "qualcomm" || driver.kind == "arm" || driver.kind == "imagination";
  return {
#define PMB_QUIRK(id, applies, what, evidence) {#id, what, evidence, applies, quirk(QuirkId::id)},
#include "gl/quirks.def"
#undef PMB_QUIRK
  };
}

void GlTable::apply_quirks(const Options& options) {
  const auto& disabled = options.disabled_quirks;
  std::size_t index = 0;
  for (const Quirk& known : list_quirks()) {
    quirks[index++] = known.applies && std::ranges::find(disabled, known.id) == disabled.end();
  }
  const bool broken_dsa = quirk(QuirkId::nvidia_windows_dsa) || quirk(QuirkId::intel_windows_dsa);
  if (broken_dsa || options.bind_to_edit) limits.direct_state_access = false;
}

void* (*find_current_getter() noexcept)() {
  // GL cannot tell, but the window-system libraries can. A GL loader is not asked: it returns non-null for any name.
  constexpr std::pair<const char*, const char*> kGetters[] = {
      {"libEGL.so.1", "eglGetCurrentContext"},  {"libGLX.so.0", "glXGetCurrentContext"},
      {"libGL.so.1", "glXGetCurrentContext"},   {"libOSMesa.so.8", "OSMesaGetCurrentContext"},
      {"opengl32.dll", "wglGetCurrentContext"}, {"libEGL.dll", "eglGetCurrentContext"}};
  for (const auto& [library, function] : kGetters) {
    const auto getter = reinterpret_cast<void* (*)()>(find_loaded_function(library, function));
    if (getter && getter()) return getter;
  }
  return nullptr;
}

}  // namespace pmb::detail
