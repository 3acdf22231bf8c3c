// SPDX-License-Identifier: MIT
// Prepares the parts of a stream, runs them, and summarises the result.

#include "stream_job.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <pmb/headless.hpp>

#include "block_check.hpp"
#include "block_path.hpp"
#include "block_reader.hpp"
#include "block_writer.hpp"
#include "common/output_file.hpp"
#include "common/stop_signal.hpp"
#include "kernel_choice.hpp"
#include "kernel_program.hpp"
#include "path_choice.hpp"
#include "pipeline.hpp"
#include "progress.hpp"

namespace pmb::tool {
namespace {

/// The parts of a stream. Each uses only the parts above it.
struct Job {
  Job(const StreamOptions& wanted, ChosenKernel chosen) : options(wanted), kernel(std::move(chosen)) {}

  const StreamOptions& options;
  ChosenKernel kernel;
  StopSignal stop;
  SignalGuard signals{stop};
  GladGLContext gl = {};
  std::unique_ptr<OpenGpu> gpu;
  std::optional<KernelProgram> program;
  std::optional<BlockReader> reader;
  std::uint64_t output_bytes = 0;  ///< Of a whole block.
  PathChoice choice;
  std::unique_ptr<BlockPath> path;
  BlockCheck check;
  std::optional<BlockWriter> writer;
};

struct TimedResult {
  PipelineResult pipeline;
  double seconds = 0;
  std::uint64_t fences = 0;
};

Outcome<std::unique_ptr<OpenGpu>> open_for_compute(const GpuOptions& options, GladGLContext& gl) {
  auto gpu = open_gpu(options, program_options(options));
  if (!gpu) return fail(kNoGl, "no usable GL: {}", gpu.error().message());
  if (!(*gpu)->context.limits().compute || !load_gl(gl)) {
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
    return fail(kUsage, "--out-block does not fit video, whose header gives the size of every frame");
  }
  if (builtin != nullptr) {
    if (auto fits = check_format(*builtin, reader->layout().format); !fits) return pass_on(fits);
  }
  return reader;
}

Outcome<void> build_program(Job& job) {
  auto gpu = open_for_compute(job.options.gpu, job.gl);
  if (!gpu) return pass_on(gpu);
  job.gpu = std::move(*gpu);
  auto program = KernelProgram::build(job.gl, job.kernel.source);
  if (!program) return pass_on(program);
  job.program.emplace(std::move(*program));
  for (const UniformAssignment& assignment : job.kernel.uniforms) {
    if (auto set = job.program->set(assignment); !set) return set;
  }
  if (job.kernel.builtin != nullptr) {
    job.program->set_parameters(job.kernel.builtin->id, job.kernel.parameters);
  }
  return {};
}

Outcome<void> open_input(Job& job, const std::optional<FrameLayout>& layout) {
  auto reader = open_reader(job.options, layout, job.kernel.builtin, job.stop);
  if (!reader) return pass_on(reader);
  job.reader.emplace(std::move(*reader));
  const FrameLayout& frame = job.reader->layout();
  job.output_bytes = job.options.out_block_bytes != 0 ? job.options.out_block_bytes : frame.bytes;
  if (auto fits = check_limits(job.gpu->context, frame.bytes, job.output_bytes); !fits) return fits;
  return job.program->set_layout(frame, job.output_bytes);
}

std::uint32_t gpu_reads(const Job& job) {
  if (job.options.gpu_reads != 0) return job.options.gpu_reads;
  return job.kernel.builtin == nullptr ? 1 : gpu_reads_of(job.kernel.builtin->id, job.kernel.parameters);
}

Outcome<void> open_path(Job& job) {
  const StreamOptions& options = job.options;
  const FrameLayout& frame = job.reader->layout();
  auto choice = choose_path(job.gpu->context, options.path, frame.bytes, job.output_bytes, gpu_reads(job));
  if (!choice) return pass_on(choice);
  job.choice = std::move(*choice);
  const GpuWork work{.gl = job.gl,
                     .context = job.gpu->context,
                     .program = *job.program,
                     .input_bytes = padded_bytes(frame.bytes),
                     .output_bytes = padded_bytes(job.output_bytes),
                     .in_flight = options.in_flight,
                     .clear_output = options.clear_output,
                     .readable_input = options.check || options.verify};
  auto path = make_path(job.choice.path, work);
  if (!path) return pass_on(path);
  job.path = std::move(*path);
  if (options.check) {
    auto run = TraditionalRun::create(work);
    if (!run) return pass_on(run);
    job.check.use_traditional(std::move(*run));
  }
  if (options.verify) job.check.use_reference(job.kernel.builtin->id, frame, job.kernel.parameters);
  return {};
}

Outcome<std::unique_ptr<Job>> prepare(const StreamOptions& options) {
  for (const std::string& file : {options.output, options.json}) {
    if (auto writable = require_writable(file); !writable) return pass_on(writable);
  }
  auto kernel = choose_kernel(options);
  if (!kernel) return pass_on(kernel);
  auto layout = given_layout(options);
  if (!layout) return pass_on(layout);
  if (*layout && kernel->builtin != nullptr) {
    if (auto fits = check_format(*kernel->builtin, (*layout)->format); !fits) return pass_on(fits);
  }
  auto job = std::make_unique<Job>(options, std::move(*kernel));
  if (auto done = build_program(*job); !done) return pass_on(done);
  if (auto done = open_input(*job, *layout); !done) return pass_on(done);
  if (auto done = open_path(*job); !done) return pass_on(done);
  // Last, because it empties the output file.
  auto writer = BlockWriter::open(options.output, job->reader->descriptor());
  if (!writer) return pass_on(writer);
  job->writer.emplace(std::move(*writer));
  return job;
}

TimedResult run(Job& job) {
  const pmb::Timeline& timeline = job.gpu->context.timeline();
  Progress progress(!job.options.quiet, job.reader->noun(), job.reader->expected_blocks());
  const std::uint64_t marked_before = timeline.marked_serial();
  const auto start = std::chrono::steady_clock::now();
  Pipeline pipeline({.path = *job.path,
                     .reader = *job.reader,
                     .writer = *job.writer,
                     .stop = job.stop,
                     .check = job.check,
                     .progress = progress,
                     .in_flight = job.options.in_flight,
                     .out_block_bytes = job.options.out_block_bytes});
  TimedResult result{.pipeline = pipeline.run()};
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.fences = timeline.marked_serial() - marked_before;
  if (!result.pipeline.failure && job.signals.interrupted()) {
    result.pipeline.failure =
        Failure{kInterrupted, fmt::format("interrupted; the {} {}s that had been read whole were written",
                                          result.pipeline.blocks, job.reader->noun())};
  }
  return result;
}

StreamSummary summarise(const Job& job, const TimedResult& result) {
  const FrameLayout& frame = job.reader->layout();
  const std::optional<Failure>& failure = result.pipeline.failure;
  return {.kernel = job.options.kernel,
          .format = std::string(to_string(frame.format)),
          .width = frame.width,
          .height = frame.height,
          .video = job.reader->is_video(),
          .block_bytes = frame.bytes,
          .path = to_string(job.choice.path),
          .model = job.choice.path == pmb::Path::traditional ? "" : to_string(job.path->model()),
          .reason = job.choice.reason,
          .blocks = result.pipeline.blocks,
          .bytes_in = result.pipeline.bytes_in,
          .bytes_out = result.pipeline.bytes_out,
          .seconds = result.seconds,
          .cpu_bytes_copied_per_block = job.path->cpu_bytes_copied_per_block(),
          .fences = result.fences,
          .peak_rss_bytes = peak_rss_bytes(),
          .in_flight = job.options.in_flight,
          .checked = job.options.check,
          .verified = job.options.verify,
          .renderer = job.gpu->context.driver().renderer,
          .exit_code = failure ? failure->code : kSuccess,
          .error = failure ? failure->message : ""};
}

}  // namespace

Outcome<StreamSummary> run_stream(const StreamOptions& options) {
  auto job = prepare(options);
  if (!job) return pass_on(job);
  const TimedResult result = run(**job);
  return summarise(**job, result);
}

}  // namespace pmb::tool
