// SPDX-License-Identifier: MIT
// Memory of the program as a GL buffer, through GL_AMD_pinned_memory.
#include <pmb/context.hpp>
#include <pmb/mapped_buffer.hpp>

#include "base/fail.hpp"
#include "base/platform.hpp"
#include "context/mapping.hpp"
#include "gl/buffer_calls.hpp"

namespace pmb {

using detail::ContextState;
using detail::Mapping;

namespace {

/// Ok if GL could use the memory in place, and pmb does not use it yet.
Result<void> check_memory(const ContextState& state, std::span<const std::byte> memory,
                          std::source_location where) {
  if (memory.empty()) return fail(ErrorId::zero_size, where);
  if (!state.gl.has("GL_AMD_pinned_memory")) return fail(ErrorId::pinned_memory_missing, where);
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::uint64_t page = detail::page_bytes();
  if (address % page != 0 || memory.size() % page != 0) {
    return fail(ErrorId::memory_not_whole_pages, where, {.numbers = {address, memory.size(), page}});
  }
  if (const auto owner = state.registry.owner_of(memory.data(), memory.size())) {
    return fail(ErrorId::already_adopted, where, {.numbers = {*owner}});
  }
  return {};
}

/// A buffer whose storage is the memory.
Result<std::uint32_t> pin(ContextState& state, std::span<std::byte> memory, std::source_location where) {
  state.set_caller_errors_aside();
  const detail::BufferCalls calls(state.gl);
  GLenum error = GL_NO_ERROR;
  const GLuint name = calls.create(error);
  if (name != 0) {
    calls.pin(name, memory.data(), memory.size());
    error = state.gl.GetError();
  }
  // A driver that ignores the target would leave the buffer without storage.
  const bool pinned =
      error == GL_NO_ERROR && calls.parameter(name, GL_BUFFER_SIZE) == calls.reported(memory.size());
  if (auto usable = state.check_lost(where); !usable) return pass_on(usable);
  if (pinned) return name;
  if (name != 0) state.gl.DeleteBuffers(1, &name);
  const ErrorId id = error == GL_OUT_OF_MEMORY ? ErrorId::storage_failed : ErrorId::memory_not_pinned;
  return fail(id, where, {.numbers = {memory.size()}, .gl_call = "glBufferData", .gl_error = error});
}

}  // namespace

Result<MappedBuffer> MappedBuffer::adopt_memory(Context& context, std::span<std::byte> memory, Access access,
                                                std::string_view label, std::source_location where) {
  return guarded(where, [&]() -> Result<MappedBuffer> {
    const std::shared_ptr<ContextState> state = ContextState::share(context);
    if (auto current = state->check_current(where); !current) return pass_on(current);
    if (auto usable = check_memory(*state, memory, where); !usable) return pass_on(usable);
    // Everything that may throw comes before the calls that make the buffer.
    const Plan plan = {.access = access,
                       .size_bytes = memory.size(),
                       .reasons = {"memory: the program's own, pinned through GL_AMD_pinned_memory"}};
    auto mapping = std::make_unique<Mapping>(state, label, plan, where);
    mapping->origin = detail::Origin::adopted_memory;
    mapping->pointer = memory.data();
    state->registry.add(*mapping);
    const auto name = pin(*state, memory, where);
    if (!name) {
      state->registry.remove(*mapping);
      return pass_on(name);
    }
    mapping->buffer = *name;
    detail::set_label(*state, *name, mapping->label);
    return Mapping::wrap(std::move(mapping));
  });
}

}  // namespace pmb
