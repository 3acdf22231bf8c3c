// SPDX-License-Identifier: MIT
#include "frames/comparison.hpp"

#include <algorithm>
#include <memory>
#include <pmb/tune/measure.hpp>
#include <utility>
#include <vector>

#include "frames/process.hpp"

namespace bench {
namespace {

FrameShape with_rows_of(const Candidate& candidate, FrameShape shape) {
  shape.bottom_up = candidate.bottom_up;
  return shape;
}

void burst(Method& method, const FrameScene& scene, std::uint64_t& next, std::uint32_t frames) {
  for (std::uint32_t i = 0; i < frames; ++i, ++next) {
    scene.draw(next);
    method.take_frame(next);
  }
  method.finish();
}

}  // namespace

void Comparison::run(const char* name, const FrameShape& shape, double budget_ns) {
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
    Setting setting = {gl_, context_, rows,
                       [&check = *check](std::uint64_t number, auto bytes) { check(number, bytes, false); }};
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

void Comparison::verify(const Candidate& candidate, const FrameShape& shape, const FrameScene& scene) const {
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

}  // namespace bench
