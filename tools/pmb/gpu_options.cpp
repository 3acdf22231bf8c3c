// SPDX-License-Identifier: MIT
// Opens the GPU that the command line names.

#include "gpu_options.hpp"

#include <charconv>
#include <utility>

namespace pmb::tool {

void add_gpu_options(CLI::App& app, GpuOptions& options) {
  app.add_option("--gpu", options.gpu,
                 "GPU to use: an index or part of a name, as `pmb info --list-gpus` shows")
      ->type_name("INDEX|NAME");
  app.add_flag("--software", options.software, "Render on the CPU, also where there is a GPU");
}

pmb::Result<std::unique_ptr<OpenGpu>> open_gpu(const GpuOptions& options, pmb::Options context_options) {
  HeadlessOptions wanted;
  wanted.software = options.software;
  const char* const end = options.gpu.data() + options.gpu.size();
  int index = 0;
  const auto [stop, error] = std::from_chars(options.gpu.data(), end, index);
  if (error == std::errc{} && stop == end) {
    wanted.gpu_index = index;
  } else {
    wanted.gpu_name = options.gpu;
  }

  auto headless = HeadlessContext::create(wanted);
  if (!headless) return tl::unexpected(headless.error());
  if (auto current = headless->make_current(); !current) return tl::unexpected(current.error());
  auto context = Context::from_current(HeadlessContext::loader(), std::move(context_options));
  if (!context) return tl::unexpected(context.error());
  return std::unique_ptr<OpenGpu>(new OpenGpu{std::move(*headless), std::move(*context)});
}

}  // namespace pmb::tool
