// SPDX-License-Identifier: MIT
// How soon the CPU learns that GPU work is done: by waiting for a fence, by testing one again and again, and by polling a
// word in mapped memory that the GPU writes behind the work, after which a test of the fence proves it. The word alone
// proves nothing (OpenGL 4.6 core, section 6.2: server writes are visible after the sync is complete).
//
//   completion [--seconds S] >results.json        (a table goes to stderr)
//
// The work is a GPU copy of 0 (nothing) to 8 MiB; times run from its issue until the fence is known to have signalled.
#include <glad/gl.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <string_view>

#include "gpu.hpp"
#include "measure.hpp"

namespace {

using bench::take;

constexpr std::uint64_t kMiB = 1 << 20;

}  // namespace

int main(int argc, char** argv) {
  double seconds = 20;
  if (argc == 3 && std::string_view(argv[1]) == "--seconds") {
    seconds = std::atof(argv[2]);
  } else if (argc != 1) {
    std::fprintf(stderr, "usage: completion [--seconds S]\n");
    return 1;
  }
  auto headless = take(pmb::HeadlessContext::create({}));
  take(headless.make_current());
  const GladGLContext gl = bench::load_gl();
  auto context = take(pmb::Context::from_current(pmb::HeadlessContext::loader()));
  auto memory = take(pmb::MappedBuffer::create(
      context,
      {.size_bytes = 4096, .access = pmb::Access::read, .model = pmb::Model::coherent, .prefault = true}));
  std::atomic_ref<std::uint32_t> word(*reinterpret_cast<std::uint32_t*>(memory.raw_bytes().data()));

  GLuint buffers[3] = {};
  gl.GenBuffers(3, buffers);
  for (const GLuint buffer : {buffers[0], buffers[1]}) {
    gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
    gl.BufferData(GL_COPY_WRITE_BUFFER, 8 * kMiB, nullptr, GL_STATIC_COPY);
  }
  // The numbers that the GPU writes into the word, one after the other.
  constexpr std::uint32_t kNumbers = 1 << 20;
  std::vector<std::uint32_t> numbers(kNumbers);
  for (std::uint32_t i = 0; i < kNumbers; ++i) numbers[i] = i;
  gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffers[2]);
  gl.BufferData(GL_COPY_WRITE_BUFFER, kNumbers * 4, numbers.data(), GL_STATIC_COPY);
  std::uint32_t number = 0;

  const auto work = [&](std::uint64_t size) {
    if (size == 0) return;
    gl.BindBuffer(GL_COPY_READ_BUFFER, buffers[0]);
    gl.BindBuffer(GL_COPY_WRITE_BUFFER, buffers[1]);
    gl.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, 0, 0, static_cast<GLsizeiptr>(size));
  };
  const auto write_word = [&] {
    number = number + 1 == kNumbers ? 1 : number + 1;
    gl.BindBuffer(GL_COPY_READ_BUFFER, buffers[2]);
    gl.BindBuffer(GL_COPY_WRITE_BUFFER, memory.buffer());
    gl.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, number * 4, 0, 4);
  };
  const auto fence = [&] {
    GLsync sync = gl.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.Flush();
    return sync;
  };
  std::uint64_t tests = 0;
  const auto test_until_signalled = [&](GLsync sync) {
    GLenum answer = GL_TIMEOUT_EXPIRED;
    while (answer == GL_TIMEOUT_EXPIRED) {
      answer = gl.ClientWaitSync(sync, 0, 0);
      ++tests;
    }
    gl.DeleteSync(sync);
  };
  const auto poll_word = [&] {
    while (word.load(std::memory_order_acquire) != number) {
    }
  };

  struct Way {
    const char* name;
    std::function<void(std::uint64_t)> run;
    std::vector<double> times = {};
    std::uint64_t tests = 0;
  };
  std::vector<Way> ways = {
      {"glFinish",
       [&](std::uint64_t size) {
         work(size);
         gl.Finish();
       }},
      {"fence wait",
       [&](std::uint64_t size) {
         work(size);
         GLsync sync = fence();
         gl.ClientWaitSync(sync, 0, 10'000'000'000);
         gl.DeleteSync(sync);
       }},
      {"fence tests",
       [&](std::uint64_t size) {
         work(size);
         test_until_signalled(fence());
       }},
      {"word, then fence tests",
       [&](std::uint64_t size) {
         work(size);
         write_word();
         GLsync sync = fence();
         poll_word();
         test_until_signalled(sync);
       }},
      {"word alone (no proof)",
       [&](std::uint64_t size) {
         work(size);
         write_word();
         gl.Flush();
         poll_word();
       }},
  };

  nlohmann::ordered_json result;
  result["context"] = {{"date", bench::now()},
                       {"executable", argv[0]},
                       {"machine", bench::machine()},
                       {"driver", context.driver().renderer + ", " + context.driver().version}};
  const std::uint64_t sizes[] = {0, 4096, kMiB, 8 * kMiB};
  for (const std::uint64_t size : sizes) {
    for (Way& way : ways) {
      way.times.clear();
      way.tests = 0;
      way.run(size);
    }
    const auto end = bench::Clock::now() + std::chrono::duration<double>(seconds / std::size(sizes));
    while (bench::Clock::now() < end && ways[0].times.size() < 20'000) {
      for (Way& way : ways) {
        tests = 0;
        const auto start = bench::Clock::now();
        way.run(size);
        way.times.push_back(std::chrono::duration<double, std::nano>(bench::Clock::now() - start).count());
        way.tests += tests;
      }
    }
    for (Way& way : ways) {
      auto e = bench::entry(std::string("completion/") + way.name + "/" + std::to_string(size), size,
                            bench::summarise(way.times));
      e["way"] = way.name;
      e["fence_tests"] = static_cast<double>(way.tests) / static_cast<double>(way.times.size());
      bench::note(e);
      result["benchmarks"].push_back(std::move(e));
    }
  }
  gl.DeleteBuffers(3, buffers);
  std::cout << result.dump(1) << '\n';
  return 0;
}
