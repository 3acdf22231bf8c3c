// SPDX-License-Identifier: MIT
// Opens the GPU that the command line names.

#include "common/gpu_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <pmb/tune/profile.hpp>
#include <utility>

#include "common/suggestion.hpp"

#ifdef PMB_TOOL_TBB
#include <pmb/tbb.hpp>
#endif

namespace pmb::tool {
namespace {

// "4.3", and nothing else.
bool read_version(const std::string& text, int& major, int& minor) {
  const char* const end = text.data() + text.size();
  const auto [dot, no_major] = std::from_chars(text.data(), end, major);
  if (no_major != std::errc{} || dot == end || *dot != '.') return false;
  const auto [stop, no_minor] = std::from_chars(dot + 1, end, minor);
  return no_minor == std::errc{} && stop == end && major > 0 && minor >= 0;
}

}  // namespace

void add_gpu_options(CLI::App& app, GpuOptions& options) {
  app.add_option("--gpu", options.gpu,
                 "GPU to use: an index or part of a name, as `pmb info --list-gpus` shows")
      ->type_name("INDEX|NAME");
  app.add_flag("--software", options.software, "Render on the CPU, also where there is a GPU");
}

void add_api_options(CLI::App& app, GpuOptions& options) {
  app.add_flag("--gles", options.gles, "Use OpenGL ES in place of desktop OpenGL");
  app.add_option_function<std::string>(
         "--gl-version",
         [&options](const std::string& text) {
           if (!read_version(text, options.gl_major, options.gl_minor)) {
             throw CLI::ValidationError("--gl-version", "'" + text + "' is no version: give one such as 4.3");
           }
         },
         "Least version of OpenGL (ES) to ask for; the newest is taken where none is given")
      ->type_name("MAJOR.MINOR");
}

void add_profile_option(CLI::App& app, GpuOptions& options) {
  app.add_flag("--no-profile", options.no_profile,
               "Plan by defaults, also where `pmb tune` has left a profile");
}

pmb::Options program_options(const GpuOptions& options) {
  pmb::Options chosen = pmb::Options::from_environment();
  if (chosen.profile.empty()) chosen.profile = pmb::Profile::default_folder();
  if (options.no_profile) chosen.profile.clear();
  return chosen;
}

void warn_of_unknown_quirks(const pmb::Context& context) {
  std::vector<std::string> known;
  for (const pmb::Quirk& quirk : context.quirks()) known.emplace_back(quirk.id);
  for (const std::string& id : context.options().disabled_quirks) {
    if (std::ranges::find(known, id) != known.end()) continue;
    const std::string near = nearest(id, known);
    fmt::print(stderr, "pmb: warning: PMB_DISABLE_QUIRKS: no quirk is named {}; {}\n", id,
               near.empty() ? "`pmb info` lists them" : "did you mean " + near + "?");
  }
}

pmb::HeadlessOptions headless_options(const GpuOptions& options) {
  HeadlessOptions wanted;
  wanted.software = options.software;
  wanted.gles = options.gles;
  wanted.gl_major = options.gl_major;
  wanted.gl_minor = options.gl_minor;
  const char* const end = options.gpu.data() + options.gpu.size();
  int index = 0;
  const auto [stop, error] = std::from_chars(options.gpu.data(), end, index);
  if (error == std::errc{} && stop == end) {
    wanted.gpu_index = index;
  } else {
    wanted.gpu_name = options.gpu;
  }
  return wanted;
}

pmb::Result<pmb::HeadlessContext> open_headless(const GpuOptions& options, bool robust) {
  HeadlessOptions wanted = headless_options(options);
  wanted.robust = robust;
  auto headless = HeadlessContext::create(wanted);
  if (!headless) return headless;
  if (auto current = headless->make_current(); !current) return tl::unexpected(current.error());
  return headless;
}

bool load_gl(GladGLContext& gl, bool gles) {
  static const pmb::Loader loader = pmb::HeadlessContext::loader();
  const auto find = [](const char* name) { return reinterpret_cast<GLADapiproc>(loader(name)); };
  if (!gles) return gladLoadGLContext(&gl, find) != 0;
  if (gladLoadGLES2Context(&gl, find) == 0) return false;
  gl.BufferStorage = gl.BufferStorageEXT;
  return true;
}

void lend_threads(pmb::Options& options) {
#ifdef PMB_TOOL_TBB
  if (!options.parallel_for) options.parallel_for = tbb_parallel_for();
#else
  static_cast<void>(options);
#endif
}

pmb::Result<std::unique_ptr<OpenGpu>> open_gpu(const GpuOptions& options, pmb::Options context_options) {
  auto headless = open_headless(options);
  if (!headless) return tl::unexpected(headless.error());
  lend_threads(context_options);
  auto context = Context::from_current(HeadlessContext::loader(), std::move(context_options));
  if (!context) return tl::unexpected(context.error());
  warn_of_unknown_quirks(*context);
  return std::unique_ptr<OpenGpu>(new OpenGpu{std::move(*headless), std::move(*context)});
}

}  // namespace pmb::tool
