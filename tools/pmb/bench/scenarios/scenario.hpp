// SPDX-License-Identifier: MIT
// The scenarios and their cases.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <pmb/plan.hpp>
#include <span>
#include <string>
#include <vector>

#include "bench/bench_context.hpp"
#include "bench/limits/limit.hpp"
#include "bench/methods/method.hpp"
#include "bench/methods/reader.hpp"
#include "bench/methods/uploader.hpp"

namespace pmb::tool::bench {

/// The inputs of add_cases.
struct CaseSetup {
  BenchContext& bench;
  Limit& limit;
  std::vector<std::uint64_t> sizes;  ///< For sized scenarios.
  bool quick = false;                ///< Fewer cases without a size.
};

struct Scenario {
  const char* name;
  const char* what;  ///< One sentence.
  bool sized;        ///< Size is a parameter.
  void (*add_cases)(const CaseSetup& setup, std::vector<Case>& cases);
};

/// All of them, in the order in which they run.
std::span<const Scenario> all_scenarios() noexcept;

void add_memory_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_upload_consumed_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_upload_kept_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_frame_upload_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_download_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_download_in_place_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_frame_download_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_result_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_frame_round_trip_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_duplex_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_small_update_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_small_dispatch_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_single_update_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_texture_upload_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_read_pixels_cases(const CaseSetup& setup, std::vector<Case>& cases);
void add_conv2d_cases(const CaseSetup& setup, std::vector<Case>& cases);

/// A 1920x1080 frame.
struct FrameFormat {
  const char* name;
  std::uint64_t size_bytes;
};
/// RGBA8, and RGBA32F unless `quick`.
std::span<const FrameFormat> frame_formats(bool quick) noexcept;
/// Frames in one run of a frame scenario, and frames in flight.
inline constexpr std::uint32_t kFrames = 8;
inline constexpr std::uint32_t kFramesInFlight = 3;

/// pmb as it plans, or with a path forced.
struct PmbMethod {
  std::string name;
  MethodKind kind;
  pmb::Context* context;
  std::optional<pmb::Path> path;  ///< Forced.

  /// The forced path, or that of the plan.
  pmb::Path path_for(pmb::Access access, std::uint64_t size_bytes, std::uint32_t gpu_reads = 1) const;
  /// The same for a download from another buffer: staged or traditional.
  pmb::Path transfer_path_down(std::uint64_t size_bytes) const;
};
/// The plan, and each model on the given paths.
std::vector<PmbMethod> pmb_methods(BenchContext& bench, std::initializer_list<pmb::Path> paths);

/// Uploaders and readers of shared memory, direct or staged by `method`.
Outcome<std::unique_ptr<Uploader>> make_pmb_uploader(BenchContext& bench, const PmbMethod& method,
                                                     const UploadShape& shape, std::uint32_t gpu_reads = 1);
Outcome<std::unique_ptr<Reader>> make_pmb_reader(BenchContext& bench, const PmbMethod& method,
                                                 const ReadShape& shape, Marks marks);

/// Adds `make` as a method named `name`.
template <class Make>
void add_method(Case& work, std::string name, MethodKind kind, Make&& make) {
  work.methods.push_back({std::move(name), kind, std::forward<Make>(make)});
}
/// Adds the limit, and its note to the case.
void add_limit(Case& work, Limit& limit, Wire wire);
/// Adds a comparison that needs CUDA, if there is CUDA.
void add_reference(Case& work, Limit& limit, Wire wire, const char* name);

/// All traditional uploads, in the order of the enumeration.
std::span<const TraditionalUpload> traditional_uploads() noexcept;

}  // namespace pmb::tool::bench
