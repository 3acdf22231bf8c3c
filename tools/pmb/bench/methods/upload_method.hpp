// SPDX-License-Identifier: MIT
// The methods of uploads: bytes for VRAM, bytes that the GPU reads once, and small updates.
#pragma once

#include <memory>

#include "bench/methods/method.hpp"
#include "bench/methods/uploader.hpp"
#include "bench/shader.hpp"
#include "bench/source.hpp"

namespace pmb::tool::bench {

/// From system memory to a buffer, `operations` in a row, until the GPU has the bytes.
std::unique_ptr<Method> make_kept_method(BenchContext& bench, SharedSource source, std::uint32_t operations,
                                         std::unique_ptr<Uploader> uploader);

/// From the producer's memory until a shader has read each byte once.
Outcome<std::unique_ptr<Method>> make_consumed_method(BenchContext& bench, SharedSource source,
                                                      std::unique_ptr<Uploader> uploader);

struct UpdateShape {
  std::uint64_t update_bytes = 256;
  std::uint32_t updates = 1;  ///< In a frame.
  std::uint32_t frames = 1;   ///< In a run.
  bool dispatched = false;    ///< One dispatch reads each update; else updates are only bound.
};

/// For the Source of updates: fills `bytes` with updates whose first word is their number in the frame.
void fill_updates(std::uint64_t seed, std::uint64_t update_bytes, std::span<std::byte> bytes);

Outcome<std::unique_ptr<Method>> make_update_method(BenchContext& bench, SharedSource source,
                                                    const UpdateShape& shape,
                                                    std::unique_ptr<Uploader> uploader);
/// The same dispatches without updates: the floor.
Outcome<std::unique_ptr<Method>> make_dispatch_method(BenchContext& bench, SharedSource source,
                                                      const UpdateShape& shape);

}  // namespace pmb::tool::bench
