// SPDX-License-Identifier: MIT
// The best rate of this machine, measured in the same run: the wire through CUDA's driver if there is one, else a
// memory copy by several threads.
//
// Threads: the GL context's; the memory copy uses a pool, which sleeps between copies.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "bench/methods/method.hpp"

namespace pmb::tool::bench {

/// The direction and the engine of a transfer.
enum class Wire : std::uint8_t {
  up,             ///< A copy from pinned memory to the GPU.
  down,           ///< The reverse.
  both,           ///< Both at once.
  pageable_up,    ///< CUDA's copy from pageable memory.
  pageable_down,  ///< The reverse.
  kernel_read,    ///< A kernel that reads pinned memory in place.
  kernel_write,   ///< A kernel that writes it in place.
  kernel_both,    ///< A kernel that copies from pinned memory to pinned memory.
};

struct WireShape {
  Wire wire = Wire::up;
  std::uint64_t size_bytes = 0;
  std::uint32_t operations = 1;
};

class Limit {
 public:
  virtual ~Limit() = default;
  /// A phrase for what `make` measures; empty if this machine cannot.
  virtual std::optional<std::string> describe(Wire wire) const = 0;
  virtual Outcome<std::unique_ptr<Method>> make(const WireShape& shape) = 0;
  /// The engine that moves the bytes: "CUDA 13.0, NVIDIA H200", "memory copy, 4 threads".
  virtual std::string name() const = 0;
};

/// CUDA on the device of that number, from libcuda.so.1 or `library`. Null if library, device or memory are missing;
/// `why` then holds the reason.
std::unique_ptr<Limit> open_cuda_limit(int device, std::string& why, const char* library = "libcuda.so.1");

/// A memory copy by `threads` threads; 0: as many as the process may use, at most 16.
std::unique_ptr<Limit> open_memory_limit(unsigned threads = 0);

}  // namespace pmb::tool::bench
