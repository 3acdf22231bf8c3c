// SPDX-License-Identifier: MIT
// upload() and download() against glBufferSubData and glGetBufferSubData: the plan of this driver, and the ring forced
// with chunks of several lengths on 1 to 8 threads. Finds the crossovers of a TransferPlan. Every cell's bytes are
// verified.
//
//   transfer [--seconds S] [--threads N] [--direction up|down] >results.json        (a table goes to stderr)
//
// `alone`: one transfer and glFinish. `row`: 32 transfers, then glFinish, for each of them. Ways take turns.
#include <glad/gl.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <string_view>

#ifdef PMB_BENCH_TBB
#include <pmb/tbb.hpp>
#endif

#include "gpu.hpp"
#include "measure.hpp"
#include "threads.hpp"

namespace {

using bench::take;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kSizes[] = {64,        256,       kKiB,       4 * kKiB,   16 * kKiB,
                                    32 * kKiB, 64 * kKiB, 128 * kKiB, 256 * kKiB, 512 * kKiB,
                                    kMiB,      2 * kMiB,  8294400,    64 * kMiB};
constexpr std::size_t kRow = 32;

struct Way {
  std::string name;
  std::uint64_t least = 0;  ///< Sizes below are left out: nothing would differ from a way with fewer threads.
  std::function<void(GLuint buffer, std::span<std::byte> bytes)> transfer;
  std::vector<double> times = {};
};

GLuint make_buffer(const GladGLContext& gl, std::uint64_t size) {
  GLuint name = 0;
  gl.GenBuffers(1, &name);
  gl.BindBuffer(GL_COPY_WRITE_BUFFER, name);
  gl.BufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(size), nullptr, GL_DYNAMIC_DRAW);
  return name;
}

/// Contexts that the ways need, each with a plan of its own.
class Contexts {
 public:
  pmb::Context& make(std::optional<pmb::TransferPlan> plan, pmb::ParallelFor threads,
                     void* (*current)() = nullptr) {
    pmb::Options options;
    options.current_context = current;
    options.transfer = std::move(plan);
    options.parallel_for = std::move(threads);
    made_.push_back(std::make_unique<pmb::Context>(
        take(pmb::Context::from_current(pmb::HeadlessContext::loader(), std::move(options)))));
    return *made_.back();
  }

 private:
  std::vector<std::unique_ptr<pmb::Context>> made_;
};

pmb::TransferPlan forced(std::uint64_t chunk, std::uint32_t threads) {
  pmb::TransferPlan plan;
  for (pmb::TransferDirection* way : {&plan.up, &plan.down}) {
    way->steps = {{.chunk_bytes = chunk, .threads = threads}};
    way->ring_bytes = 16 * kMiB;
  }
  return plan;
}

int usage() {
  std::fprintf(stderr, "usage: transfer [--seconds S] [--threads N] [--direction up|down]\n");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 50;
  std::uint32_t most = std::min(8U, std::max(1U, std::thread::hardware_concurrency()));
  std::string_view direction;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    if (i + 1 == argc) return usage();
    if (option == "--seconds") {
      seconds = std::atof(argv[i + 1]);
    } else if (option == "--threads") {
      most = static_cast<std::uint32_t>(std::max(1, std::atoi(argv[i + 1])));
    } else if (option == "--direction") {
      direction = argv[i + 1];
    } else {
      return usage();
    }
  }

  auto headless = take(pmb::HeadlessContext::create({}));
  take(headless.make_current());
  const GladGLContext gl = bench::load_gl();

  bench::PlainPool pool(most - 1);
  const pmb::ParallelFor on_pool = [&](std::size_t count, pmb::ParallelBody body) { pool.run(count, body); };
#ifdef PMB_BENCH_TBB
  const pmb::ParallelFor shared = pmb::tbb_parallel_for();
#else
  const pmb::ParallelFor shared = on_pool;
#endif

  Contexts contexts;
  pmb::Context& plan = contexts.make({}, shared);
  pmb::Context& alone = contexts.make({}, shared, [] { return reinterpret_cast<void*>(1); });
  pmb::Context& checker = contexts.make(forced(kMiB, 1), {});
  std::vector<std::pair<std::string, pmb::Context*>> forced_ways;
  std::vector<std::uint64_t> leasts;
  const auto add = [&](std::string name, std::uint64_t chunk, std::uint32_t threads,
                       const pmb::ParallelFor& on) {
    forced_ways.emplace_back(std::move(name), &contexts.make(forced(chunk, threads), on));
    leasts.push_back(threads > 1 ? 256 * kKiB : chunk > 256 * kKiB ? 2 * chunk : 0);
  };
  for (const std::uint64_t chunk : {256 * kKiB, 512 * kKiB, kMiB, 2 * kMiB}) {
    const std::string length = std::to_string(chunk / kKiB) + " KiB";
    add("ring, " + length + ", 1 thread", chunk, 1, {});
    for (const std::uint32_t threads : {2U, 3U, 4U, 5U, 6U, 8U}) {
      if (threads > most) break;
      add("ring, " + length + ", " + std::to_string(threads) + " threads", chunk, threads, shared);
    }
    if (most >= 4) add("ring, " + length + ", 4 threads of a plain pool", chunk, 4, on_pool);
  }

  nlohmann::ordered_json result;
  result["context"] = {{"date", bench::now()},
                       {"executable", argv[0]},
                       {"machine", bench::machine()},
                       {"instructions", pmb::stream_copy_target()},
                       {"driver", plan.driver().renderer + ", " + plan.driver().version},
                       {"plan", plan.transfer_plan().describe()}};

  std::vector<std::byte> bytes(kSizes[std::size(kSizes) - 1]);
  std::vector<std::byte> found(bytes.size());
  std::uint64_t state = 1;
  const auto fill = [&](std::span<std::byte> target) {
    for (std::size_t at = 0; at + 8 <= target.size(); at += 8) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      std::memcpy(target.data() + at, &state, 8);
    }
  };

  // Looked up once a buffer, as a program would.
  pmb::BufferTarget last;
  const auto known_of = [&](GLuint buffer) {
    if (last.buffer() != buffer)
      last = take(pmb::BufferTarget::look_up(alone, buffer, {.no_shader_stores = true}));
    return last;
  };

  int wrong = 0;
  const auto run = [&](bool up) {
    std::vector<Way> ways;
    if (up) {
      ways.push_back({"glBufferSubData", 0, [&](GLuint buffer, std::span<std::byte> b) {
                        gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
                        gl.BufferSubData(GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(b.size()),
                                         b.data());
                      }});
      ways.push_back({"glBufferSubData behind a barrier", 0, [&](GLuint buffer, std::span<std::byte> b) {
                        if (gl.MemoryBarrier) gl.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
                        gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
                        gl.BufferSubData(GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(b.size()),
                                         b.data());
                      }});
    } else {
      ways.push_back({"glGetBufferSubData", 0, [&](GLuint buffer, std::span<std::byte> b) {
                        gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
                        gl.GetBufferSubData(GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(b.size()),
                                            b.data());
                      }});
    }
    const auto by = [up](pmb::Context& context) {
      return [up, &context](GLuint buffer, std::span<std::byte> b) {
        take(up ? pmb::upload(context, buffer, 0, b) : pmb::download(context, buffer, 0, b));
      };
    };
    ways.push_back({"plan", 0, by(plan)});
    // The least that a call can cost: a buffer that was asked for once, a program that knows its context.
    ways.push_back({"plan, known buffer", 0, [&, up](GLuint buffer, std::span<std::byte> b) {
                      const pmb::BufferTarget known = known_of(buffer);
                      take(up ? pmb::upload(alone, known, 0, b) : pmb::download(alone, known, 0, b));
                    }});
    for (std::size_t i = 0; i < forced_ways.size(); ++i) {
      ways.push_back({forced_ways[i].first, leasts[i], by(*forced_ways[i].second)});
    }

    const double budget =
        seconds * 0.4e9 / static_cast<double>(std::size(kSizes) * 2) * (direction.empty() ? 1 : 2);
    for (const std::uint64_t size : kSizes) {
      const std::span data = std::span(bytes).first(size);
      const std::span target = std::span(found).first(size);
      // One buffer each, so that what one way does to its buffer's place is its own affair.
      std::vector<GLuint> buffers;
      last = {};
      fill(data);
      for (std::size_t i = 0; i < ways.size(); ++i) {
        // Ways through rings share one.
        buffers.push_back(i < 3 ? make_buffer(gl, size) : buffers.back());
        if (i < 3) take(pmb::upload(checker, buffers.back(), 0, data));
      }
      for (const bool row : {false, true}) {
        if (row && size > 256 * kKiB) continue;
        const std::size_t count = row ? kRow : 1;
        std::vector<bool> verified(ways.size(), true);
        for (std::size_t i = 0; i < ways.size(); ++i) {
          if (size < ways[i].least) continue;
          if (up) fill(data);
          std::memset(target.data(), 0, target.size());
          ways[i].transfer(buffers[i], up ? data : target);
          if (up) take(pmb::download(checker, buffers[i], 0, target));
          verified[i] = std::memcmp(target.data(), data.data(), size) == 0;
          wrong += verified[i] ? 0 : 1;
          ways[i].times.clear();
        }
        gl.Finish();
        const auto end = bench::Clock::now() + std::chrono::nanoseconds(static_cast<std::int64_t>(budget));
        for (std::size_t round = 0; round < 3 || (bench::Clock::now() < end && round < 2000); ++round) {
          for (std::size_t i = 0; i < ways.size(); ++i) {
            if (size < ways[i].least) continue;
            const auto start = bench::Clock::now();
            for (std::size_t n = 0; n < count; ++n) ways[i].transfer(buffers[i], up ? data : target);
            gl.Finish();
            ways[i].times.push_back(
                std::chrono::duration<double, std::nano>(bench::Clock::now() - start).count() /
                static_cast<double>(count));
          }
        }
        double best_traditional = 0;
        for (std::size_t i = 0; i < ways.size(); ++i) {
          if (size < ways[i].least) continue;
          const auto timing = bench::summarise(ways[i].times);
          if (i == 0) best_traditional = timing.median;
          auto e = bench::entry(std::string(up ? "upload/" : "download/") + (row ? "row/" : "alone/") +
                                    ways[i].name + "/" + std::to_string(size),
                                size, timing);
          e["scenario"] = std::string(up ? "upload" : "download") + (row ? ", in a row" : ", alone");
          e["way"] = ways[i].name;
          e["vs_traditional"] = best_traditional / timing.median;
          e["verified"] = static_cast<bool>(verified[i]);
          bench::note(e);
          result["benchmarks"].push_back(std::move(e));
        }
      }
      gl.DeleteBuffers(3, buffers.data());
    }
  };
  if (direction != "down") run(true);
  if (direction != "up") run(false);
  std::cout << result.dump(1) << '\n';
  if (wrong != 0) std::fprintf(stderr, "transfer: %d cells with wrong bytes\n", wrong);
  return wrong == 0 ? 0 : 1;
}
