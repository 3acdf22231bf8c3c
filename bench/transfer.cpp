// SPDX-License-Identifier: MIT
// upload() and download() against glBufferSubData and glGetBufferSubData: the plan of this driver, and the ring forced
// with chunks of several lengths on 1 to 8 threads. Finds the crossovers of a TransferPlan. Verifies every method's
// bytes.
//
//   transfer [--seconds S] [--threads N] [--direction up|down] >results.json        (a table goes to stderr)
//
// alone: one transfer and glFinish.
// row:   32 transfers, then glFinish; the time of one.
#include <glad/gl.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <pmb/tune/transfer_plan.hpp>
#include <string_view>
#include <vector>

#ifdef PMB_BENCH_TBB
#include <pmb/tbb.hpp>
#endif

#include "gpu.hpp"
#include "report.hpp"
#include "threads.hpp"

namespace {

using bench::take;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kSizes[] = {64,        256,       kKiB,       4 * kKiB,   16 * kKiB,
                                    32 * kKiB, 64 * kKiB, 128 * kKiB, 256 * kKiB, 512 * kKiB,
                                    kMiB,      2 * kMiB,  8294400,    64 * kMiB};
constexpr std::size_t kRow = 32;
// The raw GL calls have a buffer each, because drivers move buffers that such calls use. Rings share the last one.
constexpr std::size_t kBuffers = 3;

using Transfer = std::function<void(GLuint buffer, std::span<std::byte> bytes)>;

struct Method {
  std::string name;
  std::uint64_t least = 0;  ///< Smaller sizes are left out: they equal those of a simpler method.
  Transfer transfer;
  std::vector<double> times = {};
  bool verified = true;
};

pmb::TransferPlan forced(std::uint64_t chunk, std::uint32_t threads) {
  pmb::TransferPlan plan;
  for (pmb::TransferDirection* direction : {&plan.up, &plan.down}) {
    direction->steps = {{.chunk_bytes = chunk, .threads = threads}};
    direction->ring_bytes = 16 * kMiB;
  }
  return plan;
}

/// The contexts that the methods use, each with one plan.
class Contexts {
 public:
  Contexts(std::uint32_t most, const pmb::ParallelFor& shared, const pmb::ParallelFor& pool)
      : plan(make({}, shared)),
        trusting(make({}, shared, [] { return reinterpret_cast<void*>(1); })),
        checker(make(forced(kMiB, 1), {})) {
    for (const std::uint64_t chunk : {256 * kKiB, 512 * kKiB, kMiB, 2 * kMiB}) {
      add(chunk, 1, "", {});
      for (const std::uint32_t threads : {2U, 3U, 4U, 5U, 6U, 8U}) {
        if (threads <= most) add(chunk, threads, "", shared);
      }
      if (most >= 4) add(chunk, 4, " of a plain pool", pool);
    }
  }

  struct Forced {
    std::string name;
    std::uint64_t least;
    pmb::Context context;
  };

  pmb::Context plan;
  pmb::Context trusting;  ///< Its current context costs nothing to query: the least that a call can cost.
  pmb::Context checker;
  std::vector<std::unique_ptr<Forced>> forced_rings;

 private:
  static pmb::Context make(std::optional<pmb::TransferPlan> plan, pmb::ParallelFor threads,
                           void* (*current)() = nullptr) {
    pmb::Options options;
    options.current_context = current;
    if (plan) options.transfer = std::make_shared<const pmb::TransferPlan>(std::move(*plan));
    options.parallel_for = std::move(threads);
    return take(pmb::Context::from_current(pmb::HeadlessContext::loader(), std::move(options)));
  }
  void add(std::uint64_t chunk, std::uint32_t threads, const char* more, const pmb::ParallelFor& on) {
    const std::string name = "ring, " + std::to_string(chunk / kKiB) + " KiB, " + std::to_string(threads) +
                             (threads == 1 ? " thread" : " threads") + more;
    const std::uint64_t least = threads > 1 ? 256 * kKiB : chunk > 256 * kKiB ? 2 * chunk : 0;
    forced_rings.push_back(std::make_unique<Forced>(Forced{name, least, make(forced(chunk, threads), on)}));
  }
};

class Transfers {
 public:
  Transfers(const GladGLContext& gl, Contexts& contexts, bool up)
      : gl_(gl), contexts_(contexts), up_(up), bytes_(kSizes[std::size(kSizes) - 1]), found_(bytes_.size()) {
    if (up) {
      add("glBufferSubData", [this](GLuint buffer, std::span<std::byte> b) { sub_data(buffer, b); });
      add("glBufferSubData behind a barrier", [this](GLuint buffer, std::span<std::byte> b) {
        if (gl_.MemoryBarrier) gl_.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
        sub_data(buffer, b);
      });
    } else {
      add("glGetBufferSubData", [this](GLuint buffer, std::span<std::byte> b) {
        gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
        gl_.GetBufferSubData(GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(b.size()), b.data());
      });
    }
    add("plan", through(contexts.plan));
    add("plan, known buffer", [this](GLuint buffer, std::span<std::byte> b) {
      const pmb::BufferTarget known = known_of(buffer);
      take(up_ ? pmb::upload(contexts_.trusting, known, 0, b)
               : pmb::download(contexts_.trusting, known, 0, b));
    });
    for (const auto& ring : contexts.forced_rings) add(ring->name, through(ring->context), ring->least);
  }

  /// Returns the number of methods that moved wrong bytes.
  int run(double budget_ns, bench::Report& report) {
    int wrong = 0;
    for (const std::uint64_t size : kSizes) {
      make_buffers(size);
      for (const bool row : {false, true}) {
        if (row && size > 256 * kKiB) continue;
        wrong += verify(size);
        measure(size, row ? kRow : 1, budget_ns);
        report_all(size, row, report);
      }
      gl_.DeleteBuffers(static_cast<GLsizei>(buffers_.size()), buffers_.data());
    }
    return wrong;
  }

 private:
  void add(std::string name, Transfer transfer, std::uint64_t least = 0) {
    methods_.push_back({std::move(name), least, std::move(transfer)});
  }
  Transfer through(pmb::Context& context) const {
    return [up = up_, &context](GLuint buffer, std::span<std::byte> b) {
      take(up ? pmb::upload(context, buffer, 0, b) : pmb::download(context, buffer, 0, b));
    };
  }
  void sub_data(GLuint buffer, std::span<std::byte> b) const {
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
    gl_.BufferSubData(GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(b.size()), b.data());
  }
  /// Looked up once a buffer, as a program would.
  pmb::BufferTarget known_of(GLuint buffer) {
    if (known_.buffer() != buffer)
      known_ = take(pmb::BufferTarget::query(contexts_.trusting, buffer, pmb::BufferUse::no_shader_writes));
    return known_;
  }
  GLuint buffer_of(std::size_t method) const { return buffers_[std::min(method, buffers_.size() - 1)]; }
  /// The bytes to send, or the memory to read into.
  std::span<std::byte> memory(std::uint64_t size) { return std::span(up_ ? bytes_ : found_).first(size); }

  void fill(std::span<std::byte> target) {
    for (std::size_t at = 0; at + 8 <= target.size(); at += 8) {
      state_ = state_ * 6364136223846793005U + 1442695040888963407U;
      std::memcpy(target.data() + at, &state_, 8);
    }
  }

  void make_buffers(std::uint64_t size) {
    known_ = {};
    buffers_.assign(std::min(kBuffers, methods_.size()), 0);
    gl_.GenBuffers(static_cast<GLsizei>(buffers_.size()), buffers_.data());
    fill(std::span(bytes_).first(size));
    for (const GLuint buffer : buffers_) {
      gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
      gl_.BufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(size), nullptr, GL_DYNAMIC_DRAW);
      take(pmb::upload(contexts_.checker, buffer, 0, std::span(bytes_).first(size)));
    }
  }

  int verify(std::uint64_t size) {
    int wrong = 0;
    const std::span data = std::span(bytes_).first(size);
    const std::span found = std::span(found_).first(size);
    for (std::size_t i = 0; i < methods_.size(); ++i) {
      Method& method = methods_[i];
      if (size < method.least) continue;
      if (up_) fill(data);
      std::memset(found.data(), 0, found.size());
      method.transfer(buffer_of(i), memory(size));
      if (up_) take(pmb::download(contexts_.checker, buffer_of(i), 0, found));
      method.verified = std::memcmp(found.data(), data.data(), size) == 0;
      wrong += method.verified ? 0 : 1;
    }
    gl_.Finish();
    return wrong;
  }

  void measure(std::uint64_t size, std::size_t transfers, double budget_ns) {
    for (Method& method : methods_) method.times.clear();
    const pmb::tune::TurnRules rules{.most_turns = 2000, .end_ns = pmb::tune::now_ns() + budget_ns};
    pmb::tune::take_turns(methods_.size(), rules, [&](std::size_t i) {
      if (size < methods_[i].least) return true;
      const double all = pmb::tune::time_ns([&] {
        for (std::size_t n = 0; n < transfers; ++n) methods_[i].transfer(buffer_of(i), memory(size));
        gl_.Finish();
      });
      methods_[i].times.push_back(all / static_cast<double>(transfers));
      return true;
    });
  }

  void report_all(std::uint64_t size, bool row, bench::Report& report) const {
    const std::string direction = up_ ? "upload" : "download";
    const double traditional = pmb::tune::summarize(methods_[0].times).median;
    for (const Method& method : methods_) {
      if (size < method.least) continue;
      const auto times = pmb::tune::summarize(method.times);
      report.add(direction + (row ? "/row/" : "/alone/") + method.name + "/" + std::to_string(size), size,
                 times,
                 {{"scenario", direction + (row ? ", in a row" : ", alone")},
                  {"way", method.name},
                  {"vs_traditional", traditional / times.median},
                  {"verified", method.verified}});
    }
  }

  const GladGLContext& gl_;
  Contexts& contexts_;
  const bool up_;
  std::vector<std::byte> bytes_;
  std::vector<std::byte> found_;
  std::vector<Method> methods_;
  std::vector<GLuint> buffers_;
  pmb::BufferTarget known_;
  std::uint64_t state_ = 1;
};

}  // namespace

int main(int argc, char** argv) {
  double seconds = 50;
  std::uint32_t most = std::min(8U, std::max(1U, std::thread::hardware_concurrency()));
  std::string_view direction;
  const auto set_seconds = [&](const char* value) { seconds = std::atof(value); };
  const auto set_threads = [&](const char* value) {
    most = static_cast<std::uint32_t>(std::max(1, std::atoi(value)));
  };
  const auto set_direction = [&](const char* value) { direction = value; };
  if (!bench::read_options(
          argc, argv, "transfer [--seconds S] [--threads N] [--direction up|down]",
          {{"--seconds", set_seconds}, {"--threads", set_threads}, {"--direction", set_direction}})) {
    return 1;
  }
  auto headless = take(pmb::HeadlessContext::create({}));
  take(headless.make_current());
  const GladGLContext gl = bench::load_gl();

  bench::PlainPool pool(most - 1);
  const pmb::ParallelFor on_pool = [&](std::size_t count, const auto& body) { pool.run(count, body); };
#ifdef PMB_BENCH_TBB
  const pmb::ParallelFor shared = pmb::tbb_parallel_for();
#else
  const pmb::ParallelFor shared = on_pool;
#endif
  Contexts contexts(most, shared, on_pool);
  bench::Report report(argv[0]);
  report.context()["instructions"] = pmb::stream_copy_target();
  report.context()["driver"] = contexts.plan.driver().renderer + ", " + contexts.plan.driver().version;
  report.context()["plan"] = contexts.plan.transfer_plan().describe();

  const double budget_ns =
      seconds * 0.4e9 / static_cast<double>(std::size(kSizes) * 2) * (direction.empty() ? 1 : 2);
  int wrong = 0;
  if (direction != "down") wrong += Transfers(gl, contexts, true).run(budget_ns, report);
  if (direction != "up") wrong += Transfers(gl, contexts, false).run(budget_ns, report);
  report.print();
  if (wrong != 0) std::fprintf(stderr, "transfer: %d cells with wrong bytes\n", wrong);
  return wrong == 0 ? 0 : 1;
}
