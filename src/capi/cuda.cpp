// SPDX-License-Identifier: MIT
#include <pmb/cuda.hpp>

#include "capi/border.hpp"

namespace pmb::capi {

template <>
struct ObjectOf<pmb_cuda> : std::type_identity<Cuda> {};
template <>
struct ObjectOf<pmb_cuda_buffer> : std::type_identity<CudaBuffer> {};

namespace {

/// As answer(), for a body that returns a device pointer.
template <class Body>
pmb_status answer_pointer(std::uint64_t* pointer, Body&& body,
                          std::source_location where = std::source_location::current()) noexcept {
  return answer(
      [&](auto) -> Result<void> {
        not_null(pointer);
        const Result<std::uint64_t> found = body(where);
        if (!found) return tl::unexpected(found.error());
        *pointer = *found;
        return {};
      },
      where);
}

}  // namespace
}  // namespace pmb::capi

using namespace pmb::capi;

pmb_status pmb_cuda_open(pmb_context* context, int32_t device, pmb_cuda** cuda) {
  return answer(cuda, [&](auto where) { return pmb::Cuda::open(object(context), device, where); });
}

void pmb_cuda_destroy(pmb_cuda** cuda) {
  destroy(cuda);
}

pmb_status pmb_cuda_pointer_of_buffer(const pmb_cuda* cuda, const pmb_mapped_buffer* buffer,
                                      uint64_t* pointer) {
  return answer_pointer(pointer, [&](auto where) { return object(cuda).pointer(object(buffer), where); });
}

pmb_status pmb_cuda_pointer_of_slice(const pmb_cuda* cuda, pmb_slice slice, uint64_t* pointer) {
  return answer_pointer(pointer, [&](auto where) { return object(cuda).pointer(from_c(slice), where); });
}

pmb_status pmb_cuda_pointer_of_readback(const pmb_cuda* cuda, pmb_pending_readback pending,
                                        uint64_t* pointer) {
  return answer_pointer(pointer, [&](auto where) { return object(cuda).pointer(from_c(pending), where); });
}

pmb_status pmb_cuda_pointer_of_block(const pmb_cuda* cuda, pmb_block block, uint64_t* pointer) {
  return answer_pointer(pointer, [&](auto where) { return object(cuda).pointer(from_c(block), where); });
}

pmb_status pmb_cuda_pointer_of_frame(const pmb_cuda* cuda, const pmb_frame* frame, uint64_t* pointer) {
  return answer_pointer(pointer, [&](auto where) { return object(cuda).pointer(object(frame), where); });
}

pmb_status pmb_cuda_order(const pmb_cuda* cuda, void* stream) {
  return answer([&](auto where) { return object(cuda).order(stream, where); });
}

bool pmb_cuda_orders_on_gpu(const pmb_cuda* cuda) {
  return answer_or(cuda, false, [](const auto& owner) { return owner.orders_on_gpu(); });
}

pmb_status pmb_cuda_buffer_create(const pmb_cuda* cuda, uint32_t buffer, pmb_cuda_buffer** cuda_buffer) {
  return answer(cuda_buffer,
                [&](auto where) { return pmb::CudaBuffer::create(object(cuda), buffer, where); });
}

void pmb_cuda_buffer_destroy(pmb_cuda_buffer** buffer) {
  destroy(buffer);
}

pmb_status pmb_cuda_buffer_map(pmb_cuda_buffer* buffer, void* stream, uint64_t* pointer) {
  return answer_pointer(pointer, [&](auto where) { return object(buffer).map(stream, where); });
}

pmb_status pmb_cuda_buffer_unmap(pmb_cuda_buffer* buffer) {
  return answer([&](auto where) { return object(buffer).unmap(where); });
}

int64_t pmb_cuda_buffer_size_bytes(const pmb_cuda_buffer* buffer) {
  return answer_or(buffer, int64_t{0}, [](const auto& owner) { return to_c(owner.size_bytes()); });
}
