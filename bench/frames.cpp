// SPDX-License-Identifier: MIT
// Frames per second from a framebuffer to the CPU, and on to a pipe: FrameGrabber beside glReadPixels into system memory,
// two pixel buffers by hand, pixel buffers that a thread writes to a pipe, and the bus. Methods take turns, in bursts.
//
//   bench_frames [--seconds S] [--burst FRAMES] [--processes N] >results.json        (a table goes to stderr)
//
// Every byte of an untimed burst is verified, behind pipes by the process that reads. Of timed frames, the number and a pixel
// of each row are verified. Afterwards N processes (default 8) grab 1,000 small frames each, all at once.
#include <fcntl.h>
#include <glad/gl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <pmb/frame_grabber.hpp>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <string>
#include <thread>
#include <vector>

#include "frame_scene.hpp"
#include "gpu.hpp"
#include "report.hpp"

extern char** environ;

namespace {

using bench::FrameCheck;
using bench::FrameScene;
using bench::FrameShape;
using bench::take;

constexpr GLuint64 kPatienceNs = 10'000'000'000;  // of every wait
constexpr int kPipeBytes = 1 << 20;

[[noreturn]] void stop(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

/// Ends a wait that GL does not end.
void wait_for(const GladGLContext& gl, GLsync sync) {
  const GLenum status = gl.ClientWaitSync(sync, GL_SYNC_FLUSH_COMMANDS_BIT, kPatienceNs);
  gl.DeleteSync(sync);
  if (status != GL_ALREADY_SIGNALED && status != GL_CONDITION_SATISFIED)
    stop("a fence was not signalled in time");
}

// --------------------------------------------------------------------------------------------------- processes that read --

pid_t start(const std::vector<std::string>& arguments, int standard_input) {
  std::vector<char*> words;
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (standard_input >= 0) posix_spawn_file_actions_adddup2(&actions, standard_input, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t process = 0;
  if (posix_spawnp(&process, words[0], &actions, nullptr, words.data(), environ) != 0)
    stop("a process cannot be started");
  posix_spawn_file_actions_destroy(&actions);
  return process;
}

/// A pipe to a process of its own: `cat`, which discards the bytes, or this program, which verifies each of them.
class Reader {
 public:
  explicit Reader(const std::vector<std::string>& arguments) {
    int ends[2] = {};
    if (pipe2(ends, O_CLOEXEC) != 0) stop("no pipe");
    fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);
    process_ = start(arguments, ends[0]);
    close(ends[0]);
    descriptor_ = ends[1];
  }
  ~Reader() {
    close(descriptor_);
    int status = 0;
    waitpid(process_, &status, 0);
    if (status != 0) stop("the process behind the pipe found wrong bytes");
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_ = -1;
  pid_t process_ = 0;
};

int verify_standard_input(const FrameShape& shape) {
  const FrameCheck check(shape);
  std::vector<std::byte> frame(shape.bytes());
  for (std::uint64_t number = 0;; ++number) {
    std::size_t got = 0;
    while (got < frame.size()) {
      const ssize_t count = read(0, frame.data() + got, frame.size() - got);
      if (count <= 0) return got == 0 ? 0 : 1;
      got += static_cast<std::size_t>(count);
    }
    check(number, frame, true);
  }
}

void write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0) stop("the pipe is broken");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

/// Runs jobs on a thread, in order.
class Worker {
 public:
  Worker() : thread_([this] { work(); }) {}
  ~Worker() {
    push({});
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// An empty job ends the thread. Returns the number of jobs so far.
  std::uint64_t push(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    changed_.notify_all();
    return ++pushed_;
  }
  /// Blocks until that many jobs are done.
  void wait(std::uint64_t jobs) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ >= jobs; });
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return !jobs_.empty(); });
      std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      if (!job) return;
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
      ++done_;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::uint64_t pushed_ = 0;
  std::uint64_t done_ = 0;
  std::thread thread_;
};

// ------------------------------------------------------------------------------------------------------------- methods --

/// What a method works with.
struct Setting {
  const GladGLContext& gl;
  pmb::Context& context;
  FrameShape shape;
  std::function<void(std::uint64_t number, std::span<const std::byte>)> look;

  GLenum format() const noexcept { return shape.components == 3 ? GLenum{GL_RGB} : GLenum{GL_RGBA}; }
  /// glReadPixels of the frame to memory, or to an offset into the bound pixel buffer.
  void read_to(std::byte* place) const {
    gl.ReadPixels(0, 0, static_cast<GLsizei>(shape.width), static_cast<GLsizei>(shape.height), format(),
                  GL_UNSIGNED_BYTE, place);
  }
};

class Method {
 public:
  explicit Method(Setting setting) : on(std::move(setting)) {}
  virtual ~Method() = default;
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;
  /// Takes the frame that was drawn, and hands on those that are due.
  virtual void take_frame(std::uint64_t number) = 0;
  /// Hands on the rest.
  virtual void finish() {}

 protected:
  Setting on;
};

/// glReadPixels into system memory: it waits for the GPU.
class ReadPixels : public Method {
 public:
  using Method::Method;
  void take_frame(std::uint64_t number) override {
    on.read_to(memory_.data());
    on.look(number, memory_);
  }

 private:
  std::vector<std::byte> memory_ = std::vector<std::byte>(on.shape.bytes());
};

/// Persistently mapped buffers that the GPU fills and the CPU does not read: the limit of the bus and of the driver.
class Bus : public Method {
 public:
  explicit Bus(Setting setting) : Method(std::move(setting)) {
    for (pmb::MappedBuffer& buffer : buffers_) {
      buffer = take(pmb::MappedBuffer::create(
          on.context, {.size_bytes = on.shape.bytes(), .access = pmb::Access::read, .prefault = true}));
    }
  }
  void take_frame(std::uint64_t number) override {
    if (fences_.size() == 2) wait_for_oldest();
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, buffers_[number % 3].buffer());
    on.read_to(nullptr);
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
    fences_.push_back(on.gl.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0));
    on.gl.Flush();
  }
  void finish() override {
    while (!fences_.empty()) wait_for_oldest();
  }

 private:
  void wait_for_oldest() {
    wait_for(on.gl, fences_.front());
    fences_.pop_front();
  }
  std::array<pmb::MappedBuffer, 3> buffers_;
  std::deque<GLsync> fences_;
};

/// Pixel buffers made with glBufferData.
class PixelBuffers : public Method {
 public:
  PixelBuffers(Setting setting, std::size_t count) : Method(std::move(setting)), names_(count) {
    on.gl.GenBuffers(static_cast<GLsizei>(count), names_.data());
    for (const GLuint name : names_) {
      on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, name);
      on.gl.BufferData(GL_PIXEL_PACK_BUFFER, static_cast<GLsizeiptr>(on.shape.bytes()), nullptr,
                       GL_STREAM_READ);
    }
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  }
  ~PixelBuffers() override { on.gl.DeleteBuffers(static_cast<GLsizei>(names_.size()), names_.data()); }

 protected:
  GLuint name_of(std::uint64_t number) const { return names_[number % names_.size()]; }
  void read_into(std::uint64_t number) const {
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, name_of(number));
    on.read_to(nullptr);
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  }
  std::span<const std::byte> map(std::uint64_t number) const {
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, name_of(number));
    const void* bytes = on.gl.MapBufferRange(GL_PIXEL_PACK_BUFFER, 0,
                                             static_cast<GLsizeiptr>(on.shape.bytes()), GL_MAP_READ_BIT);
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
    if (!bytes) stop("a pixel buffer cannot be mapped");
    return {static_cast<const std::byte*>(bytes), on.shape.bytes()};
  }
  void unmap(std::uint64_t number) const {
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, name_of(number));
    on.gl.UnmapBuffer(GL_PIXEL_PACK_BUFFER);
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  }

 private:
  std::vector<GLuint> names_;
};

/// Two pixel buffers by hand: reads into one, then maps the other, which has the frame before.
class TwoBuffers : public PixelBuffers {
 public:
  explicit TwoBuffers(Setting setting) : PixelBuffers(std::move(setting), 2) {}
  void take_frame(std::uint64_t number) override {
    read_into(number);
    if (begun_) use(number - 1);
    begun_ = true;
    last_ = number;
  }
  void finish() override {
    if (std::exchange(begun_, false)) use(last_);
  }

 private:
  void use(std::uint64_t number) const {
    on.look(number, map(number));
    unmap(number);
  }
  std::uint64_t last_ = 0;
  bool begun_ = false;
};

/// Three pixel buffers: a frame is mapped when it is the oldest, a thread writes it to the pipe meanwhile, and it is unmapped
/// before its buffer is needed again.
class BuffersToPipe : public PixelBuffers {
 public:
  BuffersToPipe(Setting setting, int descriptor)
      : PixelBuffers(std::move(setting), 3), descriptor_(descriptor) {}
  void take_frame(std::uint64_t number) override {
    if (written_.size() == 2) end_oldest();
    read_into(number);
    if (read_) write(*read_);
    read_ = number;
  }
  void finish() override {
    if (read_) write(*read_);
    read_.reset();
    while (!written_.empty()) end_oldest();
  }

 private:
  struct Written {
    std::uint64_t number;
    std::uint64_t job;
  };
  void write(std::uint64_t number) {
    const auto bytes = map(number);
    written_.push_back({number, worker_.push([this, bytes] { write_all(descriptor_, bytes); })});
  }
  void end_oldest() {
    worker_.wait(written_.front().job);
    unmap(written_.front().number);
    written_.pop_front();
  }
  int descriptor_;
  std::optional<std::uint64_t> read_;
  std::deque<Written> written_;
  Worker worker_;
};

/// FrameGrabber, in place or into a pipe, on this thread or on another.
class Grabber : public Method {
 public:
  Grabber(Setting setting, int descriptor, bool has_thread)
      : Method(std::move(setting)), descriptor_(descriptor), worker_(has_thread ? new Worker : nullptr) {
    grabber_ = take(pmb::FrameGrabber::create(
        on.context, {.layout = on.shape.layout(), .bottom_up = on.shape.bottom_up, .frames = 5}));
  }
  void take_frame(std::uint64_t) override {
    take(grabber_.grab({.width = on.shape.width, .height = on.shape.height}));
    hand_on(2);
  }
  void finish() override {
    hand_on(0);
    if (worker_) worker_->wait(jobs_);
  }

 private:
  void hand_on(std::uint32_t latency) {
    for (;;) {
      auto frame = grabber_.next(latency);
      if (!frame && frame.error().status == pmb::StatusCode::would_block) return;
      auto kept = std::make_shared<pmb::Frame>(take(std::move(frame)));
      if (descriptor_ < 0) {
        on.look(kept->number(), kept->bytes());
      } else if (worker_) {
        jobs_ = worker_->push([descriptor = descriptor_, kept] { take(kept->write_to(descriptor)); });
      } else {
        take(kept->write_to(descriptor_));
      }
    }
  }
  int descriptor_;
  pmb::FrameGrabber grabber_;
  std::uint64_t jobs_ = 0;
  std::unique_ptr<Worker> worker_;
};

// ----------------------------------------------------------------------------------------------------------- measuring --

struct Candidate {
  std::string name;
  bool bottom_up = true;
  bool has_pipe = false;
  std::function<std::unique_ptr<Method>(Setting, int descriptor)> make;
};

std::vector<Candidate> candidates() {
  const auto grabber = [](bool has_thread) {
    return [has_thread](Setting setting, int descriptor) {
      return std::make_unique<Grabber>(std::move(setting), descriptor, has_thread);
    };
  };
  const auto plain = []<class Kind>(std::type_identity<Kind>) {
    return [](Setting setting, int) { return std::make_unique<Kind>(std::move(setting)); };
  };
  return {
      {"bus: mapped buffers, not read", true, false, plain(std::type_identity<Bus>{})},
      {"glReadPixels into system memory", true, false, plain(std::type_identity<ReadPixels>{})},
      {"two pixel buffers", true, false, plain(std::type_identity<TwoBuffers>{})},
      {"FrameGrabber, bottom up", true, false, grabber(false)},
      {"FrameGrabber", false, false, grabber(false)},
      {"three pixel buffers, thread, pipe", true, true,
       [](Setting setting, int descriptor) {
         return std::make_unique<BuffersToPipe>(std::move(setting), descriptor);
       }},
      {"FrameGrabber, write_to pipe", false, true, grabber(false)},
      {"FrameGrabber, thread, write_to pipe", false, true, grabber(true)},
  };
}

class Comparison {
 public:
  Comparison(const GladGLContext& gl, pmb::Context& context, std::string program, std::uint32_t burst,
             bench::Report& report)
      : gl_(gl), context_(context), program_(std::move(program)), burst_(burst), report_(report) {}

  void run(const char* name, FrameShape shape, double budget_ns) {
    const FrameScene scene(gl_, shape.width, shape.height);
    const std::vector<Candidate> all = candidates();
    const auto frames = std::max(4U, burst_ / (shape.width > 2000 ? 3 : 1));
    for (const Candidate& candidate : all) verify(candidate, with_rows_of(candidate, shape), scene);

    struct Timed {
      std::unique_ptr<FrameCheck> check;
      std::unique_ptr<Reader> reader;
      std::unique_ptr<Method> method;
      std::uint64_t next = 0;
      std::vector<double> times = {};
    };
    std::vector<Timed> timed;
    for (const Candidate& candidate : all) {
      const FrameShape rows = with_rows_of(candidate, shape);
      auto check = std::make_unique<FrameCheck>(rows);
      auto reader = candidate.has_pipe ? std::make_unique<Reader>(std::vector<std::string>{"cat"}) : nullptr;
      Setting setting = {gl_, context_, rows, [&check = *check](std::uint64_t number, auto bytes) {
                           check(number, bytes, false);
                         }};
      auto method = candidate.make(std::move(setting), reader ? reader->descriptor() : -1);
      timed.push_back({std::move(check), std::move(reader), std::move(method)});
      // The first burst allocates and touches memory.
      burst(*timed.back().method, scene, timed.back().next, 8);
    }
    pmb::tune::take_turns(all.size(), {.end_ns = pmb::tune::now_ns() + budget_ns}, [&](std::size_t i) {
      Timed& one = timed[i];
      gl_.Finish();
      const double ns = pmb::tune::time_ns([&] { burst(*one.method, scene, one.next, frames); });
      one.times.push_back(ns / frames);
      return true;
    });
    for (std::size_t i = 0; i < all.size(); ++i) {
      timed[i].method.reset();
      report_.add(std::string("frames/") + name + "/" + all[i].name, shape.bytes(),
                  pmb::tune::summarize(timed[i].times),
                  {{"method", all[i].name}, {"case", name}, {"frames_verified", timed[i].next}});
    }
  }

 private:
  static FrameShape with_rows_of(const Candidate& candidate, FrameShape shape) {
    shape.bottom_up = candidate.bottom_up;
    return shape;
  }
  static void burst(Method& method, const FrameScene& scene, std::uint64_t& next, std::uint32_t frames) {
    for (std::uint32_t i = 0; i < frames; ++i, ++next) {
      scene.draw(next);
      method.take_frame(next);
    }
    method.finish();
  }

  /// Every byte of some frames, at both ends of the lap of every buffer.
  void verify(const Candidate& candidate, const FrameShape& shape, const FrameScene& scene) const {
    std::unique_ptr<Reader> reader;
    if (candidate.has_pipe) {
      reader = std::make_unique<Reader>(std::vector<std::string>{
          program_, "--verify", std::to_string(shape.width), std::to_string(shape.height),
          std::to_string(shape.components), shape.bottom_up ? "1" : "0"});
    }
    const FrameCheck check(shape);
    Setting setting = {gl_, context_, shape,
                       [&](std::uint64_t number, auto bytes) { check(number, bytes, true); }};
    const auto method = candidate.make(std::move(setting), reader ? reader->descriptor() : -1);
    std::uint64_t next = 0;
    burst(*method, scene, next, 16);
  }

  const GladGLContext& gl_;
  pmb::Context& context_;
  std::string program_;
  std::uint32_t burst_;
  bench::Report& report_;
};

// --------------------------------------------------------------------------------------------- several processes at once --

constexpr std::uint64_t kFramesOfEach = 1000;

/// Grabs small frames and verifies every byte of each. Every wait has a bound.
int grab_small_frames() {
  auto headless = take(pmb::HeadlessContext::create({}));
  take(headless.make_current());
  const GladGLContext gl = bench::load_gl();
  auto context = take(pmb::Context::from_current(pmb::HeadlessContext::loader()));
  const FrameShape shape = {.width = 256, .height = 144, .components = 4, .bottom_up = false};
  const FrameScene scene(gl, shape.width, shape.height);
  const FrameCheck check(shape);
  std::uint64_t seen = 0;
  Grabber grabber({gl, context, shape,
                   [&](std::uint64_t number, auto bytes) {
                     if (number != seen++) stop("a frame is missing");
                     check(number, bytes, true);
                   }},
                  -1, false);
  for (std::uint64_t number = 0; number < kFramesOfEach; ++number) {
    scene.draw(number);
    grabber.take_frame(number);
  }
  grabber.finish();
  return seen == kFramesOfEach ? 0 : 1;
}

bool run_processes(const std::string& program, std::uint32_t count, bench::Report& report) {
  constexpr double kPatience = 120e9;
  std::vector<pid_t> running;
  const double begin = pmb::tune::now_ns();
  for (std::uint32_t i = 0; i < count; ++i) running.push_back(start({program, "--worker"}, -1));
  std::uint32_t failed = 0;
  while (!running.empty() && pmb::tune::now_ns() - begin < kPatience) {
    std::erase_if(running, [&](pid_t process) {
      int status = 0;
      if (waitpid(process, &status, WNOHANG) != process) return false;
      failed += status != 0 ? 1 : 0;
      return true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const double ns = pmb::tune::now_ns() - begin;
  for (const pid_t process : running) {
    kill(process, SIGKILL);
    waitpid(process, nullptr, 0);
  }
  report.context()["processes"] = {{"count", count},
                                   {"frames_of_each", kFramesOfEach},
                                   {"hung", running.size()},
                                   {"failed", failed},
                                   {"seconds_in_all", ns / 1e9}};
  std::fprintf(stderr, "%u processes, %llu frames of 256 by 144 each: %.2f s in all, %zu hung, %u failed\n",
               count, static_cast<unsigned long long>(kFramesOfEach), ns / 1e9, running.size(), failed);
  return running.empty() && failed == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 6 && std::strcmp(argv[1], "--verify") == 0) {
    const auto number = [&](int at) { return static_cast<std::uint32_t>(std::atoi(argv[at])); };
    return verify_standard_input(
        {.width = number(2), .height = number(3), .components = number(4), .bottom_up = number(5) != 0});
  }
  if (argc == 2 && std::strcmp(argv[1], "--worker") == 0) return grab_small_frames();
  double seconds = 32;
  std::uint32_t burst = 60;
  std::uint32_t processes = 8;
  const auto whole = [](std::uint32_t& target) {
    return [&target](const char* value) { target = static_cast<std::uint32_t>(std::atoi(value)); };
  };
  if (!bench::read_options(argc, argv, "bench_frames [--seconds S] [--burst FRAMES] [--processes N]",
                           {{"--seconds", [&](const char* value) { seconds = std::atof(value); }},
                            {"--burst", whole(burst)},
                            {"--processes", whole(processes)}})) {
    return 1;
  }
  std::signal(SIGPIPE, SIG_IGN);
  auto headless = take(pmb::HeadlessContext::create({}));
  take(headless.make_current());
  const GladGLContext gl = bench::load_gl();
  auto context = take(pmb::Context::from_current(pmb::HeadlessContext::loader()));
  bench::Report report(argv[0]);
  report.context()["driver"] = context.driver().renderer + ", " + context.driver().version;
  Comparison comparison(gl, context, "/proc/self/exe", burst, report);
  struct Case {
    const char* name;
    FrameShape shape;
  };
  const Case cases[] = {{"1080p RGBA8", {.width = 1920, .height = 1080}},
                        {"1080p RGB8", {.width = 1920, .height = 1080, .components = 3}},
                        {"4K RGBA8", {.width = 3840, .height = 2160}},
                        {"4K RGB8", {.width = 3840, .height = 2160, .components = 3}}};
  for (const Case& one : cases) comparison.run(one.name, one.shape, seconds * 1e9 / std::size(cases));
  const bool all_ended = processes == 0 || run_processes("/proc/self/exe", processes, report);
  report.print();
  return all_ended ? 0 : 1;
}
