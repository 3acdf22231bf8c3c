// SPDX-License-Identifier: MIT
// upload_kept and frame_upload: from system memory until the bytes are in VRAM.
// upload_consumed: from the producer's memory until a shader has read each byte once.

#include "bench/methods/upload_method.hpp"
#include "bench/scenarios/scenario.hpp"

namespace pmb::tool::bench {
namespace {

void add_kept_methods(const CaseSetup& setup, Case& work) {
  BenchContext& bench = setup.bench;
  const auto source = std::make_shared<Source>(work.size_bytes);
  // A single upload runs alone; frames overlap, as in programs that stream.
  const UploadShape shape{.piece_bytes = work.size_bytes,
                          .frames = work.operations > 1 ? kFramesInFlight : 1,
                          .read_as_storage = false};
  const std::uint32_t operations = work.operations;
  for (const TraditionalUpload method : traditional_uploads()) {
    add_method(work, to_string(method), MethodKind::traditional,
               [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
                 auto uploader = make_traditional_uploader(bench, method, shape, bench.usage_of_kept_bytes());
                 if (!uploader) return pass_on(uploader);
                 return make_kept_method(bench, source, operations, std::move(*uploader));
               });
  }
  // The bytes go into another buffer: there is no direct path.
  for (const PmbMethod& method : pmb_methods(bench, {pmb::Path::staged, pmb::Path::traditional})) {
    add_method(work, method.name, method.kind, [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
      auto uploader = make_transfer_uploader(bench, *method.context, shape);
      if (!uploader) return pass_on(uploader);
      return make_kept_method(bench, source, operations, std::move(*uploader));
    });
  }
  add_limit(work, setup.limit, Wire::up);
  add_reference(work, setup.limit, Wire::pageable_up, "cuda_pageable");
}

}  // namespace

void add_upload_kept_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  for (const std::uint64_t size : setup.sizes) {
    Case work{.scenario = "upload_kept", .size_bytes = size, .moved_bytes = size, .method_bytes = 2 * size};
    add_kept_methods(setup, work);
    cases.push_back(std::move(work));
  }
}

void add_frame_upload_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  for (const FrameFormat& format : frame_formats(setup.quick)) {
    Case work{.scenario = "frame_upload",
              .variant = format.name,
              .size_bytes = format.size_bytes,
              .operations = kFrames,
              .moved_bytes = format.size_bytes};
    add_kept_methods(setup, work);
    cases.push_back(std::move(work));
  }
}

void add_upload_consumed_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  BenchContext& bench = setup.bench;
  for (const std::uint64_t size : setup.sizes) {
    Case work{
        .scenario = "upload_consumed", .size_bytes = size, .moved_bytes = size, .method_bytes = 2 * size};
    const auto source = std::make_shared<Source>(size);
    const UploadShape shape{.piece_bytes = size};
    for (const TraditionalUpload method : traditional_uploads()) {
      add_method(work, to_string(method), MethodKind::traditional,
                 [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
                   auto uploader = make_traditional_uploader(bench, method, shape, GL_STREAM_DRAW);
                   if (!uploader) return pass_on(uploader);
                   return make_consumed_method(bench, source, std::move(*uploader));
                 });
    }
    for (const PmbMethod& method : pmb_methods(
             bench, {pmb::Path::direct, pmb::Path::staged, pmb::Path::traditional, pmb::Path::orphaned})) {
      add_method(work, method.name, method.kind, [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
        auto uploader = make_pmb_uploader(bench, method, shape);
        if (!uploader) return pass_on(uploader);
        return make_consumed_method(bench, source, std::move(*uploader));
      });
    }
    add_limit(work, setup.limit, Wire::up);
    add_reference(work, setup.limit, Wire::kernel_read, "cuda_kernel");
    cases.push_back(std::move(work));
  }
}

}  // namespace pmb::tool::bench
