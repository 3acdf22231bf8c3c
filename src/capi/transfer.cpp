// SPDX-License-Identifier: MIT
#include <pmb/transfer.hpp>

#include "capi/border.hpp"

namespace pmb::capi {
namespace {

// A target's first member is the GL name, and the next four bytes are not all 0 after a query. Thus the words of a
// target without a query are 0, as pmb.h promises.
static_assert(std::is_standard_layout_v<BufferTarget> && std::is_trivially_copyable_v<BufferTarget>);
static_assert(sizeof(BufferTarget) <= sizeof(pmb_buffer_target));

BufferUse use_of(pmb_buffer_use use) {
  switch (use) {
    case PMB_BUFFER_USE_ANY:
    case PMB_BUFFER_USE_NO_SHADER_WRITES:
    case PMB_BUFFER_USE_UPLOAD_ONLY:
    case PMB_BUFFER_USE_UPLOAD_ONLY_NO_SHADER_WRITES:
    case PMB_BUFFER_USE_VERTICES_AND_UNIFORMS:
    case PMB_BUFFER_USE_DOWNLOAD_ONLY:
    case PMB_BUFFER_USE_DOWNLOAD_ONLY_NO_SHADER_WRITES:
      return static_cast<BufferUse>(use);
    default:
      throw Misuse{ErrorId::unknown_constant, {static_cast<std::uint32_t>(use)}};
  }
}

}  // namespace

pmb_buffer_target to_c(const BufferTarget& target) noexcept {
  pmb_buffer_target words = {};
  std::memcpy(&words, &target, sizeof target);
  return words;
}

BufferTarget from_c(pmb_buffer_target target) noexcept {
  BufferTarget copy(target.buffer);
  if (target.opaque != 0) std::memcpy(static_cast<void*>(&copy), &target, sizeof copy);
  return copy;
}

}  // namespace pmb::capi

using namespace pmb::capi;

pmb_status pmb_buffer_target_query(pmb_context* context, uint32_t buffer, pmb_buffer_use use,
                                   pmb_buffer_target* target) {
  return answer(target, [&](auto where) {
    return pmb::BufferTarget::query(object(context), buffer, use_of(use), where);
  });
}

int64_t pmb_buffer_target_size_bytes(pmb_buffer_target target) {
  return to_c(from_c(target).size_bytes());
}

pmb_status pmb_upload(pmb_context* context, pmb_buffer_target buffer, int64_t offset_bytes, const void* bytes,
                      int64_t size_bytes) {
  return answer([&](auto where) {
    return pmb::upload(object(context), from_c(buffer), number(offset_bytes), bytes_of(bytes, size_bytes),
                       where);
  });
}

pmb_status pmb_download(pmb_context* context, pmb_buffer_target buffer, int64_t offset_bytes, void* bytes,
                        int64_t size_bytes) {
  return answer([&](auto where) {
    return pmb::download(object(context), from_c(buffer), number(offset_bytes), bytes_of(bytes, size_bytes),
                         where);
  });
}

pmb_status pmb_download_async(pmb_context* context, pmb_buffer_target buffer, int64_t offset_bytes,
                              int64_t size_bytes, pmb_pending_readback* pending) {
  return answer(pending, [&](auto where) {
    return pmb::download_async(object(context), from_c(buffer), number(offset_bytes), number(size_bytes),
                               where);
  });
}
