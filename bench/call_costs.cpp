// SPDX-License-Identifier: MIT
// The cost of the raw GL calls around transfers, without pmb: barriers, fences and flushes between copies, the storage
// that copies come from, and updates and reads of small buffers. A driver's defaults rest on these figures.
//
//   call_costs [--seconds S] >results.json        (a table goes to stderr)
//
// alone:  one operation, then a fence and the wait for it.
// row:    32 operations, then the wait; the time of one.
// chunks: 64 MiB in copies of one length, each followed by the named calls; GB/s.
// frames: 100 frames of one dispatch each that reads 4 KiB, then the wait; the time of one.
#include <glad/gl.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "gpu.hpp"
#include "report.hpp"

namespace {

using bench::take;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kWhole = 64 * kMiB;
constexpr GLbitfield kUp = GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
constexpr GLbitfield kDown = GL_MAP_READ_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;

/// A persistently mapped buffer.
struct Mapped {
  GLuint name = 0;
  std::byte* bytes = nullptr;
};

class Costs {
 public:
  Costs(const GladGLContext& gl, double seconds, bench::Report& report)
      : gl_(gl), seconds_(seconds), report_(report) {}

  void small_operations() {
    for (const std::uint64_t size : {4 * kKiB, 64 * kKiB, 256 * kKiB, kMiB}) small_operations(size);
  }

  void small_operations(std::uint64_t size) {
    const Mapped up = map(kMiB, kUp);
    const Mapped down = map(kMiB, kDown | GL_CLIENT_STORAGE_BIT);
    const GLuint touch = program(
        "#version 430\nlayout(local_size_x = 1) in; layout(std430, binding = 0) buffer B { uint words[]; };"
        "void main() { words[0] += 1u; }");
    std::vector<std::byte> own(kMiB, std::byte{3});
    const auto n = static_cast<GLsizeiptr>(size);
    const GLuint buffer = plain(size);
    const GLuint source = plain(size);
    const GLuint read = plain(size);
    const auto update = [&] { gl_.NamedBufferSubData(buffer, 0, n, own.data()); };
    const auto copy_up = [&] {
      std::memcpy(up.bytes, own.data(), size);
      gl_.CopyNamedBufferSubData(up.name, buffer, 0, 0, n);
    };
    const auto copy_down = [&] { gl_.CopyNamedBufferSubData(source, down.name, 0, 0, n); };
    const auto barrier = [&] { gl_.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT); };
    const auto store = [&](GLuint target) {
      gl_.UseProgram(touch);
      gl_.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, target);
      gl_.DispatchCompute(1, 1, 1);
      barrier();
    };
    const std::vector<std::pair<const char*, std::function<void()>>> operations = {
        {"nothing", [] {}},
        {"glBufferSubData", update},
        {"barrier, glBufferSubData", [&] { barrier(), update(); }},
        {"memcpy and copy from a mapping", copy_up},
        {"the same behind a barrier", [&] { barrier(), copy_up(); }},
        {"copy inside the GPU", [&] { gl_.CopyNamedBufferSubData(source, buffer, 0, 0, n); }},
        {"copy to a mapping", copy_down},
        {"the same behind a barrier, down", [&] { barrier(), copy_down(); }},
        {"a shader's store, then copy to a mapping", [&] { store(source), copy_down(); }},
        {"a shader's store, then glGetBufferSubData",
         [&] { store(read), gl_.GetNamedBufferSubData(read, 0, n, own.data()); }},
    };
    for (const auto& [name, operation] : operations) {
      note("alone", name, size, 1, [&, work = operation] { work(), wait(); });
      note("row", name, size, 32, [&, work = operation] {
        for (int i = 0; i < 32; ++i) work();
        wait();
      });
    }
    for (const GLuint used : {buffer, source, read}) gl_.DeleteBuffers(1, &used);
    drop(up);
    drop(down);
  }

  void chunks() {
    struct Kind {
      const char* name;
      GLbitfield flags;
    };
    const GLuint own = plain(kWhole);
    for (const Kind& kind : {Kind{"up", kUp}, Kind{"up, CLIENT_STORAGE", kUp | GL_CLIENT_STORAGE_BIT},
                             Kind{"down, CLIENT_STORAGE", kDown | GL_CLIENT_STORAGE_BIT}}) {
      const Mapped mapped = map(kWhole, kind.flags);
      const bool up = (kind.flags & GL_MAP_WRITE_BIT) != 0;
      for (const std::uint64_t chunk : {256 * kKiB, kMiB, 2 * kMiB, 4 * kMiB, 8 * kMiB, kWhole}) {
        const auto run = [&](const char* behind, bool barrier, bool fence, bool flush) {
          const std::string name = std::string(kind.name) + ", " + behind;
          note("chunks of " + std::to_string(chunk / kKiB) + " KiB", name.c_str(), kWhole, 1, [&] {
            std::vector<GLsync> fences;
            for (std::uint64_t at = 0; at < kWhole; at += chunk) {
              if (barrier) gl_.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
              const auto place = static_cast<GLintptr>(at);
              gl_.CopyNamedBufferSubData(up ? mapped.name : own, up ? own : mapped.name, place, place,
                                         static_cast<GLsizeiptr>(chunk));
              if (fence) fences.push_back(gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0));
              if (flush) gl_.Flush();
            }
            wait();
            for (GLsync sync : fences) gl_.DeleteSync(sync);
          });
        };
        run("nothing", false, false, false);
        run("flush", false, false, true);
        run("fence and flush", false, true, true);
        run("barrier before, fence and flush", true, true, true);
      }
      drop(mapped);
    }
    gl_.DeleteBuffers(1, &own);
  }

  void frames() {
    constexpr std::uint64_t kBytes = 4 * kKiB;
    constexpr int kFrames = 100;
    const GLuint reader = program(
        "#version 430\nlayout(local_size_x = 64) in; layout(std430, binding = 0) readonly buffer A { uint "
        "words[]; };"
        "layout(std430, binding = 1) buffer B { uint sum; };"
        "void main() { atomicAdd(sum, words[gl_GlobalInvocationID.x]); }");
    gl_.UseProgram(reader);
    const GLuint sum = plain(256);
    const GLuint buffer = plain(kBytes);
    gl_.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 1, sum);
    const Mapped ring = map(256 * kBytes, kUp);
    const std::vector<std::byte> own(kBytes, std::byte{2});
    const auto run = [&](const char* name, const std::function<void(int)>& frame) {
      note("frames", name, kBytes, kFrames, [&] {
        for (int i = 0; i < kFrames; ++i) frame(i);
        wait();
      });
    };
    const auto update = [&](int) {
      gl_.NamedBufferSubData(buffer, 0, static_cast<GLsizeiptr>(kBytes), own.data());
      gl_.DispatchCompute(kBytes / 256, 1, 1);
    };
    const auto slice = [&](int frame) {
      const std::uint64_t at = static_cast<std::uint64_t>(frame) * kBytes;
      std::memcpy(ring.bytes + at, own.data(), kBytes);
      gl_.BindBufferRange(GL_SHADER_STORAGE_BUFFER, 0, ring.name, static_cast<GLintptr>(at),
                          static_cast<GLsizeiptr>(kBytes));
      gl_.DispatchCompute(kBytes / 256, 1, 1);
    };
    const auto fence = [&] { gl_.DeleteSync(gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0)); };
    gl_.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, buffer);
    run("dispatch alone", [&](int) { gl_.DispatchCompute(kBytes / 256, 1, 1); });
    run("glBufferSubData, dispatch", update);
    run("glBufferSubData, dispatch, flush", [&](int i) { update(i), gl_.Flush(); });
    run("slice of a mapping, dispatch", slice);
    run("slice of a mapping, dispatch, flush", [&](int i) { slice(i), gl_.Flush(); });
    run("slice of a mapping, dispatch, fence", [&](int i) { slice(i), fence(); });
    drop(ring);
    for (const GLuint used : {sum, buffer}) gl_.DeleteBuffers(1, &used);
  }

 private:
  GLuint plain(std::uint64_t size) const {
    GLuint name = 0;
    gl_.CreateBuffers(1, &name);
    gl_.NamedBufferData(name, static_cast<GLsizeiptr>(size), nullptr, GL_STATIC_COPY);
    return name;
  }

  Mapped map(std::uint64_t size, GLbitfield flags) const {
    Mapped made;
    gl_.CreateBuffers(1, &made.name);
    gl_.NamedBufferStorage(made.name, static_cast<GLsizeiptr>(size), nullptr, flags);
    const GLbitfield of_the_mapping = flags & ~static_cast<GLbitfield>(GL_CLIENT_STORAGE_BIT);
    made.bytes = static_cast<std::byte*>(
        gl_.MapNamedBufferRange(made.name, 0, static_cast<GLsizeiptr>(size), of_the_mapping));
    if (made.bytes == nullptr) {
      std::fprintf(stderr, "a buffer of %llu bytes cannot be mapped\n",
                   static_cast<unsigned long long>(size));
      std::exit(1);
    }
    if ((flags & GL_MAP_WRITE_BIT) != 0) std::memset(made.bytes, 1, size);
    return made;
  }

  void drop(const Mapped& mapped) const {
    gl_.UnmapNamedBuffer(mapped.name);
    gl_.DeleteBuffers(1, &mapped.name);
  }

  GLuint program(const char* source) const {
    const GLuint shader = gl_.CreateShader(GL_COMPUTE_SHADER);
    gl_.ShaderSource(shader, 1, &source, nullptr);
    gl_.CompileShader(shader);
    const GLuint linked = gl_.CreateProgram();
    gl_.AttachShader(linked, shader);
    gl_.LinkProgram(linked);
    gl_.DeleteShader(shader);
    return linked;
  }

  void wait() const {
    GLsync sync = gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl_.ClientWaitSync(sync, GL_SYNC_FLUSH_COMMANDS_BIT, 10'000'000'000);
    gl_.DeleteSync(sync);
  }

  void note(const std::string& scenario, const char* method, std::uint64_t size, int operations,
            const std::function<void()>& run) {
    constexpr int kFigures = 160;
    run();
    std::vector<double> times;
    const pmb::tune::TurnRules rules{
        .least_turns = 5, .most_turns = 2000, .end_ns = pmb::tune::now_ns() + seconds_ * 1e9 / kFigures};
    pmb::tune::take_turns(1, rules, [&](std::size_t) {
      times.push_back(pmb::tune::time_ns(run) / operations);
      return true;
    });
    report_.add(scenario + "/" + method + "/" + std::to_string(size), size, pmb::tune::summarize(times),
                {{"scenario", scenario}, {"way", method}});
  }

  const GladGLContext& gl_;
  double seconds_;
  bench::Report& report_;
};

}  // namespace

int main(int argc, char** argv) {
  double seconds = 16;
  if (!bench::read_options(argc, argv, "call_costs [--seconds S]",
                           {{"--seconds", [&](const char* value) { seconds = std::atof(value); }}})) {
    return 1;
  }
  auto headless = take(pmb::HeadlessContext::create({}));
  take(headless.make_current());
  const GladGLContext gl = bench::load_gl();
  if (gl.NamedBufferStorage == nullptr || gl.DispatchCompute == nullptr) {
    std::fprintf(stderr, "call_costs needs OpenGL 4.5\n");
    return 1;
  }
  const auto text = [&](GLenum name) { return reinterpret_cast<const char*>(gl.GetString(name)); };
  bench::Report report("bench_call_costs");
  report.context()["driver"] = std::string(text(GL_RENDERER)) + ", " + text(GL_VERSION);
  report.context()["plan"] = "none: plain OpenGL calls, no pmb";
  Costs costs(gl, seconds, report);
  costs.small_operations();
  costs.chunks();
  costs.frames();
  if (const GLenum error = gl.GetError(); error != GL_NO_ERROR) {
    std::fprintf(stderr, "GL has error 0x%x\n", error);
    return 1;
  }
  report.print();
  return 0;
}
