// SPDX-License-Identifier: MIT
// The work of the scenarios whose results come down: bytes that lie in GPU memory, bytes that a shader writes,
// and streams that go up, through a shader, and down again.
#pragma once

#include <functional>
#include <memory>

#include "bench/methods/method.hpp"
#include "bench/methods/reader.hpp"
#include "bench/methods/uploader.hpp"
#include "bench/shader.hpp"
#include "bench/source.hpp"

namespace pmb::tool::bench {

/// Bytes that lie in memory of the GPU's own, `operations` times in a row, until the CPU has looked at where
/// each arrived. Each method has a buffer of its own to read from: glGetBufferSubData makes some drivers move what
/// it reads.
Outcome<std::unique_ptr<Method>> make_download_method(BenchContext& bench, SharedSource source,
                                                      std::uint32_t operations, const ReadShape& shape,
                                                      std::unique_ptr<Reader> reader);

/// Bytes that a shader writes, in the same manner.
Outcome<std::unique_ptr<Method>> make_produced_method(BenchContext& bench, std::uint32_t operations,
                                                      const ReadShape& shape, std::unique_ptr<Reader> reader);

/// What the GPU does between the two directions.
struct FlowKernel {
  std::function<void(BufferOffset input, BufferOffset output)> run;
  std::function<void(std::span<const std::byte> input, std::span<std::byte> output)> expected;
};

struct FlowShape {
  std::uint64_t output_bytes = 0;
  std::uint32_t frames = 1;  ///< In a run.
  std::uint32_t depth = 1;   ///< Under way at once.
};

/// Input up, kernel, output down, `frames` times, `depth` of them at once. The input was produced where the method
/// wants it; the output is looked at where the method leaves it.
std::unique_ptr<Method> make_flow_method(SharedSource source, const FlowShape& shape, FlowKernel kernel,
                                         std::unique_ptr<Uploader> uploader, std::unique_ptr<Reader> reader);

}  // namespace pmb::tool::bench
