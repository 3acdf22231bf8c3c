// SPDX-License-Identifier: MIT
#include <pmb/cuda.hpp>
#include <thread>
#include <utility>

#include "base/deadline.hpp"
#include "base/fail.hpp"
#include "context/mapping.hpp"
#include "cuda/graphics_resource.hpp"
#include "cuda/host_registration.hpp"
#include "gl/buffer_calls.hpp"
#include "ring/ring_control.hpp"

namespace pmb {

using detail::ContextState;
using detail::GraphicsResource;
using detail::MappedPlace;
using detail::RingControl;

struct Cuda::Impl {
  std::shared_ptr<ContextState> context;
  std::shared_ptr<cuda::Driver> driver;
  /// A small buffer for order() alone. Null if the GL context is not on this device.
  std::unique_ptr<GraphicsResource> gate;

  void make_gate(std::source_location where) {
    context->set_caller_errors_aside();
    const detail::BufferCalls calls(context->gl);
    GLenum error = GL_NO_ERROR;
    const GLuint buffer = calls.create(error);
    if (buffer == 0) return;
    constexpr std::uint64_t kSize = 64;
    calls.data(buffer, kSize, GL_STATIC_COPY);
    static_cast<void>(context->gl.GetError());  // CUDA then refuses the buffer.
    auto made = GraphicsResource::create(context, driver, buffer, GraphicsResource::Owns::buffer, where);
    if (made) gate = std::move(*made);
  }

  /// The stream's later work waits for GL, and then GL for the stream.
  Result<void> order_on_gpu(void* stream, std::source_location where) const {
    if (gate->mapped) {
      // An earlier unmap() failed.
      if (auto unmapped = gate->unmap(where); !unmapped) return unmapped;
    }
    if (auto mapped = gate->map(stream, where); !mapped) return mapped;
    return gate->unmap(where);
  }

  Result<void> wait_for_gl(std::source_location where) const {
    const detail::GlTable& gl = context->gl;
    // The fence is not the timeline's: a mark would let readbacks arrive whose kernels have not run.
    if (context->registry.needs_barrier()) gl.MemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
    const GLsync fence = gl.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (!fence) {
      if (auto usable = context->check_lost(where); !usable) return usable;
      return fail(ErrorId::fence_is_null, where, {.gl_call = "glFenceSync"});
    }
    const std::uint64_t timeout = detail::Deadline(context->options.timeout).timeout_ns();
    const GLenum answer = gl.ClientWaitSync(fence, GL_SYNC_FLUSH_COMMANDS_BIT, timeout);
    gl.DeleteSync(fence);
    if (auto usable = context->check_lost(where); !usable) return usable;
    if (answer == GL_ALREADY_SIGNALED || answer == GL_CONDITION_SATISFIED) return {};
    if (answer == GL_TIMEOUT_EXPIRED) return fail(ErrorId::wait_timed_out, where, {.numbers = {timeout}});
    return fail(ErrorId::wait_failed, where, {.numbers = {answer}, .gl_call = "glClientWaitSync"});
  }

  Result<void> wait_for_stream(void* stream, std::source_location where) const {
    const detail::Deadline deadline(context->options.timeout);
    for (;;) {
      const auto done = driver->call(driver->calls().cuStreamQuery, "cuStreamQuery", where, stream);
      if (done || done.error().numbers[0] != cuda::kNotReady) return done;
      if (deadline.left().count() <= 0) {
        return fail(ErrorId::wait_timed_out, where, {.numbers = {deadline.timeout_ns()}});
      }
      std::this_thread::yield();
    }
  }

  static Result<std::uint64_t> pointer(const Impl* impl, const Result<MappedPlace>& place,
                                       std::source_location where) {
    if (!impl) return fail(ErrorId::not_mapped, where);
    if (!place) return pass_on(place);
    detail::Mapping& mapping = *place->mapping;
    if (auto usable = impl->context->check_own_thread(where); !usable) return pass_on(usable);
    if (mapping.context != impl->context) return fail(ErrorId::other_context_current, where);
    if (mapping.is_private()) {
      return fail(ErrorId::cuda_memory_is_private, where, {.numbers = {mapping.buffer}});
    }
    if (!mapping.registration) {
      // CUDA pins every page for reading and writing.
      mapping.guard.reset();
      auto made = cuda::HostRegistration::create(impl->driver,
                                                 {mapping.pointer, static_cast<std::size_t>(mapping.size)},
                                                 impl->context->options.timeout, where);
      if (!made) return pass_on(made);
      mapping.registration = std::move(*made);
    }
    // All devices of a process know pinned memory by the same address.
    return static_cast<const cuda::HostRegistration*>(mapping.registration.get())->pointer() + place->offset;
  }
};

Result<Cuda> Cuda::open(Context& context, int device, std::source_location where) {
  return guarded(where, [&]() -> Result<Cuda> {
    auto impl = std::make_unique<Impl>();
    impl->context = ContextState::share(context);
    if (auto current = impl->context->check_current(where); !current) return pass_on(current);
    auto driver = cuda::Driver::open(cuda::Driver::kLibrary, device, where);
    if (!driver) return pass_on(driver);
    impl->driver = std::move(*driver);
    impl->make_gate(where);
    return Cuda(std::move(impl));
  });
}

Cuda::Cuda() noexcept = default;
Cuda::Cuda(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Cuda::Cuda(Cuda&&) noexcept = default;
Cuda& Cuda::operator=(Cuda&&) noexcept = default;
Cuda::~Cuda() = default;

Result<std::uint64_t> Cuda::pointer(const MappedBuffer& buffer, std::source_location where) const {
  return guarded(where, [&]() -> Result<std::uint64_t> {
    if (!buffer.is_mapped()) return fail(ErrorId::not_mapped, where);
    return Impl::pointer(impl_.get(), MappedPlace{.mapping = detail::Mapping::of(buffer)}, where);
  });
}
Result<std::uint64_t> Cuda::pointer(const Slice& slice, std::source_location where) const {
  return guarded(where, [&] {
    auto found = Impl::pointer(impl_.get(), RingControl::mapped_place(slice, where), where);
    if (found) RingControl::share(slice);
    return found;
  });
}
Result<std::uint64_t> Cuda::pointer(const PendingReadback& pending, std::source_location where) const {
  return guarded(
      where, [&] { return Impl::pointer(impl_.get(), RingControl::mapped_place(pending, where), where); });
}
Result<std::uint64_t> Cuda::pointer(const Block& block, std::source_location where) const {
  return guarded(where,
                 [&] { return Impl::pointer(impl_.get(), detail::mapped_place(block, where), where); });
}
Result<std::uint64_t> Cuda::pointer(const Frame& frame, std::source_location where) const {
  if (!frame.released_) return fail(ErrorId::stale_slice, where);
  return pointer(frame.block_, where);
}

Result<void> Cuda::order(void* stream, std::source_location where) const {
  if (!impl_) return fail(ErrorId::not_mapped, where);
  if (auto current = impl_->context->check_current(where); !current) return current;
  if (impl_->gate) return impl_->order_on_gpu(stream, where);
  if (auto waited = impl_->wait_for_gl(where); !waited) return waited;
  return impl_->wait_for_stream(stream, where);
}

bool Cuda::orders_on_gpu() const noexcept {
  return impl_ && impl_->gate;
}
int Cuda::device() const noexcept {
  return impl_ ? impl_->driver->device() : -1;
}

Result<CudaBuffer> CudaBuffer::create(const Cuda& cuda, std::uint32_t buffer, std::source_location where) {
  return guarded(where, [&]() -> Result<CudaBuffer> {
    if (!cuda.impl_) return fail(ErrorId::not_mapped, where);
    const std::shared_ptr<ContextState>& context = cuda.impl_->context;
    if (auto current = context->check_current(where); !current) return pass_on(current);
    if (!context->gl.IsBuffer(buffer)) {
      if (auto usable = context->check_lost(where); !usable) return pass_on(usable);
      return fail(ErrorId::not_a_buffer, where, {.numbers = {buffer}});
    }
    if (detail::BufferCalls(context->gl).parameter(buffer, GL_BUFFER_MAPPED) != 0) {
      return context->misuse(
          {.id = ErrorId::cuda_buffer_is_mapped, .buffer = buffer, .noticed_at = where, .numbers = {buffer}});
    }
    auto made =
        GraphicsResource::create(context, cuda.impl_->driver, buffer, GraphicsResource::Owns::nothing, where);
    if (!made) return pass_on(made);
    CudaBuffer registered;
    registered.resource_ = std::move(*made);
    return registered;
  });
}

CudaBuffer::CudaBuffer() noexcept = default;
CudaBuffer::CudaBuffer(CudaBuffer&&) noexcept = default;
CudaBuffer& CudaBuffer::operator=(CudaBuffer&&) noexcept = default;
CudaBuffer::~CudaBuffer() = default;

Result<std::uint64_t> CudaBuffer::map(void* stream, std::source_location where) {
  if (!resource_) return fail(ErrorId::not_mapped, where);
  if (auto mapped = resource_->map(stream, where); !mapped) return pass_on(mapped);
  return resource_->pointer(where);
}

Result<void> CudaBuffer::unmap(std::source_location where) {
  if (!resource_) return fail(ErrorId::not_mapped, where);
  return resource_->unmap(where);
}

std::uint64_t CudaBuffer::size_bytes() const noexcept {
  return resource_ ? resource_->size : 0;
}

}  // namespace pmb
