// SPDX-License-Identifier: MIT
// What the machine can do at best, measured in the same run: the wire by CUDA's driver where there is one,
// else a memory copy by several threads.
//
// Threads: the GL context's thread; the memory copy has threads of its own, which sleep between copies.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "bench/methods/method.hpp"

namespace pmb::tool::bench {

/// What is moved how.
enum class Wire : std::uint8_t {
  up,             ///< A copy from pinned memory to the GPU.
  down,           ///< And back.
  both,           ///< Both at once.
  pageable_up,    ///< CUDA's own copy from ordinary memory.
  pageable_down,  ///< And back.
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
  /// What `make` would measure, as a phrase; nothing where this machine cannot.
  virtual std::optional<std::string> describe(Wire wire) const = 0;
  virtual Outcome<std::unique_ptr<Method>> make(const WireShape& shape) = 0;
  /// Who moves the bytes: "CUDA 13.0, NVIDIA H200", "memory copy, 4 threads".
  virtual std::string name() const = 0;
};

/// By CUDA on the device of that number, of libcuda.so.1 or whichever `library` names. Nothing where library,
/// device or memory are missing; `why` then tells.
std::unique_ptr<Limit> open_cuda_limit(int device, std::string& why, const char* library = "libcuda.so.1");

/// By `threads` threads that copy; 0: as many as the process may use, at most 16.
std::unique_ptr<Limit> open_memory_limit(unsigned threads = 0);

}  // namespace pmb::tool::bench
