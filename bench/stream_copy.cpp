// SPDX-License-Identifier: MIT
// Copies into and out of memory, private and mapped by GL in each model: memcpy against the copy engine, on one thread
// and on 2 to 16 threads of oneTBB and of a plain pool. Finds the size from which streaming stores pay and the number of
// threads that helps.
//
//   stream_copy [--seconds S] [--threads N] >results.json        (a table goes to stderr)
//
// Every run copies the same source, which is as warm as its size allows. The mapped side advances through 64 MiB, as in
// a ring.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <vector>

#ifdef PMB_BENCH_TBB
#include <pmb/tbb.hpp>
#endif

#include "report.hpp"
#include "threads.hpp"

namespace {

constexpr std::size_t kSizes[] = {4 << 10, 16 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10,
                                  1 << 20, 2 << 20,  8294400,  16 << 20,  64 << 20,  256 << 20};
constexpr std::size_t kLargest = kSizes[std::size(kSizes) - 1];
constexpr std::size_t kMappedSide = 64 << 20;

struct Method {
  std::string name;
  std::uint32_t threads = 1;
  const pmb::ParallelFor* parallel_for = nullptr;
  std::size_t streaming_from = 1;
  bool streaming_loads = false;

  bool fits(std::size_t size) const { return threads == 1 || size >= 2 * pmb::kCopyPieceBytes; }
};

/// Mapped or private memory of 256 MiB.
struct Memory {
  std::string name;
  std::byte* bytes = nullptr;
  bool read = false;
};

using Allocation = std::unique_ptr<std::byte[], void (*)(void*)>;

Allocation allocate() {
  Allocation memory(static_cast<std::byte*>(std::aligned_alloc(4096, kLargest)), &std::free);
  if (memory) std::memset(memory.get(), 1, kLargest);
  return memory;
}

/// A context and its mapped memory, in each model; none without GL.
class MappedMemory {
 public:
  MappedMemory() {
    if (headless_ && headless_->make_current()) {
      auto opened = pmb::Context::from_current(pmb::HeadlessContext::loader());
      if (opened) context_.emplace(std::move(*opened));
    }
    if (!context_) std::fprintf(stderr, "stream_copy: no GL context here: private memory only\n");
  }

  void add_to(std::vector<Memory>& memories, bench::Report& report) {
    if (!context_) return;
    report.context()["driver"] = context_->driver().renderer + ", " + context_->driver().version;
    for (const pmb::Access access : {pmb::Access::sequential_write, pmb::Access::read}) {
      for (const pmb::Model model : {pmb::Model::coherent, pmb::Model::explicit_flush}) {
        auto buffer = pmb::MappedBuffer::create(
            *context_, {.size_bytes = kLargest, .access = access, .model = model, .prefault = true});
        if (!buffer) continue;
        const bool read = access == pmb::Access::read;
        memories.push_back({std::string(read ? "mapped read, " : "mapped write, ") + pmb::to_string(model),
                            buffer->raw_bytes().data(), read});
        buffers_.push_back(std::move(*buffer));
      }
    }
  }

 private:
  pmb::Result<pmb::HeadlessContext> headless_ = pmb::HeadlessContext::create({});
  std::optional<pmb::Context> context_;
  std::vector<pmb::MappedBuffer> buffers_;
};

/// `tbb` is null without oneTBB.
std::vector<Method> methods_for(std::uint32_t most, const pmb::ParallelFor* tbb,
                                const pmb::ParallelFor& pool) {
  std::vector<Method> methods = {{"memcpy", 1, nullptr, SIZE_MAX},
                                 {"streaming", 1, nullptr, 1},
                                 {"streaming loads", 1, nullptr, 1, true}};
  for (const std::uint32_t threads : {2U, 3U, 4U, 5U, 6U, 8U, 12U, 16U}) {
    if (threads > most) break;
    const std::string count = std::to_string(threads);
    if (tbb) methods.push_back({"streaming, tbb " + count, threads, tbb, 1});
    if (tbb && threads == 4) {
      methods.push_back({"memcpy, tbb " + count, threads, tbb, SIZE_MAX});
      methods.push_back({"streaming loads, tbb " + count, threads, tbb, 1, true});
    }
    if (threads != 3 && threads != 5) methods.push_back({"streaming, pool " + count, threads, &pool, 1});
  }
  return methods;
}

/// Times one run of `work`: once to warm up, then for the budget. Runs shorter than 20 µs are timed in bursts.
template <class Work>
pmb::tune::Statistics time_repeatedly(double budget_ns, const Work& work) {
  constexpr double kBurst_ns = 20'000;
  const std::uint32_t burst = pmb::tune::burst_length(pmb::tune::time_ns(work), kBurst_ns, 1, 1000);
  std::vector<double> times;
  pmb::tune::take_turns(1, {.end_ns = pmb::tune::now_ns() + budget_ns}, [&](std::size_t) {
    const double all = pmb::tune::time_ns([&] {
      for (std::uint32_t i = 0; i < burst; ++i) work();
    });
    times.push_back(all / burst);
    return true;
  });
  return pmb::tune::summarize(times);
}

void measure(const Memory& memory, std::span<std::byte> other, const Method& method, double budget_ns,
             bench::Report& report) {
  const std::size_t size = other.size();
  const pmb::CopyOptions options = {.parallel_for = method.parallel_for,
                                    .threads = method.threads,
                                    .streaming_from_bytes = method.streaming_from,
                                    .slow_reads = method.streaming_loads};
  std::size_t at = 0;
  const auto times = time_repeatedly(budget_ns, [&] {
    const std::span mapped(memory.bytes + at, size);
    if (memory.read) {
      pmb::copy_from_mapped(other, mapped, options);
    } else {
      pmb::copy_to_mapped(mapped, other, options);
    }
    at += (size + 4095) / 4096 * 4096;
    if (at + size > std::max(kMappedSide, size)) at = 0;
  });
  report.add("stream_copy/" + memory.name + "/" + method.name + "/" + std::to_string(size), size, times,
             {{"memory", memory.name}, {"way", method.name}, {"threads", method.threads}});
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 50;
  std::uint32_t most = std::min(16U, std::max(1U, std::thread::hardware_concurrency()));
  const auto set_seconds = [&](const char* value) { seconds = std::atof(value); };
  const auto set_threads = [&](const char* value) {
    most = static_cast<std::uint32_t>(std::max(1, std::atoi(value)));
  };
  if (!bench::read_options(argc, argv, "stream_copy [--seconds S] [--threads N]",
                           {{"--seconds", set_seconds}, {"--threads", set_threads}})) {
    return 1;
  }
  const auto source = allocate();
  const auto plain = allocate();
  if (!source || !plain) {
    std::fprintf(stderr, "stream_copy: 512 MiB of memory are needed\n");
    return 1;
  }
  bench::Report report(argv[0]);
  report.context()["instructions"] = pmb::stream_copy_target();
  std::vector<Memory> memories = {{"malloc", plain.get(), false}};
  MappedMemory mapped;
  mapped.add_to(memories, report);

  bench::PlainPool pool(most - 1);
  const pmb::ParallelFor on_pool = [&](std::size_t count, const auto& body) { pool.run(count, body); };
  const pmb::ParallelFor* on_tbb = nullptr;
#ifdef PMB_BENCH_TBB
  const pmb::ParallelFor tbb = pmb::tbb_parallel_for();
  on_tbb = &tbb;
#endif
  const std::vector<Method> methods = methods_for(most, on_tbb, on_pool);
  std::size_t cells = 0;
  for (const std::size_t size : kSizes) {
    for (const Method& method : methods) cells += method.fits(size) ? memories.size() : 0;
  }
  const double budget_ns = seconds * 0.6e9 / static_cast<double>(cells);
  for (const Memory& memory : memories) {
    for (const std::size_t size : kSizes) {
      for (const Method& method : methods) {
        if (!method.fits(size) || (method.streaming_loads && !memory.read)) continue;
        measure(memory, {source.get(), size}, method, budget_ns, report);
      }
    }
  }
  report.print();
  return 0;
}
