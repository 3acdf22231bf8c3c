// SPDX-License-Identifier: MIT
// `pmb stream`: checks what is asked, puts the parts together, runs them, and tells how it ended.

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <pmb/headless.hpp>

#include "block_check.hpp"
#include "block_path.hpp"
#include "block_reader.hpp"
#include "block_writer.hpp"
#include "common/command.hpp"
#include "common/stop_signal.hpp"
#include "kernel_choice.hpp"
#include "kernel_program.hpp"
#include "path_choice.hpp"
#include "pipeline.hpp"
#include "progress.hpp"
#include "stream_options.hpp"
#include "summary.hpp"

namespace pmb::tool {
namespace {

GLADapiproc load_gl(void* user, const char* name) {
  return reinterpret_cast<GLADapiproc>((*static_cast<pmb::Loader*>(user))(name));
}

Outcome<std::unique_ptr<OpenGpu>> open_for_compute(const GpuOptions& options, GladGLContext& gl) {
  auto gpu = open_gpu(options, program_options(options));
  if (!gpu) {
    const pmb::Error& error = gpu.error();
    return fail(error.id == pmb::ErrorId::no_such_gpu ? kUsage : kNoGl, "no usable GL: {}", error.message());
  }
  pmb::Loader loader = pmb::HeadlessContext::loader();
  if (!(*gpu)->context.limits().compute || gladLoadGLContextUserPtr(&gl, load_gl, &loader) == 0) {
    return fail(kNoGl,
                "no usable GL: {} has no compute shaders, which need OpenGL 4.3; choose another with --gpu",
                (*gpu)->context.driver().renderer);
  }
  return std::move(*gpu);
}

Outcome<void> check_limits(const pmb::Context& context, std::uint64_t input_bytes,
                           std::uint64_t output_bytes) {
  const std::uint64_t most = context.limits().max_storage_block;
  for (const std::uint64_t bytes : {input_bytes, output_bytes}) {
    if (padded_bytes(bytes) > most) {
      return fail(
          kLimit,
          "a block of {} bytes is larger than the {} bytes that {} binds to a shader; use smaller blocks",
          bytes, most, context.driver().renderer);
    }
  }
  return {};
}

Outcome<std::unique_ptr<BlockPath>> make_path(pmb::Path path, const GpuWork& work) {
  if (path == pmb::Path::traditional) return make_traditional_path(work);
  return make_mapped_path(work, path == pmb::Path::staged);
}

/// The input with its header read, if it has one that fits the options and the kernel.
Outcome<BlockReader> open_reader(const StreamOptions& options, const std::optional<FrameLayout>& layout,
                                 const BuiltinKernel* builtin, const StopSignal& stop) {
  auto source = ByteSource::open(options.input, stop);
  if (!source) return pass_on(source);
  if (layout) return BlockReader::raw(std::move(*source), *layout);
  auto reader = BlockReader::y4m(std::move(*source));
  if (!reader) return reader;
  if (options.out_block_bytes != 0) {
    return fail(kUsage,
                "--out-block does not fit video, whose frames all have the size that its header says");
  }
  if (builtin != nullptr) {
    if (auto fits = check_format(*builtin, reader->layout().format); !fits) return pass_on(fits);
  }
  return reader;
}

/// Everything behind the options; answers the summary of a stream that ran, however it ended.
Outcome<StreamSummary> run_stream(const StreamOptions& options) {
  auto kernel = choose_kernel(options);
  if (!kernel) return pass_on(kernel);
  auto layout = given_layout(options);
  if (!layout) return pass_on(layout);
  if (*layout && kernel->builtin != nullptr) {
    if (auto fits = check_format(*kernel->builtin, (*layout)->format); !fits) return pass_on(fits);
  }

  StopSignal stop;
  const SignalGuard signals(stop);
  GladGLContext gl = {};
  auto gpu = open_for_compute(options.gpu, gl);
  if (!gpu) return pass_on(gpu);
  pmb::Context& context = (*gpu)->context;
  auto program = KernelProgram::build(gl, kernel->source);
  if (!program) return pass_on(program);
  for (const UniformAssignment& assignment : kernel->uniforms) {
    if (auto set = program->set(assignment); !set) return pass_on(set);
  }
  if (kernel->builtin != nullptr) program->set_parameters(kernel->builtin->id, kernel->parameters);

  auto reader = open_reader(options, *layout, kernel->builtin, stop);
  if (!reader) return pass_on(reader);
  const FrameLayout& frame = reader->layout();
  const std::uint64_t output_bytes = options.out_block_bytes != 0 ? options.out_block_bytes : frame.bytes;
  if (auto fits = check_limits(context, frame.bytes, output_bytes); !fits) return pass_on(fits);
  if (auto set = program->set_layout(frame, output_bytes); !set) return pass_on(set);

  const std::uint32_t gpu_reads = options.gpu_reads != 0 ? options.gpu_reads
                                  : kernel->builtin != nullptr
                                      ? gpu_reads_of(kernel->builtin->id, kernel->parameters)
                                      : 1;
  auto choice = choose_path(context, options.path, frame.bytes, output_bytes, gpu_reads);
  if (!choice) return pass_on(choice);
  const GpuWork work{.gl = gl,
                     .context = context,
                     .program = *program,
                     .input_bytes = padded_bytes(frame.bytes),
                     .output_bytes = padded_bytes(output_bytes),
                     .in_flight = options.in_flight,
                     .clear_output = options.clear_output,
                     .readable_input = options.check || options.verify};
  auto path = make_path(choice->path, work);
  if (!path) return pass_on(path);
  BlockCheck check;
  if (options.check) {
    auto run = TraditionalRun::create(work);
    if (!run) return pass_on(run);
    check.use_traditional(std::move(*run));
  }
  if (options.verify) check.use_reference(kernel->builtin->id, frame, kernel->parameters);

  auto writer = BlockWriter::open(options.output, reader->descriptor());
  if (!writer) return pass_on(writer);
  Progress progress(!options.quiet, reader->noun(), reader->expected_blocks());
  const std::uint64_t marked_before = context.timeline().marked_serial();
  const auto start = std::chrono::steady_clock::now();
  Pipeline pipeline({.path = **path,
                     .reader = *reader,
                     .writer = *writer,
                     .stop = stop,
                     .check = check,
                     .progress = progress,
                     .in_flight = options.in_flight,
                     .out_block_bytes = options.out_block_bytes});
  PipelineResult result = pipeline.run();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  progress.clear();
  if (!result.failure && signals.interrupted()) {
    result.failure =
        Failure{kInterrupted, fmt::format("interrupted; the {} {}s that had been read whole were written",
                                          result.blocks, reader->noun())};
  }

  return StreamSummary{.kernel = options.kernel,
                       .format = std::string(to_string(frame.format)),
                       .width = frame.width,
                       .height = frame.height,
                       .video = reader->is_video(),
                       .block_bytes = frame.bytes,
                       .path = to_string(choice->path),
                       .model = choice->path == pmb::Path::traditional ? "" : to_string((*path)->model()),
                       .reason = choice->reason,
                       .blocks = result.blocks,
                       .bytes_in = result.bytes_in,
                       .bytes_out = result.bytes_out,
                       .seconds = seconds.count(),
                       .cpu_bytes_copied_per_block = (*path)->cpu_bytes_copied_per_block(),
                       .fences = context.timeline().marked_serial() - marked_before,
                       .peak_rss_bytes = peak_rss_bytes(),
                       .in_flight = options.in_flight,
                       .checked = options.check,
                       .verified = options.verify,
                       .renderer = context.driver().renderer,
                       .exit_code = result.failure ? result.failure->code : kSuccess,
                       .error = result.failure ? result.failure->message : ""};
}

int report(const Failure& failure) {
  if (!failure.details.empty()) fmt::print(stderr, "{}\n", failure.details);
  fmt::print(stderr, "pmb stream: {}\n", failure.message);
  return failure.code;
}

/// Tells the summary, and how it ended where that was not well.
int finish(const StreamOptions& options, const StreamSummary& summary) {
  const bool worth_telling = summary.exit_code == kSuccess || summary.blocks > 0;
  if (worth_telling && !options.quiet && options.json != "-") fmt::print(stderr, "{}", summary_text(summary));
  if (summary.exit_code != kSuccess) fmt::print(stderr, "pmb stream: {}\n", summary.error);
  if (options.json.empty()) return summary.exit_code;
  const auto written = write_json(options.json, summary_json(summary));
  return written || summary.exit_code != kSuccess ? summary.exit_code : report(written.error());
}

int stream(const StreamOptions& options) {
  if (options.list) {
    print_list();
    return kSuccess;
  }
  if (!options.print_kernel.empty()) {
    const auto printed = print_kernel(options.print_kernel);
    return printed ? int{kSuccess} : report(printed.error());
  }
  const auto summary = run_stream(options);
  if (summary) return finish(options, *summary);
  const Failure& failure = summary.error();
  if (!failure.details.empty()) fmt::print(stderr, "{}\n", failure.details);
  return finish(options, {.kernel = options.kernel, .exit_code = failure.code, .error = failure.message});
}

}  // namespace

void add_stream_command(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<StreamOptions>();
  CLI::App* command = app.add_subcommand(
      "stream",
      "Runs a compute shader over a stream: stdin or file -> shared memory -> GPU -> stdout or file");
  add_stream_options(*command, *options);
  command->callback([options, &exit_code] { exit_code = stream(*options); });
}

}  // namespace pmb::tool
