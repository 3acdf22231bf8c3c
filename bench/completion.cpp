// SPDX-License-Identifier: MIT
// The delay until the CPU knows that GPU work is done: by waiting for a fence, by testing one repeatedly, and by polling
// a word in mapped memory that the GPU writes after the work, with a fence test as proof. The word alone proves nothing
// (OpenGL 4.6 core, section 6.2: server writes are visible after the sync is complete).
//
//   completion [--seconds S] >results.json        (a table goes to stderr)
//
// The work is a GPU copy of 0 (nothing) to 8 MiB. Times run from its issue until the method knows that it is done.
#include <glad/gl.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <vector>

#include "gpu.hpp"
#include "report.hpp"

namespace {

using bench::take;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kSizes[] = {0, 4096, kMiB, 8 * kMiB};
// The GPU writes these into the word, one after another.
constexpr std::uint32_t kNumbers = 1 << 20;

class Completion {
 public:
  Completion(const GladGLContext& gl, pmb::Context& context)
      : gl_(gl),
        memory_(take(pmb::MappedBuffer::create(context, {.size_bytes = 4096,
                                                         .access = pmb::Access::read,
                                                         .model = pmb::Model::coherent,
                                                         .prefault = true}))),
        word_(*reinterpret_cast<std::uint32_t*>(memory_.raw_bytes().data())) {
    gl_.GenBuffers(3, buffers_);
    for (const GLuint buffer : {buffers_[0], buffers_[1]}) {
      gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffer);
      gl_.BufferData(GL_COPY_WRITE_BUFFER, 8 * kMiB, nullptr, GL_STATIC_COPY);
    }
    std::vector<std::uint32_t> numbers(kNumbers);
    for (std::uint32_t i = 0; i < kNumbers; ++i) numbers[i] = i;
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, buffers_[2]);
    gl_.BufferData(GL_COPY_WRITE_BUFFER, kNumbers * 4, numbers.data(), GL_STATIC_COPY);
  }
  ~Completion() { gl_.DeleteBuffers(3, buffers_); }
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;

  void finish(std::uint64_t size) {
    work(size);
    gl_.Finish();
  }
  void wait_for_fence(std::uint64_t size) {
    work(size);
    GLsync sync = fence();
    gl_.ClientWaitSync(sync, 0, 10'000'000'000);
    gl_.DeleteSync(sync);
  }
  void test_fence(std::uint64_t size) {
    work(size);
    test_until_signalled(fence());
  }
  void poll_word_then_test(std::uint64_t size) {
    work(size);
    write_word();
    GLsync sync = fence();
    poll_word();
    test_until_signalled(sync);
  }
  void poll_word_alone(std::uint64_t size) {
    work(size);
    write_word();
    gl_.Flush();
    poll_word();
  }

  /// Fence tests since the last call.
  std::uint64_t take_tests() { return std::exchange(tests_, 0); }

 private:
  void copy(GLuint from, std::uint64_t offset, GLuint to, std::uint64_t size) {
    gl_.BindBuffer(GL_COPY_READ_BUFFER, from);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, to);
    gl_.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, static_cast<GLintptr>(offset), 0,
                          static_cast<GLsizeiptr>(size));
  }
  void work(std::uint64_t size) {
    if (size > 0) copy(buffers_[0], 0, buffers_[1], size);
  }
  void write_word() {
    number_ = number_ + 1 == kNumbers ? 1 : number_ + 1;
    copy(buffers_[2], number_ * 4, memory_.buffer(), 4);
  }
  GLsync fence() {
    GLsync sync = gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl_.Flush();
    return sync;
  }
  void test_until_signalled(GLsync sync) {
    GLenum status = GL_TIMEOUT_EXPIRED;
    while (status == GL_TIMEOUT_EXPIRED) {
      status = gl_.ClientWaitSync(sync, 0, 0);
      ++tests_;
    }
    gl_.DeleteSync(sync);
  }
  void poll_word() const {
    while (word_.load(std::memory_order_acquire) != number_) {
    }
  }

  const GladGLContext& gl_;
  pmb::MappedBuffer memory_;
  std::atomic_ref<std::uint32_t> word_;
  GLuint buffers_[3] = {};  ///< The work's source and target, and the numbers.
  std::uint32_t number_ = 0;
  std::uint64_t tests_ = 0;
};

struct Method {
  const char* name;
  void (Completion::*run)(std::uint64_t size);
};
constexpr Method kMethods[] = {{"glFinish", &Completion::finish},
                               {"fence wait", &Completion::wait_for_fence},
                               {"fence tests", &Completion::test_fence},
                               {"word, then fence tests", &Completion::poll_word_then_test},
                               {"word alone (no proof)", &Completion::poll_word_alone}};

void measure(Completion& completion, std::uint64_t size, double budget_ns, bench::Report& report) {
  struct Figures {
    std::vector<double> times;
    std::uint64_t tests = 0;
  };
  Figures figures[std::size(kMethods)];
  for (const Method& method : kMethods) (completion.*method.run)(size);
  static_cast<void>(completion.take_tests());
  const pmb::tune::TurnRules rules{.most_turns = 20'000, .end_ns = pmb::tune::now_ns() + budget_ns};
  pmb::tune::take_turns(std::size(kMethods), rules, [&](std::size_t i) {
    figures[i].times.push_back(pmb::tune::time_ns([&] { (completion.*kMethods[i].run)(size); }));
    figures[i].tests += completion.take_tests();
    return true;
  });
  for (std::size_t i = 0; i < std::size(kMethods); ++i) {
    const std::string method = kMethods[i].name;
    report.add("completion/" + method + "/" + std::to_string(size), size,
               pmb::tune::summarize(figures[i].times),
               {{"way", method},
                {"fence_tests",
                 static_cast<double>(figures[i].tests) / static_cast<double>(figures[i].times.size())}});
  }
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 20;
  if (!bench::read_options(argc, argv, "completion [--seconds S]",
                           {{"--seconds", [&](const char* value) { seconds = std::atof(value); }}})) {
    return 1;
  }
  auto headless = take(pmb::HeadlessContext::create({}));
  take(headless.make_current());
  const GladGLContext gl = bench::load_gl();
  auto context = take(pmb::Context::from_current(pmb::HeadlessContext::loader()));
  bench::Report report(argv[0]);
  report.context()["driver"] = context.driver().renderer + ", " + context.driver().version;
  Completion completion(gl, context);
  for (const std::uint64_t size : kSizes)
    measure(completion, size, seconds * 1e9 / std::size(kSizes), report);
  report.print();
  return 0;
}
