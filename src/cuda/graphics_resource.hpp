// SPDX-License-Identifier: MIT
// A GL buffer that is registered with CUDA (cuGraphicsGLRegisterBuffer), and the order that mapping it makes.
//
// CUDA's driver API promises for mapping that GL calls issued before complete before later work of the stream begins, and
// for unmapping that earlier work of the stream completes before GL work issued later begins. Neither call waits: on an
// H200 (driver 580.159) a stream waited 2.4 s for GL copies, and a GL fence 0.3 s for a kernel, while both calls returned
// after 10 to 70 µs. Mapping on one stream and unmapping on another, some hundred times, hung that driver.
//
// Threads: the context's.
#pragma once

#include <cstdint>
#include <memory>
#include <pmb/result.hpp>

#include "context/context_state.hpp"
#include "cuda/cuda_driver.hpp"

namespace pmb::detail {

struct GraphicsResource final : ContextChild {
  enum class Owns : std::uint8_t { nothing, buffer };

  /// Registers a buffer that is not mapped. An owned one is deleted on failure too. Statuses: gl_error.
  static Result<std::unique_ptr<GraphicsResource>> create(std::shared_ptr<ContextState> context,
                                                          std::shared_ptr<cuda::Driver> driver,
                                                          std::uint32_t buffer, Owns owns,
                                                          std::source_location where);
  GraphicsResource(const GraphicsResource&) = delete;
  GraphicsResource& operator=(const GraphicsResource&) = delete;
  ~GraphicsResource();
  void make_inert() noexcept override;

  Result<void> map(void* stream, std::source_location where);
  Result<void> unmap(std::source_location where);
  /// The device pointer while it is mapped.
  Result<std::uint64_t> pointer(std::source_location where) const;

  std::shared_ptr<ContextState> context;
  std::shared_ptr<cuda::Driver> driver;
  cuda::Handle resource = nullptr;
  cuda::Handle stream = nullptr;  ///< Of the last map().
  std::uint64_t size = 0;
  std::uint32_t buffer = 0;
  Owns owns = Owns::nothing;
  bool mapped = false;

 private:
  GraphicsResource() = default;
  /// Ok if GL may be called and the registration has not ended.
  Result<void> check_usable(std::source_location where) const noexcept;
  /// As unmap(), on a lost context too: CUDA lives on.
  Result<void> end_mapping(std::source_location where);
};

}  // namespace pmb::detail
