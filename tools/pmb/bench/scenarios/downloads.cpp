// SPDX-License-Identifier: MIT
// download, download_in_place and frame_download: from VRAM to the CPU. results: bytes that a shader writes.

#include "bench/methods/flow_method.hpp"
#include "bench/scenarios/scenario.hpp"

namespace pmb::tool::bench {
namespace {

using ReaderMaker = std::function<Outcome<std::unique_ptr<Reader>>()>;

void add_download_method(const CaseSetup& setup, Case& work, const SharedSource& source,
                         const ReadShape& shape, std::string name, MethodKind kind, ReaderMaker make) {
  add_method(work, std::move(name), kind,
             [=, &bench = setup.bench, operations = work.operations]() -> Outcome<std::unique_ptr<Method>> {
               auto reader = make();
               if (!reader) return pass_on(reader);
               return make_download_method(bench, source, operations, shape, std::move(*reader));
             });
}

void add_traditional_downloads(const CaseSetup& setup, Case& work, const SharedSource& source,
                               const ReadShape& shape) {
  for (const TraditionalRead method :
       {TraditionalRead::get_buffer_sub_data, TraditionalRead::pixel_buffer_map}) {
    add_download_method(setup, work, source, shape, to_string(method), MethodKind::traditional,
                        [=, &bench = setup.bench] { return make_traditional_reader(bench, method, shape); });
  }
}

Case in_place_case(const CaseSetup& setup, const char* scenario, const char* variant, std::uint64_t size,
                   std::uint32_t operations) {
  Case work{.scenario = scenario,
            .variant = variant,
            .size_bytes = size,
            .operations = operations,
            .moved_bytes = size,
            .method_bytes = 2 * size};
  const auto source = std::make_shared<Source>(size);
  const ReadShape shape{.result_bytes = size, .depth = operations > 1 ? kFramesInFlight : 1};
  add_traditional_downloads(setup, work, source, shape);
  // The bytes lie in another buffer: there is no direct path.
  for (const PmbMethod& method : pmb_methods(setup.bench, {pmb::Path::staged, pmb::Path::traditional})) {
    add_download_method(setup, work, source, shape, method.name, method.kind,
                        [=, &bench = setup.bench]() -> Outcome<std::unique_ptr<Reader>> {
                          // If the plan is the raw GL call, the bytes may as well land in system memory.
                          if (method.transfer_path_down(size) == pmb::Path::traditional) {
                            return make_transfer_reader(*method.context, shape);
                          }
                          return make_ring_reader(*method.context, bench, shape, Marks::reader);
                        });
  }
  add_limit(work, setup.limit, Wire::down);
  add_reference(work, setup.limit, Wire::pageable_down, "cuda_pageable");
  return work;
}

}  // namespace

void add_download_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  for (const std::uint64_t size : setup.sizes) {
    Case work{.scenario = "download", .size_bytes = size, .moved_bytes = size, .method_bytes = 2 * size};
    const auto source = std::make_shared<Source>(size);
    const ReadShape shape{.result_bytes = size, .landing = Landing::own};
    add_traditional_downloads(setup, work, source, shape);
    for (const PmbMethod& method : pmb_methods(setup.bench, {pmb::Path::staged, pmb::Path::traditional})) {
      add_download_method(setup, work, source, shape, method.name, method.kind,
                          [=] { return make_transfer_reader(*method.context, shape); });
    }
    add_limit(work, setup.limit, Wire::down);
    add_reference(work, setup.limit, Wire::pageable_down, "cuda_pageable");
    cases.push_back(std::move(work));
  }
}

void add_download_in_place_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  for (const std::uint64_t size : setup.sizes) {
    cases.push_back(in_place_case(setup, "download_in_place", "", size, 1));
  }
}

void add_frame_download_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  for (const FrameFormat& format : frame_formats(setup.quick)) {
    cases.push_back(in_place_case(setup, "frame_download", format.name, format.size_bytes, kFrames));
  }
}

void add_result_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  BenchContext& bench = setup.bench;
  for (const std::uint64_t size : setup.sizes) {
    Case work{.scenario = "results", .size_bytes = size, .moved_bytes = size, .method_bytes = 2 * size};
    const ReadShape shape{.result_bytes = size};
    for (const TraditionalRead method :
         {TraditionalRead::get_buffer_sub_data, TraditionalRead::pixel_buffer_map,
          TraditionalRead::stream_read_map}) {
      add_method(work, to_string(method), MethodKind::traditional,
                 [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
                   auto reader = make_traditional_reader(bench, method, shape);
                   if (!reader) return pass_on(reader);
                   return make_produced_method(bench, 1, shape, std::move(*reader));
                 });
    }
    for (const PmbMethod& method :
         pmb_methods(bench, {pmb::Path::direct, pmb::Path::staged, pmb::Path::traditional})) {
      add_method(work, method.name, method.kind, [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
        auto reader = make_pmb_reader(bench, method, shape, Marks::reader);
        if (!reader) return pass_on(reader);
        return make_produced_method(bench, 1, shape, std::move(*reader));
      });
    }
    add_limit(work, setup.limit, Wire::down);
    add_reference(work, setup.limit, Wire::kernel_write, "cuda_kernel");
    cases.push_back(std::move(work));
  }
}

}  // namespace pmb::tool::bench
