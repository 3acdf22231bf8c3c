// SPDX-License-Identifier: MIT
// frame_round_trip and duplex.

#include "bench/scenarios/flows.hpp"

#include <array>

namespace pmb::tool::bench {
namespace {

struct TraditionalPair {
  TraditionalUpload up;
  TraditionalRead down;
};

constexpr std::array kTraditionalPairs = {
    TraditionalPair{TraditionalUpload::buffer_data, TraditionalRead::get_buffer_sub_data},
    TraditionalPair{TraditionalUpload::buffer_sub_data, TraditionalRead::get_buffer_sub_data},
    TraditionalPair{TraditionalUpload::buffer_sub_data, TraditionalRead::pixel_buffer_map},
    TraditionalPair{TraditionalUpload::map_invalidate, TraditionalRead::pixel_buffer_map},
    TraditionalPair{TraditionalUpload::map_unsynchronized, TraditionalRead::pixel_buffer_map},
    TraditionalPair{TraditionalUpload::map_unsynchronized, TraditionalRead::stream_read_map},
};

/// Reads every word once and writes another.
KernelMaker transformation(BenchContext& bench, std::uint64_t size_bytes) {
  return [&bench, size_bytes]() -> Outcome<FlowKernel> {
    auto made = Transformation::create(bench);
    if (!made) return pass_on(made);
    const auto shared = std::make_shared<Transformation>(std::move(*made));
    return FlowKernel{
        .run = [shared, size_bytes](BufferOffset input,
                                    BufferOffset output) { shared->run(input, output, size_bytes); },
        .expected = &Transformation::expected};
  };
}

Case stream_case(const CaseSetup& setup, const char* scenario, const char* variant, std::uint64_t size,
                 std::uint32_t frames) {
  Case work{.scenario = scenario,
            .variant = variant,
            .size_bytes = size,
            .operations = frames,
            .moved_bytes = size,
            .method_bytes = 2 * kFramesInFlight * size};
  const FlowShape shape{.output_bytes = size, .frames = frames, .depth = kFramesInFlight};
  add_flow_methods(setup, work, std::make_shared<Source>(size), shape, 1, transformation(setup.bench, size));
  add_limit(work, setup.limit, Wire::kernel_both);
  add_reference(work, setup.limit, Wire::both, "cuda_copies");
  return work;
}

}  // namespace

void add_flow_methods(const CaseSetup& setup, Case& work, const SharedSource& source, const FlowShape& shape,
                      std::uint32_t gpu_reads, const KernelMaker& kernel) {
  BenchContext& bench = setup.bench;
  const UploadShape up{.piece_bytes = source->size_bytes(), .frames = shape.depth};
  const ReadShape down{.result_bytes = shape.output_bytes, .depth = shape.depth};
  for (const TraditionalPair& pair : kTraditionalPairs) {
    add_method(work, fmt::format("{}+{}", to_string(pair.up), to_string(pair.down)), MethodKind::traditional,
               [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
                 auto uploader = make_traditional_uploader(bench, pair.up, up, GL_STREAM_DRAW);
                 if (!uploader) return pass_on(uploader);
                 auto reader = make_traditional_reader(bench, pair.down, down);
                 if (!reader) return pass_on(reader);
                 auto made = kernel();
                 if (!made) return pass_on(made);
                 return make_flow_method(source, shape, std::move(*made), std::move(*uploader),
                                         std::move(*reader));
               });
  }
  for (const PmbMethod& method :
       pmb_methods(bench, {pmb::Path::direct, pmb::Path::staged, pmb::Path::traditional})) {
    add_method(work, method.name, method.kind, [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
      auto uploader = make_pmb_uploader(bench, method, up, gpu_reads);
      if (!uploader) return pass_on(uploader);
      auto reader = make_pmb_reader(bench, method, down, Marks::uploader);
      if (!reader) return pass_on(reader);
      auto made = kernel();
      if (!made) return pass_on(made);
      return make_flow_method(source, shape, std::move(*made), std::move(*uploader), std::move(*reader));
    });
  }
}

void add_frame_round_trip_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  for (const FrameFormat& format : frame_formats(setup.quick)) {
    cases.push_back(stream_case(setup, "frame_round_trip", format.name, format.size_bytes, kFrames));
  }
}

void add_duplex_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  // Small blocks show latency, which other scenarios measure.
  constexpr std::uint64_t kLeast = 1 << 20;
  // Large blocks: fewer of them take long enough.
  constexpr std::uint64_t kLarge = 1 << 26;
  for (const std::uint64_t size : setup.sizes) {
    if (size < kLeast) continue;
    cases.push_back(stream_case(setup, "duplex", "", size, size < kLarge ? kFrames : kFrames / 2));
  }
}

}  // namespace pmb::tool::bench
