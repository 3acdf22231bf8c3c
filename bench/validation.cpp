// SPDX-License-Identifier: MIT
// The cost of validation, with and without the page guard: a frame of 32 slices that are acquired, filled, published,
// read by a copy of the whole frame's last slice, and retired.
//
//   validation [--seconds S] >results.json        (a table goes to stderr)
#include <glad/gl.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>
#include <string>
#include <vector>

#include "gpu.hpp"
#include "report.hpp"

namespace {

using bench::take;

constexpr std::uint64_t kSlices = 32;
constexpr std::uint64_t kFrames = 3;  // that a ring holds
constexpr std::uint64_t kSizes[] = {4 << 10, 64 << 10};

struct Mode {
  const char* name;
  bool validates;
  bool guards;
};
constexpr std::array<Mode, 3> kModes = {
    {{"without", false, false}, {"validation", true, false}, {"page guard", true, true}}};

/// Rings of one kind of validation.
class Frames {
 public:
  Frames(const GladGLContext& gl, const Mode& mode, std::uint64_t slice_bytes)
      : gl_(gl),
        slice_bytes_(slice_bytes),
        context_(take(pmb::Context::from_current(pmb::HeadlessContext::loader(), options_of(mode)))),
        ring_(take(pmb::UploadRing::create(context_, {.capacity_bytes = kFrames * kSlices * slice_bytes,
                                                      .max_slices = 2 * kFrames * kSlices}))) {
    gl_.GenBuffers(1, &target_);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, target_);
    gl_.BufferData(GL_COPY_WRITE_BUFFER, static_cast<GLsizeiptr>(slice_bytes), nullptr, GL_STREAM_COPY);
  }
  ~Frames() { gl_.DeleteBuffers(1, &target_); }
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  void run() {
    ++frame_;
    pmb::Slice last;
    for (std::uint64_t i = 0; i < kSlices; ++i) {
      last = take(ring_.acquire(slice_bytes_));
      static_cast<void>(last.fill(static_cast<std::byte>(frame_)));
      take(ring_.publish(last, slice_bytes_));
    }
    gl_.BindBuffer(GL_COPY_READ_BUFFER, last.buffer());
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, target_);
    gl_.CopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER,
                          static_cast<GLintptr>(last.offset_bytes()), 0,
                          static_cast<GLsizeiptr>(slice_bytes_));
    take(ring_.retire(take(context_.timeline().mark())));
  }

 private:
  static pmb::Options options_of(const Mode& mode) {
    pmb::Options options;
    if (mode.validates) options.validation = pmb::print_report;
    options.page_guard = mode.guards;
    return options;
  }

  const GladGLContext& gl_;
  std::uint64_t slice_bytes_;
  pmb::Context context_;
  pmb::UploadRing ring_;
  GLuint target_ = 0;
  unsigned frame_ = 0;
};

void measure(const GladGLContext& gl, std::uint64_t slice_bytes, double budget_ns, bench::Report& report) {
  std::array<std::optional<Frames>, kModes.size()> frames;
  std::array<std::vector<double>, kModes.size()> times;
  for (std::size_t i = 0; i < kModes.size(); ++i) {
    frames[i].emplace(gl, kModes[i], slice_bytes);
    // Every page is backed, and every record in use.
    for (std::uint64_t lap = 0; lap <= kFrames; ++lap) frames[i]->run();
  }
  const pmb::tune::TurnRules rules{.most_turns = 20'000, .end_ns = pmb::tune::now_ns() + budget_ns};
  pmb::tune::take_turns(kModes.size(), rules, [&](std::size_t i) {
    times[i].push_back(pmb::tune::time_ns([&] { frames[i]->run(); }));
    return true;
  });
  for (std::size_t i = 0; i < kModes.size(); ++i) {
    const std::string mode = kModes[i].name;
    report.add("validation/" + mode + "/" + std::to_string(slice_bytes), kSlices * slice_bytes,
               pmb::tune::summarize(times[i]), {{"mode", mode}, {"slices", kSlices}});
  }
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 20;
  if (!bench::read_options(argc, argv, "validation [--seconds S]",
                           {{"--seconds", [&](const char* value) { seconds = std::atof(value); }}})) {
    return 1;
  }
  auto headless = take(pmb::HeadlessContext::create({}));
  take(headless.make_current());
  const GladGLContext gl = bench::load_gl();
  bench::Report report(argv[0]);
  {
    const auto context = take(pmb::Context::from_current(pmb::HeadlessContext::loader()));
    report.context()["driver"] = context.driver().renderer + ", " + context.driver().version;
  }
  for (const std::uint64_t size : kSizes) measure(gl, size, seconds * 1e9 / std::size(kSizes), report);
  report.print();
  return 0;
}
