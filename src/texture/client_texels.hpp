// SPDX-License-Identifier: MIT
// Texels that GL copies between its images and the caller's memory itself, with no pixel buffer in between.
#pragma once

#include <cstddef>
#include <cstdint>

#include "context/context_state.hpp"
#include "texture/image_shape.hpp"

namespace pmb::detail {

/// A ring would only copy them once more: its memory is the process's, as on software renderers, or GL fills it by a call
/// that copies. What a program forces (Options::path) is a ring; but traditional is just this.
inline bool prefers_client_memory(const ContextState& context) noexcept {
  if (context.options.path) return *context.options.path == Path::traditional;
  return context.gl.quirk(QuirkId::software_direct) || !context.gl.limits.buffer_storage;
}

/// GL can be told of the shape as it lies in this memory: rows by pixel-store state, elements where their type may lie.
/// Other shapes travel through a ring, which packs them.
bool suits_client_memory(const ImageShape& shape, bool has_images, const std::byte* memory) noexcept;

/// Where GL finds memory while no pixel buffer is bound.
inline std::uint64_t address_of(const std::byte* memory) noexcept {
  return reinterpret_cast<std::uintptr_t>(memory);
}

}  // namespace pmb::detail
