// SPDX-License-Identifier: MIT
#include "cuda/graphics_resource.hpp"

#include <utility>

#include "base/fail.hpp"
#include "gl/buffer_calls.hpp"

namespace pmb::detail {

Result<std::unique_ptr<GraphicsResource>> GraphicsResource::create(std::shared_ptr<ContextState> context,
                                                                   std::shared_ptr<cuda::Driver> driver,
                                                                   std::uint32_t buffer, Owns owns,
                                                                   std::source_location where) {
  std::unique_ptr<GraphicsResource> made(new GraphicsResource);
  made->context = std::move(context);
  made->driver = std::move(driver);
  made->buffer = buffer;
  made->owns = owns;
  made->context->registry.add(*made);
  constexpr unsigned kReadAndWrite = 0;
  const cuda::Driver& calls = *made->driver;
  auto registered = calls.call(calls.calls().cuGraphicsGLRegisterBuffer, "cuGraphicsGLRegisterBuffer", where,
                               &made->resource, buffer, kReadAndWrite);
  if (!registered) {
    made->resource = nullptr;
    return pass_on(registered);
  }
  made->size = BufferCalls(made->context->gl).parameter(buffer, GL_BUFFER_SIZE);
  return made;
}

GraphicsResource::~GraphicsResource() {
  context->registry.remove(*this);
  make_inert();
}

void GraphicsResource::make_inert() noexcept {
  // Without its GL context, both end with that context.
  if (context->is_current()) {
    constexpr auto kHere = std::source_location::current();
    const cuda::Functions& calls = driver->calls();
    // CUDA does not unregister a mapped resource.
    if (mapped) static_cast<void>(end_mapping(kHere));
    if (resource) {
      static_cast<void>(
          driver->call(calls.cuGraphicsUnregisterResource, "cuGraphicsUnregisterResource", kHere, resource));
    }
    if (owns == Owns::buffer && buffer != 0) context->gl.DeleteBuffers(1, &buffer);
  }
  resource = nullptr;
  mapped = false;
  buffer = 0;
}

Result<void> GraphicsResource::check_usable(std::source_location where) const noexcept {
  if (auto current = context->check_current(where); !current) return current;
  if (!resource) return fail(ErrorId::not_mapped, where);
  return {};
}

Result<void> GraphicsResource::map(void* on_stream, std::source_location where) {
  if (auto usable = check_usable(where); !usable) return usable;
  // Writes of GL into mappings that are not coherent become visible to their readers outside GL.
  if (context->registry.needs_barrier()) context->gl.MemoryBarrier(GL_CLIENT_MAPPED_BUFFER_BARRIER_BIT);
  const cuda::Functions& calls = driver->calls();
  auto done =
      driver->call(calls.cuGraphicsMapResources, "cuGraphicsMapResources", where, 1U, &resource, on_stream);
  if (!done) return done;
  stream = on_stream;
  mapped = true;
  return {};
}

Result<void> GraphicsResource::unmap(std::source_location where) {
  if (auto usable = check_usable(where); !usable) return usable;
  return end_mapping(where);
}

Result<void> GraphicsResource::end_mapping(std::source_location where) {
  const cuda::Functions& calls = driver->calls();
  auto done =
      driver->call(calls.cuGraphicsUnmapResources, "cuGraphicsUnmapResources", where, 1U, &resource, stream);
  if (done) mapped = false;
  return done;
}

Result<std::uint64_t> GraphicsResource::pointer(std::source_location where) const {
  cuda::DevicePointer found = 0;
  std::size_t bytes = 0;
  const cuda::Functions& calls = driver->calls();
  auto done = driver->call(calls.cuGraphicsResourceGetMappedPointer_v2, "cuGraphicsResourceGetMappedPointer",
                           where, &found, &bytes, resource);
  if (!done) return pass_on(done);
  return std::uint64_t{found};
}

}  // namespace pmb::detail
