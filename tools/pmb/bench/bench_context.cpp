// SPDX-License-Identifier: MIT
// Opens the contexts and counts fences.

#include "bench/bench_context.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace pmb::tool::bench {
namespace {

// Every fence is counted here: those of pmb, whose loader returns count_fence for glFenceSync, and those of the methods.
std::uint64_t fences = 0;
PFNGLFENCESYNCPROC real_fence_sync = nullptr;

GLsync GLAD_API_PTR count_fence(GLenum condition, GLbitfield flags) {
  ++fences;
  return real_fence_sync(condition, flags);
}

struct ForcedChoice {
  const char* name;
  pmb::Path path;
  std::optional<pmb::Model> model;
};
constexpr std::array kForcedChoices = {
    ForcedChoice{"coherent/direct", pmb::Path::direct, pmb::Model::coherent},
    ForcedChoice{"explicit_flush/direct", pmb::Path::direct, pmb::Model::explicit_flush},
    ForcedChoice{"coherent/staged", pmb::Path::staged, pmb::Model::coherent},
    ForcedChoice{"explicit_flush/staged", pmb::Path::staged, pmb::Model::explicit_flush},
    ForcedChoice{"pmb_traditional", pmb::Path::traditional, std::nullopt},
    ForcedChoice{"pmb_orphaned", pmb::Path::orphaned, std::nullopt},
};

constexpr std::uint64_t kKibibyte = 1024;  // The unit of both memory extensions.

}  // namespace

Outcome<pmb::Context> BenchContext::make_context(pmb::Options options) {
  auto loader = [](const char* name) -> void* {
    if (std::strcmp(name, "glFenceSync") == 0) return reinterpret_cast<void*>(&count_fence);
    return pmb::HeadlessContext::loader()(name);
  };
  lend_threads(options);
  auto context = pmb::Context::from_current(pmb::Loader(loader), std::move(options));
  if (!context) return fail(kNoGl, "no usable GL: {}", context.error().message());
  return std::move(*context);
}

Outcome<std::unique_ptr<BenchContext>> BenchContext::open(const GpuOptions& options) {
  // Not robust, as in most programs: reset notification slows NVIDIA's driver down (docs/drivers.md).
  auto headless = open_headless(options, false);
  if (!headless) return fail(kNoGl, "no usable GL: {}", headless.error().message());
  std::unique_ptr<BenchContext> bench(new BenchContext(std::move(*headless)));
  if (!load_gl(bench->gl_) || bench->gl_.DispatchCompute == nullptr) {
    return fail(kNoGl,
                "no usable GL: {} has no compute shaders, which need OpenGL 4.3; choose another with --gpu",
                bench->headless_.gpu().name);
  }
  real_fence_sync = bench->gl_.FenceSync;

  auto planned = bench->make_context(program_options(options));
  if (!planned) return pass_on(planned);
  warn_of_unknown_quirks(*planned);
  bench->planned_.emplace(std::move(*planned));
  const pmb::Limits& limits = bench->planned().limits();
  for (const ForcedChoice& choice : kForcedChoices) {
    const bool mapped = choice.path == pmb::Path::direct || choice.path == pmb::Path::staged;
    if (mapped && !limits.buffer_storage) continue;
    pmb::Options forced = pmb::Options::from_environment();
    forced.path = choice.path;
    forced.model = choice.model;
    auto context = bench->make_context(std::move(forced));
    if (!context) return pass_on(context);
    bench->forced_.push_back({.name = choice.name, .path = choice.path, .context = std::move(*context)});
  }
  const std::uint64_t step = std::max<std::uint64_t>(limits.storage_offset_alignment, 16);
  bench->most_bytes_bound_ = limits.max_storage_block / step * step;
  for (const pmb::Quirk& quirk : bench->planned_->quirks()) {
    if (quirk.applies && std::string_view(quirk.id) == "nvidia_flush_barrier")
      bench->updates_need_barrier_ = true;
  }
  return bench;
}

std::uint64_t BenchContext::fences_made() noexcept {
  return fences;
}

Outcome<GLsync> BenchContext::fence() {
  const GLsync made = count_fence(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
  if (made == nullptr) return fail(kGpu, "glFenceSync returned null");
  return made;
}

Outcome<void> BenchContext::wait(GLsync fence) {
  const GLenum status =
      gl_.ClientWaitSync(fence, GL_SYNC_FLUSH_COMMANDS_BIT, std::chrono::nanoseconds(kLongestWait).count());
  gl_.DeleteSync(fence);
  if (status == GL_ALREADY_SIGNALED || status == GL_CONDITION_SATISFIED) return {};
  return fail(kGpu, "the GPU did not finish: glClientWaitSync returned 0x{:04X}", status);
}

Outcome<void> BenchContext::finish() {
  const GLsync made = gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
  if (made == nullptr) return fail(kGpu, "glFenceSync returned null");
  return wait(made);
}

Outcome<std::vector<std::byte>> BenchContext::read_back(BufferOffset place, std::uint64_t size_bytes) {
  auto copy = GlBuffer::create(gl_, size_bytes, GL_STREAM_READ);
  if (!copy) return pass_on(copy);
  gl_.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
  copy_buffer(gl_, place, {copy->name(), 0}, size_bytes);
  std::vector<std::byte> bytes(size_bytes);
  gl_.GetBufferSubData(GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(size_bytes), bytes.data());
  if (auto healthy = require_no_error("reading a result back"); !healthy) return pass_on(healthy);
  return bytes;
}

void BenchContext::bind_storage(GLuint index, BufferOffset place, std::uint64_t size_bytes) const {
  gl_.BindBufferRange(GL_SHADER_STORAGE_BUFFER, index, place.buffer,
                      static_cast<GLintptr>(place.offset_bytes), static_cast<GLsizeiptr>(size_bytes));
}

std::optional<std::uint64_t> BenchContext::gpu_memory_used() const {
  if (gl_.NVX_gpu_memory_info != 0) {
    GLint total = 0;
    GLint free = 0;
    gl_.GetIntegerv(GL_GPU_MEMORY_INFO_TOTAL_AVAILABLE_MEMORY_NVX, &total);
    gl_.GetIntegerv(GL_GPU_MEMORY_INFO_CURRENT_AVAILABLE_VIDMEM_NVX, &free);
    return static_cast<std::uint64_t>(std::max(total - free, 0)) * kKibibyte;
  }
  if (gl_.ATI_meminfo != 0) {
    // The driver reports only free memory. Subtracted from a constant, it gives the right differences.
    std::array<GLint, 4> free = {};
    gl_.GetIntegerv(GL_VBO_FREE_MEMORY_ATI, free.data());
    return (static_cast<std::uint64_t>(INT32_MAX) - static_cast<std::uint64_t>(free[0])) * kKibibyte;
  }
  return std::nullopt;
}

Outcome<GlBuffer> BenchContext::buffer_in_vram(std::uint64_t size_bytes) const {
  if (!planned_->limits().buffer_storage) return GlBuffer::create(gl_, size_bytes, GL_DYNAMIC_COPY);
  return GlBuffer::create_on_gpu(gl_, size_bytes);
}

void copy_buffer(const GladGLContext& gl, BufferOffset from, BufferOffset to, std::uint64_t size_bytes) {
  gl.BindBuffer(GL_COPY_READ_BUFFER, from.buffer);
  gl.BindBuffer(GL_COPY_WRITE_BUFFER, to.buffer);
  gl.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(from.offset_bytes),
                       static_cast<GLintptr>(to.offset_bytes), static_cast<GLsizeiptr>(size_bytes));
}

void poison_buffer(const GladGLContext& gl, GLuint buffer) {
  constexpr GLubyte kPoison = 0xA5;
  gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
  gl.ClearBufferData(GL_COPY_WRITE_BUFFER, GL_R8UI, GL_RED_INTEGER, GL_UNSIGNED_BYTE, &kPoison);
}

}  // namespace pmb::tool::bench
