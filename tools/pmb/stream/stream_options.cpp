// SPDX-License-Identifier: MIT
// The options of `pmb stream`, their help, and what they say about blocks.

#include "stream_options.hpp"

#include "common/size_option.hpp"

namespace pmb::tool {
namespace {

void add_data_options(CLI::App& app, StreamOptions& options) {
  app.add_option("-i,--input", options.input, "Input file; - is stdin")->group("Data")->capture_default_str();
  app.add_option("-o,--output", options.output, "Output file; - is stdout")
      ->group("Data")
      ->capture_default_str();
  app.add_option("--block", options.block_bytes, "Raw data in blocks of this size: 4096, 64K, 8M")
      ->transform(size_value())
      ->option_text("BYTES")
      ->group("Data");
  app.add_option("--size", options.size, "Raw data in frames of this many pixels; with --pixel")
      ->type_name("WxH")
      ->group("Data");
  app.add_option("--pixel", options.pixel, "gray8, rgba8 or rgba32f")->type_name("FORMAT")->group("Data");
  app.add_option("--out-block", options.out_block_bytes,
                 "Bytes that the kernel writes for a block; default: the size of the input block")
      ->transform(size_value())
      ->option_text("BYTES")
      ->group("Data");
}

void add_kernel_options(CLI::App& app, StreamOptions& options) {
  app.add_option("--uniform", options.uniforms,
                 "Sets a uniform of the kernel; vectors and arrays with commas")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false)
      ->group("Kernel");
  app.add_option("--matrix", options.matrix, "Coefficients of convolve, row by row: \"1,2,1;2,4,2;1,2,1\"")
      ->type_name("A,B,..;..")
      ->group("Kernel");
  app.add_option("--divisor", options.divisor, "Divisor of the sum of convolve")
      ->capture_default_str()
      ->type_name("D")
      ->group("Kernel");
  app.add_option("--bias", options.bias, "Added to the quotient of convolve")
      ->capture_default_str()
      ->type_name("B")
      ->group("Kernel");
  app.add_flag("--clear-output", options.clear_output,
               "Zeroes the output block before each run, for kernels that accumulate")
      ->group("Kernel");
  app.add_flag("--list", options.list, "Lists the built-ins and their effect on each format")
      ->group("Kernel");
  app.add_option("--print-kernel", options.print_kernel,
                 "Prints the source of a built-in, as a start for another kernel")
      ->type_name("NAME")
      ->group("Kernel");
}

void add_path_options(CLI::App& app, StreamOptions& options) {
  app.add_option("--path", options.path, "auto, direct, staged or traditional")
      ->check(CLI::IsMember({"auto", "direct", "staged", "traditional"}))
      ->capture_default_str()
      ->group("GPU");
  app.add_option("--in-flight", options.in_flight, "Blocks in flight at once")
      ->check(CLI::Range(1, 64))
      ->capture_default_str()
      ->group("GPU");
  app.add_option("--gpu-reads", options.gpu_reads, "Reads of each byte by the kernel; used by --path auto")
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
}

void add_result_options(CLI::App& app, StreamOptions& options) {
  app.add_flag("--check", options.check, "Compares every byte with the traditional path")->group("Results");
  app.add_flag("--verify", options.verify, "Compares every byte with plain C++ on the CPU (built-ins only)")
      ->group("Results");
  app.add_option("--json", options.json, "Writes the summary as JSON; - is stderr, instead of the text")
      ->type_name("FILE")
      ->group("Results");
  app.add_flag("-q,--quiet", options.quiet, "No progress and no summary; errors only")->group("Results");
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
  add_data_options(app, options);
  add_kernel_options(app, options);
  add_path_options(app, options);
  add_result_options(app, options);
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
