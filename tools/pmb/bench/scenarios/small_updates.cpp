// SPDX-License-Identifier: MIT
// small_updates, small_updates_dispatch and single_update: many small writes, and one a frame.

#include <array>

#include "bench/methods/upload_method.hpp"
#include "bench/scenarios/scenario.hpp"

namespace pmb::tool::bench {
namespace {

void add_update_methods(const CaseSetup& setup, Case& work, const UpdateShape& shape,
                        std::uint32_t under_way) {
  BenchContext& bench = setup.bench;
  const auto source =
      std::make_shared<Source>(shape.update_bytes * shape.updates,
                               [bytes = shape.update_bytes](std::uint64_t seed, std::span<std::byte> target) {
                                 fill_updates(seed, bytes, target);
                               });
  const UploadShape upload{.piece_bytes = shape.update_bytes,
                           .pieces = shape.updates,
                           .frames = under_way,
                           .paced_by_ring = shape.frames > 1,
                           .read_as_storage = false};
  const auto add = [&](std::string name, MethodKind kind, auto make_uploader) {
    add_method(work, std::move(name), kind, [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
      auto uploader = make_uploader();
      if (!uploader) return pass_on(uploader);
      return make_update_method(bench, source, shape, std::move(*uploader));
    });
  };
  for (const TraditionalUpload method : traditional_uploads()) {
    add(to_string(method), MethodKind::traditional,
        [=, &bench] { return make_traditional_uploader(bench, method, upload, GL_STREAM_DRAW); });
  }
  // Each update is read once, in place.
  for (const PmbMethod& method :
       pmb_methods(bench, {pmb::Path::direct, pmb::Path::traditional, pmb::Path::orphaned})) {
    add(method.name, method.kind, [=, &bench] { return make_ring_uploader(bench, *method.context, upload); });
  }
  add("pmb_upload", MethodKind::forced,
      [=, &bench] { return make_transfer_uploader(bench, bench.planned(), upload); });
  if (!shape.dispatched) return;
  work.limit_note = "the dispatches alone, with nothing updated";
  add_method(work, "limit", MethodKind::limit,
             [=, &bench] { return make_dispatch_method(bench, source, shape); });
}

void add_many(const CaseSetup& setup, std::vector<Case>& cases, const char* scenario, bool dispatched) {
  constexpr std::uint64_t kUpdateBytes = 256;
  constexpr std::array<std::uint32_t, 3> kCounts = {100, 1'000, 10'000};
  constexpr std::uint32_t kFramesOfUpdates = 2;
  for (const std::uint32_t count : kCounts) {
    if (setup.quick && count == kCounts.back()) continue;
    Case work{.scenario = scenario,
              .variant = std::to_string(count),
              .size_bytes = kUpdateBytes,
              .operations = count,
              .moved_bytes = kUpdateBytes};
    const UpdateShape shape{.update_bytes = kUpdateBytes, .updates = count, .dispatched = dispatched};
    add_update_methods(setup, work, shape, kFramesOfUpdates);
    cases.push_back(std::move(work));
  }
}

}  // namespace

void add_small_update_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  add_many(setup, cases, "small_updates", false);
}

void add_small_dispatch_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  add_many(setup, cases, "small_updates_dispatch", true);
}

void add_single_update_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  constexpr std::uint64_t kUpdateBytes = 4096;
  constexpr std::uint32_t kFramesInARun = 100;
  Case work{.scenario = "single_update",
            .size_bytes = kUpdateBytes,
            .operations = kFramesInARun,
            .moved_bytes = kUpdateBytes};
  const UpdateShape shape{
      .update_bytes = kUpdateBytes, .updates = 1, .frames = kFramesInARun, .dispatched = true};
  add_update_methods(setup, work, shape, kFramesInFlight);
  cases.push_back(std::move(work));
}

}  // namespace pmb::tool::bench
