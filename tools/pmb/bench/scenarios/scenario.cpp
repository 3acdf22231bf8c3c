// SPDX-License-Identifier: MIT
// The table of scenarios, and their shared functions.

#include "bench/scenarios/scenario.hpp"

#include <algorithm>
#include <array>
#include <pmb/tune/transfer_plan.hpp>

namespace pmb::tool::bench {
namespace {

constexpr std::uint64_t kPixels = 1920ULL * 1080ULL;

constexpr std::array kScenarios = {
    Scenario{"memory", "Memory that 1 GiB takes which CPU and GPU both use", false, add_memory_cases},
    Scenario{"upload_consumed", "Bytes that a producer wrote, until a shader has read each once", true,
             add_upload_consumed_cases},
    Scenario{"upload_kept", "From system memory until the bytes are in VRAM", true, add_upload_kept_cases},
    Scenario{"frame_upload", "The same for 1920x1080 frames, eight in a row", false, add_frame_upload_cases},
    Scenario{"download", "From VRAM into system memory", true, add_download_cases},
    Scenario{"download_in_place", "From GPU memory to where the CPU can read the bytes", true,
             add_download_in_place_cases},
    Scenario{"frame_download", "The same for 1920x1080 frames, eight in a row", false,
             add_frame_download_cases},
    Scenario{"results", "Bytes that a shader writes, until the CPU can read them", true, add_result_cases},
    Scenario{"frame_round_trip", "1920x1080 frames up, through a shader, and down, three in flight", false,
             add_frame_round_trip_cases},
    Scenario{"duplex", "A stream up and down at once, three blocks in flight", true, add_duplex_cases},
    Scenario{"small_updates", "Updates of 256 bytes, each bound, none read", false, add_small_update_cases},
    Scenario{"small_updates_dispatch", "Updates of 256 bytes, each read by one dispatch", false,
             add_small_dispatch_cases},
    Scenario{"single_update", "Frames with one update of 4 KiB and one dispatch that reads it", false,
             add_single_update_cases},
    Scenario{"texture_upload", "1920x1080 RGBA8 textures, eight in a row", false, add_texture_upload_cases},
    Scenario{"read_pixels", "glReadPixels of 1920x1080 RGBA8, eight in a row", false, add_read_pixels_cases},
    Scenario{"conv2d", "Convolutions of a neural network: inputs up, compute, outputs down", false,
             add_conv2d_cases},
};

}  // namespace

std::span<const Scenario> all_scenarios() noexcept {
  return kScenarios;
}

std::span<const FrameFormat> frame_formats(bool quick) noexcept {
  static constexpr std::array kFormats = {FrameFormat{"rgba8", kPixels * 4},
                                          FrameFormat{"rgba32f", kPixels * 16}};
  return std::span(kFormats).first(quick ? 1 : kFormats.size());
}

std::span<const TraditionalUpload> traditional_uploads() noexcept {
  static constexpr std::array kAll = {TraditionalUpload::buffer_data, TraditionalUpload::buffer_sub_data,
                                      TraditionalUpload::map_invalidate,
                                      TraditionalUpload::map_unsynchronized};
  return kAll;
}

pmb::Path PmbMethod::path_for(pmb::Access access, std::uint64_t size_bytes, std::uint32_t gpu_reads) const {
  if (path) return *path;
  const auto plan = context->plan(access, size_bytes, gpu_reads);
  return plan ? plan->path : pmb::Path::direct;
}

pmb::Path PmbMethod::transfer_path_down(std::uint64_t size_bytes) const {
  return path ? *path : context->transfer_plan().down.step_for(size_bytes).path;
}

std::vector<PmbMethod> pmb_methods(BenchContext& bench, std::initializer_list<pmb::Path> paths) {
  std::vector<PmbMethod> methods = {{"plan", MethodKind::plan, &bench.planned(), std::nullopt}};
  for (ForcedContext& forced : bench.forced()) {
    if (std::ranges::find(paths, forced.path) == paths.end()) continue;
    methods.push_back({forced.name, MethodKind::forced, &forced.context, forced.path});
  }
  return methods;
}

Outcome<std::unique_ptr<Uploader>> make_pmb_uploader(BenchContext& bench, const PmbMethod& method,
                                                     const UploadShape& shape, std::uint32_t gpu_reads) {
  if (method.path_for(pmb::Access::sequential_write, shape.piece_bytes, gpu_reads) == pmb::Path::staged) {
    return make_staged_uploader(bench, *method.context, shape);
  }
  return make_ring_uploader(bench, *method.context, shape);
}

Outcome<std::unique_ptr<Reader>> make_pmb_reader(BenchContext& bench, const PmbMethod& method,
                                                 const ReadShape& shape, Marks marks) {
  if (method.path_for(pmb::Access::read, shape.result_bytes) == pmb::Path::staged) {
    return make_staged_reader(bench, *method.context, shape, marks);
  }
  return make_ring_reader(*method.context, bench, shape, marks);
}

void add_limit(Case& work, Limit& limit, Wire wire) {
  const WireShape shape{.wire = wire, .size_bytes = work.size_bytes, .operations = work.operations};
  const auto note = limit.describe(wire);
  if (!note) return;
  work.limit_note = *note;
  add_method(work, "limit", MethodKind::limit, [&limit, shape] { return limit.make(shape); });
}

void add_reference(Case& work, Limit& limit, Wire wire, const char* name) {
  const WireShape shape{.wire = wire, .size_bytes = work.size_bytes, .operations = work.operations};
  if (!limit.describe(wire)) return;
  add_method(work, name, MethodKind::reference, [&limit, shape] { return limit.make(shape); });
}

}  // namespace pmb::tool::bench
