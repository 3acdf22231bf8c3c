// SPDX-License-Identifier: MIT
// One memory for the CPU, OpenGL and CUDA: mapped memory as CUDA device pointers, and the order of their work. Library
// target pmb::cuda, which opens NVIDIA's driver library at run time. Building it needs no CUDA.
//
//   auto cuda = pmb::Cuda::open(context, headless.gpu().cuda_device.value_or(0));
//   auto slice = ring.acquire(bytes);
//   decode_into(slice->raw_bytes());
//   ring.publish(*slice, bytes);
//   launch(kernel, *cuda->pointer(*slice), stream);  // reads the slice in place
//   cuda->order(stream);                             // the next mark() is after the kernel
//   ring.retire(*context.timeline().mark());         // reusable once both the kernel and GL have passed
//
// Units:   bytes. A device pointer is a CUdeviceptr, a stream a CUstream or cudaStream_t.
// Threads: the context's.
// Memory:  pinned once for the life of each mapping. Destroying a mapping that CUDA knows first waits until CUDA's work on
//          that device is done.
// Errors:  unsupported, refused, gl_error (a CUDA call failed), timed_out, stale_handle, context_lost, wrong_context.
// GL:      order() and CudaBuffer need the context current. CUDA's current context stays as it is.
#pragma once

#include <cstdint>
#include <memory>
#include <pmb/block_pool.hpp>
#include <pmb/context.hpp>
#include <pmb/detail/api.hpp>
#include <pmb/frame_grabber.hpp>
#include <pmb/mapped_buffer.hpp>
#include <pmb/readback_ring.hpp>
#include <pmb/result.hpp>
#include <pmb/upload_ring.hpp>
#include <source_location>

namespace pmb {

class CudaBuffer;
namespace detail {
struct GraphicsResource;
}

/// A CUDA device beside a pmb context. Move-only. It may be destroyed before or after the objects that it has pointers of:
/// pointers stay valid as long as their mapping.
class PMB_API Cuda {
 public:
  /// Opens the primary context of a device, which CUDA's runtime, CuPy and PyTorch use. HeadlessContext::gpu() names the
  /// device of a GL context. Another device works, too, but then order() blocks. Statuses: unsupported (no driver
  /// library, no such device), wrong_context.
  [[nodiscard]] static Result<Cuda> open(Context& context, int device = 0,
                                         std::source_location where = std::source_location::current());

  Cuda() noexcept;
  Cuda(Cuda&&) noexcept;
  Cuda& operator=(Cuda&&) noexcept;
  ~Cuda();

  /// The device pointer of memory that is mapped; of a slice, a readback, a block or a frame while it is live. CUDA works on
  /// the same bytes as the CPU and GL, as the CPU would: under explicit flush its writes need flush() or publish() after
  /// them. Validation then reports no written_after_publish for that slice: a kernel may have written it.
  /// The first pointer of a mapping pins it, which takes milliseconds; call this with ring.mapped_buffer() at start.
  /// Statuses: stale_handle, unsupported (a path without mapping), gl_error, context_lost, wrong_context (another pmb context
  /// or thread).
  [[nodiscard]] Result<std::uint64_t> pointer(
      const MappedBuffer& buffer, std::source_location where = std::source_location::current()) const;
  [[nodiscard]] Result<std::uint64_t> pointer(
      const Slice& slice, std::source_location where = std::source_location::current()) const;
  [[nodiscard]] Result<std::uint64_t> pointer(
      const PendingReadback& pending, std::source_location where = std::source_location::current()) const;
  [[nodiscard]] Result<std::uint64_t> pointer(
      const Block& block, std::source_location where = std::source_location::current()) const;
  [[nodiscard]] Result<std::uint64_t> pointer(
      const Frame& frame, std::source_location where = std::source_location::current()) const;

  /// Orders a stream and the GL context, in both directions: what the stream gets from now on is after all GL commands
  /// issued so far, and GL commands issued from now on are after all that the stream has got so far. Call it between a GL
  /// command and a kernel that use the same bytes. A ticket marked afterwards passes after the kernels too, so that it
  /// retires slices and lets readbacks arrive that kernels used. Does not block where orders_on_gpu(), at about 20 µs on an
  /// H200; elsewhere it waits for GL and then for the stream, each at most for the context's timeout. Statuses: gl_error,
  /// timed_out, fence_failed, wait_failed, context_lost, stale_handle, wrong_context.
  [[nodiscard]] Result<void> order(void* stream,
                                   std::source_location where = std::source_location::current()) const;

  /// True if the GL context is on this CUDA device, so that order() is a wait of one GPU queue for another.
  bool orders_on_gpu() const noexcept;
  /// CUDA's number of the device; -1 for a moved-from object.
  int device() const noexcept;

 private:
  friend class CudaBuffer;
  struct Impl;
  explicit Cuda(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

/// A buffer of the program in VRAM that CUDA maps for a time. Move-only. The GL buffer must outlive it.
class PMB_API CudaBuffer {
 public:
  /// Registers a buffer that is not mapped by GL. It must not be mapped by GL later either. Statuses: refused (mapped),
  /// invalid_argument (no such buffer), gl_error (the GL context is not on this device), stale_handle,
  /// context_lost, wrong_context.
  [[nodiscard]] static Result<CudaBuffer> create(
      const Cuda& cuda, std::uint32_t buffer, std::source_location where = std::source_location::current());

  CudaBuffer() noexcept;
  CudaBuffer(CudaBuffer&&) noexcept;
  CudaBuffer& operator=(CudaBuffer&&) noexcept;
  /// Unmaps it first if need be. Call it while the context is current.
  ~CudaBuffer();

  /// Returns the device pointer. What the stream gets from now on is after all GL commands issued so far. GL must not use
  /// the buffer until unmap(). The pointer may change from one map() to the next. Never blocks. Statuses: gl_error (mapped
  /// already), stale_handle, context_lost, wrong_context.
  [[nodiscard]] Result<std::uint64_t> map(void* stream,
                                          std::source_location where = std::source_location::current());
  /// GL commands issued from now on are after all that the stream of map() has got so far. Never blocks. Statuses: as map().
  [[nodiscard]] Result<void> unmap(std::source_location where = std::source_location::current());

  std::uint64_t size_bytes() const noexcept;

 private:
  std::unique_ptr<detail::GraphicsResource> resource_;
};

}  // namespace pmb
