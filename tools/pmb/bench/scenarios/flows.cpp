// SPDX-License-Identifier: MIT
// frame_round_trip and duplex.

#include "flows.hpp"

#include <array>

namespace pmb::tool::bench {
namespace {

struct ClassicPair {
  ClassicUpload up;
  ClassicRead down;
};

constexpr std::array kClassicPairs = {
    ClassicPair{ClassicUpload::buffer_data, ClassicRead::get_buffer_sub_data},
    ClassicPair{ClassicUpload::buffer_sub_data, ClassicRead::get_buffer_sub_data},
    ClassicPair{ClassicUpload::buffer_sub_data, ClassicRead::pixel_buffer_map},
    ClassicPair{ClassicUpload::map_invalidate, ClassicRead::pixel_buffer_map},
    ClassicPair{ClassicUpload::map_unsynchronized, ClassicRead::pixel_buffer_map},
    ClassicPair{ClassicUpload::map_unsynchronized, ClassicRead::stream_read_map},
};

/// Every word read once and another written.
KernelMaker transformation(Workbench& bench, std::uint64_t size_bytes) {
  return [&bench, size_bytes]() -> Outcome<FlowKernel> {
    auto made = Transformation::create(bench);
    if (!made) return pass_on(made);
    const auto shared = std::make_shared<Transformation>(std::move(*made));
    return FlowKernel{
        .run = [shared, size_bytes](Place input, Place output) { shared->run(input, output, size_bytes); },
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
            .way_bytes = 2 * kFramesUnderWay * size};
  const FlowShape shape{.output_bytes = size, .frames = frames, .depth = kFramesUnderWay};
  add_flow_ways(setup, work, std::make_shared<Source>(size), shape, 1, transformation(setup.bench, size));
  add_limit(work, setup.limit, Wire::kernel_both);
  add_reference(work, setup.limit, Wire::both, "cuda_copies");
  return work;
}

}  // namespace

void add_flow_ways(const CaseSetup& setup, Case& work, const SharedSource& source, const FlowShape& shape,
                   std::uint32_t gpu_reads, const KernelMaker& kernel) {
  Workbench& bench = setup.bench;
  const UploadShape up{.piece_bytes = source->size_bytes(), .frames = shape.depth};
  const ReadShape down{.result_bytes = shape.output_bytes, .depth = shape.depth};
  for (const ClassicPair& pair : kClassicPairs) {
    add_way(work, fmt::format("{}+{}", to_string(pair.up), to_string(pair.down)), WayKind::traditional,
            [=, &bench]() -> Outcome<std::unique_ptr<Way>> {
              auto uploader = make_classic_uploader(bench, pair.up, up, GL_STREAM_DRAW);
              if (!uploader) return pass_on(uploader);
              auto reader = make_classic_reader(bench, pair.down, down);
              if (!reader) return pass_on(reader);
              auto made = kernel();
              if (!made) return pass_on(made);
              return make_flow_way(source, shape, std::move(*made), std::move(*uploader), std::move(*reader));
            });
  }
  for (const PmbWay& way : pmb_ways(bench, {pmb::Path::direct, pmb::Path::staged, pmb::Path::traditional})) {
    add_way(work, way.name, way.kind, [=, &bench]() -> Outcome<std::unique_ptr<Way>> {
      auto uploader = make_pmb_uploader(bench, way, up, gpu_reads);
      if (!uploader) return pass_on(uploader);
      auto reader = make_pmb_reader(bench, way, down, Marks::uploader);
      if (!reader) return pass_on(reader);
      auto made = kernel();
      if (!made) return pass_on(made);
      return make_flow_way(source, shape, std::move(*made), std::move(*uploader), std::move(*reader));
    });
  }
}

void add_frame_round_trip_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  for (const FrameFormat& format : frame_formats(setup.quick)) {
    cases.push_back(stream_case(setup, "frame_round_trip", format.name, format.size_bytes, kFrames));
  }
}

void add_duplex_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  // Small blocks are a matter of latency, which other scenarios show.
  constexpr std::uint64_t kLeast = 1 << 20;
  // Fewer blocks in a run, and the run still takes long enough.
  constexpr std::uint64_t kLarge = 1 << 26;
  for (const std::uint64_t size : setup.sizes) {
    if (size < kLeast) continue;
    cases.push_back(stream_case(setup, "duplex", "", size, size < kLarge ? kFrames : kFrames / 2));
  }
}

}  // namespace pmb::tool::bench
