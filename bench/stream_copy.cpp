// SPDX-License-Identifier: MIT
// Copies into and out of memory, private and mapped by GL in each model: memcpy against the copy engine, alone and on
// 2 to 16 threads of oneTBB and of a plain pool. Finds from which size on stores should go past the caches, and how
// many threads help.
//
//   stream_copy [--seconds S] [--threads N] >results.json        (a table goes to stderr)
//
// The source is the same each time, as warm as its size lets it be; the mapped side goes round in 64 MiB, as in a
// ring.
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <string_view>

#ifdef PMB_BENCH_TBB
#include <pmb/tbb.hpp>
#endif

#include "measure.hpp"
#include "threads.hpp"

namespace {

constexpr std::size_t kSizes[] = {4 << 10, 16 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10,
                                  1 << 20, 2 << 20,  8294400,  16 << 20,  64 << 20,  256 << 20};
constexpr std::size_t kRound = 64 << 20;

struct Way {
  std::string name;
  std::uint32_t threads = 1;
  const pmb::ParallelFor* parallel_for = nullptr;
  std::size_t streaming_from = 1;
  bool streaming_loads = false;
};

/// Mapped or private memory of 256 MiB.
struct Memory {
  std::string name;
  std::byte* bytes = nullptr;
  bool read = false;
};

int usage() {
  std::fprintf(stderr, "usage: stream_copy [--seconds S] [--threads N]\n");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 50;
  std::uint32_t most = std::min(16U, std::max(1U, std::thread::hardware_concurrency()));
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    if (i + 1 == argc) return usage();
    if (option == "--seconds") {
      seconds = std::atof(argv[i + 1]);
    } else if (option == "--threads") {
      most = static_cast<std::uint32_t>(std::max(1, std::atoi(argv[i + 1])));
    } else {
      return usage();
    }
  }

  constexpr std::size_t kLargest = kSizes[std::size(kSizes) - 1];
  const auto allocate = [] {
    std::unique_ptr<std::byte[], void (*)(void*)> memory(
        static_cast<std::byte*>(std::aligned_alloc(4096, kLargest)), &std::free);
    if (memory) std::memset(memory.get(), 1, kLargest);
    return memory;
  };
  const auto source = allocate();
  const auto plain = allocate();
  if (!source || !plain) {
    std::fprintf(stderr, "stream_copy: 512 MiB of memory are needed\n");
    return 1;
  }
  std::vector<Memory> memories = {{"malloc", plain.get(), false}};

  nlohmann::ordered_json result;
  result["context"] = {{"date", bench::now()},
                       {"executable", argv[0]},
                       {"machine", bench::machine()},
                       {"instructions", pmb::stream_copy_target()}};

  auto headless = pmb::HeadlessContext::create({});
  std::optional<pmb::Context> context;
  std::vector<pmb::MappedBuffer> buffers;
  if (headless && headless->make_current()) {
    auto opened = pmb::Context::from_current(pmb::HeadlessContext::loader());
    if (opened) context.emplace(std::move(*opened));
  }
  if (context) {
    result["context"]["driver"] = context->driver().renderer + ", " + context->driver().version;
    for (const pmb::Access access : {pmb::Access::sequential_write, pmb::Access::read}) {
      for (const pmb::Model model : {pmb::Model::coherent, pmb::Model::explicit_flush}) {
        auto buffer = pmb::MappedBuffer::create(
            *context, {.size_bytes = kLargest, .access = access, .model = model, .prefault = true});
        if (!buffer) continue;
        memories.push_back({std::string(access == pmb::Access::read ? "mapped read, " : "mapped write, ") +
                                pmb::to_string(model),
                            buffer->raw_bytes().data(), access == pmb::Access::read});
        buffers.push_back(std::move(*buffer));
      }
    }
  } else {
    std::fprintf(stderr, "stream_copy: no GL context here: private memory only\n");
  }

  bench::PlainPool pool(most - 1);
  const pmb::ParallelFor on_pool = [&](std::size_t count, pmb::ParallelBody body) { pool.run(count, body); };
  std::vector<Way> ways = {{"memcpy", 1, nullptr, SIZE_MAX},
                           {"streaming", 1, nullptr, 1},
                           {"streaming loads", 1, nullptr, 1, true}};
#ifdef PMB_BENCH_TBB
  const pmb::ParallelFor on_tbb = pmb::tbb_parallel_for();
#endif
  for (const std::uint32_t threads : {2U, 3U, 4U, 5U, 6U, 8U, 12U, 16U}) {
    if (threads > most) break;
    const std::string count = std::to_string(threads);
#ifdef PMB_BENCH_TBB
    ways.push_back({"streaming, tbb " + count, threads, &on_tbb, 1});
    if (threads == 4) {
      ways.push_back({"memcpy, tbb " + count, threads, &on_tbb, SIZE_MAX});
      ways.push_back({"streaming loads, tbb " + count, threads, &on_tbb, 1, true});
    }
#endif
    if (threads != 3 && threads != 5) ways.push_back({"streaming, pool " + count, threads, &on_pool, 1});
  }

  std::size_t cells = 0;
  for (const std::size_t size : kSizes) {
    for (const Way& way : ways)
      cells += way.threads > 1 && size < 2 * pmb::kCopyPieceBytes ? 0 : memories.size();
  }
  const std::chrono::nanoseconds budget(
      static_cast<std::int64_t>(seconds * 0.6e9 / static_cast<double>(cells)));

  for (const Memory& memory : memories) {
    for (const std::size_t size : kSizes) {
      std::size_t at = 0;
      for (const Way& way : ways) {
        if (way.threads > 1 && size < 2 * pmb::kCopyPieceBytes) continue;
        if (way.streaming_loads && !memory.read) continue;
        const pmb::CopyOptions options = {.parallel_for = way.parallel_for,
                                          .threads = way.threads,
                                          .streaming_from_bytes = way.streaming_from,
                                          .slow_reads = way.streaming_loads};
        const auto timing = bench::measure(budget, [&] {
          const std::span mapped(memory.bytes + at, size);
          const std::span other(source.get(), size);
          if (memory.read) {
            pmb::copy_from_mapped(other, mapped, options);
          } else {
            pmb::copy_to_mapped(mapped, other, options);
          }
          at += (size + 4095) / 4096 * 4096;
          if (at + size > std::max(kRound, size)) at = 0;
        });
        auto e = bench::entry("stream_copy/" + memory.name + "/" + way.name + "/" + std::to_string(size),
                              size, timing);
        e["memory"] = memory.name;
        e["way"] = way.name;
        e["threads"] = way.threads;
        bench::note(e);
        result["benchmarks"].push_back(std::move(e));
      }
    }
  }
  std::cout << result.dump(1) << '\n';
  return 0;
}
