// SPDX-License-Identifier: MIT
// What a user can ask of `pmb stream`.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/failure.hpp"
#include "common/gpu_options.hpp"
#include "frame_layout.hpp"

namespace pmb::tool {

struct StreamOptions {
  std::string kernel;
  std::string input = "-";
  std::string output = "-";
  std::uint64_t block_bytes = 0;
  std::uint64_t out_block_bytes = 0;
  std::string size;
  std::string pixel;
  std::string path = "auto";
  std::uint32_t in_flight = 3;
  std::uint32_t gpu_reads = 0;  ///< 0: what the built-in is known for, else 1.
  std::vector<std::string> uniforms;
  std::string matrix;
  float divisor = 1;
  float bias = 0;
  bool check = false;
  bool verify = false;
  bool clear_output = false;
  bool quiet = false;
  bool list = false;
  std::string print_kernel;
  std::string json;
  GpuOptions gpu;
};

/// `options` must live as long as `app` parses.
void add_stream_options(CLI::App& app, StreamOptions& options);

/// What `--block`, or `--size` with `--pixel`, say; nothing for video, whose header says it. Failures:
/// kUsage, kLimit.
Outcome<std::optional<FrameLayout>> given_layout(const StreamOptions& options);

}  // namespace pmb::tool
