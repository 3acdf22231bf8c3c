// SPDX-License-Identifier: MIT
// The options of `pmb stream`, their help, and what they say about blocks.

#include "stream_options.hpp"

namespace pmb::tool {
namespace {

/// What is wrong with a size that was given as nothing; 0 stands for "not given" elsewhere.
std::string not_zero(const std::string& bytes) {
  return bytes == "0" ? "must be at least one byte" : "";
}

}  // namespace

void add_stream_options(CLI::App& app, StreamOptions& options) {
  app.footer(
      "Without --block and --size the input is YUV4MPEG2 video, and the output is the same video with other "
      "pixels:\n"
      "  ffmpeg -i in.mp4 -f yuv4mpegpipe - | pmb stream sobel | ffplay -\n"
      "Offsets, blocks and frames in messages count from 0. Kernels: docs/kernels.md.");
  app.add_option("KERNEL", options.kernel,
                 "Built-in (see --list) or file with a GLSL compute shader; ./copy is a file");

  app.add_option("-i,--input", options.input, "Input file; - is stdin")->group("Data")->capture_default_str();
  app.add_option("-o,--output", options.output, "Output file; - is stdout")
      ->group("Data")
      ->capture_default_str();
  app.add_option("--block", options.block_bytes, "Raw data in blocks of this size: 4096, 64K, 8M")
      ->transform(CLI::AsSizeValue(false))
      ->check(not_zero)
      ->option_text("BYTES")
      ->group("Data");
  app.add_option("--size", options.size, "Raw data in frames of this many pixels; with --pixel")
      ->type_name("WxH")
      ->group("Data");
  app.add_option("--pixel", options.pixel, "gray8, rgba8 or rgba32f")->type_name("FORMAT")->group("Data");
  app.add_option("--out-block", options.out_block_bytes,
                 "Bytes that the kernel writes for a block, where they differ")
      ->transform(CLI::AsSizeValue(false))
      ->check(not_zero)
      ->option_text("BYTES")
      ->group("Data");

  app.add_option("--uniform", options.uniforms,
                 "Sets a uniform of the kernel; vectors and arrays with commas")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->group("Kernel");
  app.add_option("--matrix", options.matrix, "Coefficients of convolve, row by row: \"1,2,1;2,4,2;1,2,1\"")
      ->type_name("A,B,..;..")
      ->group("Kernel");
  app.add_option("--divisor", options.divisor, "What convolve divides the sum by")
      ->capture_default_str()
      ->type_name("D")
      ->group("Kernel");
  app.add_option("--bias", options.bias, "What convolve adds then")
      ->capture_default_str()
      ->type_name("B")
      ->group("Kernel");
  app.add_flag("--clear-output", options.clear_output,
               "Zeroes the output block before each run, for kernels that add up")
      ->group("Kernel");
  app.add_flag("--list", options.list, "Shows the built-ins and what each does to which plane")
      ->group("Kernel");
  app.add_option("--print-kernel", options.print_kernel,
                 "Prints a built-in's source, to start one's own from")
      ->type_name("NAME")
      ->group("Kernel");

  app.add_option("--path", options.path, "auto, direct, staged or traditional")
      ->check(CLI::IsMember({"auto", "direct", "staged", "traditional"}))
      ->capture_default_str()
      ->group("GPU");
  app.add_option("--in-flight", options.in_flight, "Blocks under way at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str()
      ->group("GPU");
  app.add_option("--gpu-reads", options.gpu_reads,
                 "How often the kernel reads each byte; decides --path auto")
      ->check(CLI::Range(1, 1000000))
      ->type_name("N")
      ->group("GPU");
  add_gpu_options(app, options.gpu);
  add_profile_option(app, options.gpu);
  app.add_flag_callback("--gles",
                        [] {
                          throw CLI::ValidationError(
                              "--gles",
                              "the kernels of pmb stream are desktop OpenGL 4.3 or newer; leave it out");
                        })
      ->group("");

  app.add_flag("--check", options.check, "Compares every byte with the traditional path")->group("Results");
  app.add_flag("--verify", options.verify, "Compares every byte with plain C++ on the CPU (built-ins only)")
      ->group("Results");
  app.add_option("--json", options.json, "Writes the summary as JSON; - is stderr, in place of the text")
      ->type_name("FILE")
      ->group("Results");
  app.add_flag("-q,--quiet", options.quiet, "No progress and no summary; errors only")->group("Results");
}

Outcome<std::optional<FrameLayout>> given_layout(const StreamOptions& options) {
  if (options.block_bytes != 0 && !options.size.empty()) {
    return fail(kUsage,
                "--block and --size exclude each other: --size with --pixel gives the bytes of a frame");
  }
  if (options.size.empty() != options.pixel.empty()) {
    return fail(kUsage, "--size and --pixel belong together; give for example --size 640x480 --pixel rgba8");
  }
  Outcome<FrameLayout> layout;
  if (options.block_bytes != 0) {
    layout = raw_layout(options.block_bytes);
  } else if (!options.size.empty()) {
    layout = parse_layout(options.size, options.pixel);
  } else {
    return std::nullopt;
  }
  if (!layout) return pass_on(layout);
  return *layout;
}

}  // namespace pmb::tool
