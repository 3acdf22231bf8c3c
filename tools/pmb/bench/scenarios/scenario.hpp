// SPDX-License-Identifier: MIT
// The scenarios: what each measures, and the cases that it consists of.
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

/// What cases are made from.
struct CaseSetup {
  BenchContext& bench;
  Limit& limit;
  std::vector<std::uint64_t> sizes;  ///< For scenarios in which size is a parameter.
  bool quick = false;                ///< Less of everything that has no size.
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
/// Frames in one run of a frame scenario, and how many of them are under way at once.
inline constexpr std::uint32_t kFrames = 8;
inline constexpr std::uint32_t kFramesUnderWay = 3;

/// pmb as it chooses, or with a path forced.
struct PmbMethod {
  std::string name;
  MethodKind kind;
  pmb::Context* context;
  std::optional<pmb::Path> path;  ///< Forced.

  /// The forced path, or what the plan says.
  pmb::Path path_for(pmb::Access access, std::uint64_t size_bytes, std::uint32_t gpu_reads = 1) const;
  /// The same for a transfer out of another buffer: staged or traditional.
  pmb::Path transfer_path_down(std::uint64_t size_bytes) const;
};
/// The plan, and one of each model for those of the paths that make sense for the work.
std::vector<PmbMethod> pmb_methods(BenchContext& bench, std::initializer_list<pmb::Path> paths);

/// Uploaders and readers of shared memory, direct or staged as `method` says.
Outcome<std::unique_ptr<Uploader>> make_pmb_uploader(BenchContext& bench, const PmbMethod& method,
                                                     const UploadShape& shape, std::uint32_t gpu_reads = 1);
Outcome<std::unique_ptr<Reader>> make_pmb_reader(BenchContext& bench, const PmbMethod& method,
                                                 const ReadShape& shape, Marks marks);

/// Adds `make` as a method named `name`.
template <class Make>
void add_method(Case& work, std::string name, MethodKind kind, Make&& make) {
  work.methods.push_back({std::move(name), kind, std::forward<Make>(make)});
}
/// Adds what the machine can do at best, and says so in the case.
void add_limit(Case& work, Limit& limit, Wire wire);
/// Adds a comparison that only CUDA can give, where it is there.
void add_reference(Case& work, Limit& limit, Wire wire, const char* name);

/// The traditional methods up, in the order of the enumeration.
std::span<const TraditionalUpload> traditional_uploads() noexcept;

}  // namespace pmb::tool::bench
