// SPDX-License-Identifier: MIT
// The choice of a GPU that the subcommands share: their options, and the context opened by them.
#pragma once

#include <glad/gl.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <pmb/context.hpp>
#include <pmb/headless.hpp>
#include <pmb/result.hpp>
#include <string>

namespace pmb::tool {

struct GpuOptions {
  std::string gpu = {};   ///< An index of `pmb info --list-gpus`, or part of a name; empty: the first.
  bool software = false;  ///< The CPU, also where there is a GPU.
  bool gles = false;      ///< OpenGL ES in place of desktop OpenGL.
  int gl_major = 0;       ///< Least version; 0: the newest there is.
  int gl_minor = 0;
  bool no_profile = false;  ///< Plans by quirks and defaults, whatever was measured.
};

/// Adds `--gpu INDEX|NAME` and `--software`. `options` must live as long as `app` parses.
void add_gpu_options(CLI::App& app, GpuOptions& options);

/// Adds `--gles` and `--gl-version MAJOR.MINOR`, for commands that run on every kind of context.
void add_api_options(CLI::App& app, GpuOptions& options);

/// Adds `--no-profile`, for commands that plan by what `pmb tune` found.
void add_profile_option(CLI::App& app, GpuOptions& options);

/// What the environment says, and the profile that `pmb tune` leaves where the environment names none and
/// --no-profile is not given.
pmb::Options program_options(const GpuOptions& options);

/// Prints a warning for each name in PMB_DISABLE_QUIRKS that is no quirk.
void warn_of_unknown_quirks(const pmb::Context& context);

/// As the library takes them.
pmb::HeadlessOptions headless_options(const GpuOptions& options);

/// The chosen GPU's context, current on this thread. Statuses: those of HeadlessContext::create and
/// make_current. Not robust: where nobody listens for resets, whose notification costs.
pmb::Result<pmb::HeadlessContext> open_headless(const GpuOptions& options, bool robust = true);

/// The functions of the headless context that is current, of OpenGL or of OpenGL ES. False if the driver lacks those of
/// version 1.0.
bool load_gl(GladGLContext& gl, bool gles = false);

/// Large copies on oneTBB's threads, where the program was built with it and the options name no others.
void lend_threads(pmb::Options& options);

/// A GL context, current on the thread that opened it, and pmb's view of it, which goes first.
struct OpenGpu {
  pmb::HeadlessContext headless;
  pmb::Context context;
};

/// Statuses: those of open_headless and of Context::from_current.
pmb::Result<std::unique_ptr<OpenGpu>> open_gpu(const GpuOptions& options, pmb::Options context_options = {});

}  // namespace pmb::tool
