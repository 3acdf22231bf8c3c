// SPDX-License-Identifier: MIT
// The methods of downloads: bytes in VRAM, bytes that a shader writes, and streams that go up, through a shader, and down
// again.
#pragma once

#include <functional>
#include <memory>

#include "bench/methods/method.hpp"
#include "bench/methods/reader.hpp"
#include "bench/methods/uploader.hpp"
#include "bench/shader.hpp"
#include "bench/source.hpp"

namespace pmb::tool::bench {

/// Downloads bytes from VRAM, `operations` in a row, until the CPU may read each. Every method reads from a separate
/// buffer, because glGetBufferSubData makes some drivers move its source.
Outcome<std::unique_ptr<Method>> make_download_method(BenchContext& bench, SharedSource source,
                                                      std::uint32_t operations, const ReadShape& shape,
                                                      std::unique_ptr<Reader> reader);

/// The same for bytes that a shader writes.
Outcome<std::unique_ptr<Method>> make_produced_method(BenchContext& bench, std::uint32_t operations,
                                                      const ReadShape& shape, std::unique_ptr<Reader> reader);

/// The GPU's work between the two directions.
struct FlowKernel {
  std::function<void(BufferOffset input, BufferOffset output)> run;
  std::function<void(std::span<const std::byte> input, std::span<std::byte> output)> expected;
};

struct FlowShape {
  std::uint64_t output_bytes = 0;
  std::uint32_t frames = 1;  ///< In a run.
  std::uint32_t depth = 1;   ///< In flight at once.
};

/// Input up, kernel, output down, `frames` times, `depth` of them in flight. The producer writes the input to the memory
/// that the method uses; the CPU reads the output where the method leaves it.
std::unique_ptr<Method> make_flow_method(SharedSource source, const FlowShape& shape, FlowKernel kernel,
                                         std::unique_ptr<Uploader> uploader, std::unique_ptr<Reader> reader);

}  // namespace pmb::tool::bench
