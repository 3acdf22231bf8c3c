// SPDX-License-Identifier: MIT
// Creates the memory of mapped buffers, rings and pools: mapped storage, or a plain buffer beside system memory.
#include <algorithm>
#include <atomic>
#include <pmb/context.hpp>

#include "base/fail.hpp"
#include "base/machine_memory.hpp"
#include "context/mapping.hpp"
#include "gl/buffer_calls.hpp"
#include "plan/plan_rules.hpp"

namespace pmb::detail {
namespace {

/// Bytes reserved of the memory limit, given back unless they are released.
struct GiveBack {
  std::uint64_t bytes = 0;
  void operator()(std::atomic<std::uint64_t>* mapped) const noexcept { *mapped -= bytes; }
};
using Reservation = std::unique_ptr<std::atomic<std::uint64_t>, GiveBack>;

/// Reserves bytes before GL is asked: drivers grant sizes that the machine cannot back. Null beyond the limit. `before`
/// becomes the bytes that others have.
Reservation reserve(std::uint64_t bytes, std::uint64_t limit, std::uint64_t& before) noexcept {
  auto& mapped = process_mapped_bytes();
  before = mapped.load();
  while (before <= limit && bytes <= limit - before) {
    if (mapped.compare_exchange_weak(before, before + bytes)) return {&mapped, {bytes}};
  }
  return {};
}

GLenum usage_of(Access access) noexcept {
  if (access == Access::bidirectional) return GL_DYNAMIC_COPY;
  return access == Access::read ? GL_STREAM_READ : GL_STREAM_DRAW;
}

/// Storage under a new name, or 0 with `error` set. After GL_OUT_OF_MEMORY the name is unusable (on Mesa it stays
/// immutable with size 0) and is deleted.
GLuint make_storage(const ContextState& context, const Plan& plan, GLenum& error) {
  const BufferCalls calls(context.gl);
  const GLuint name = calls.create(error);
  if (name == 0) return 0;
  if (is_private(plan.path)) {
    calls.data(name, plan.size_bytes, usage_of(plan.access));
  } else {
    calls.storage(name, plan.size_bytes, plan.storage_flags);
  }
  error = context.gl.GetError();
  if (error == GL_NO_ERROR && calls.parameter(name, GL_BUFFER_SIZE) != calls.reported(plan.size_bytes)) {
    error = GL_OUT_OF_MEMORY;
  }
  if (error == GL_NO_ERROR) return name;
  context.gl.DeleteBuffers(1, &name);
  return 0;
}

/// Gives the mapping its bytes: those of the buffer, or system memory.
Result<void> give_bytes(Mapping& mapping, GLuint name, std::source_location where) {
  if (is_private(mapping.plan.path)) {
    // No page is touched yet.
    mapping.own.reset(static_cast<std::byte*>(::operator new(mapping.size, kPrivateAlignment, std::nothrow)));
    mapping.pointer = mapping.own.get();
    if (!mapping.pointer) return fail(ErrorId::out_of_host_memory, where);
    return {};
  }
  const BufferCalls calls(mapping.context->gl);
  mapping.pointer = static_cast<std::byte*>(calls.map(name, 0, mapping.size, mapping.plan.map_flags));
  if (mapping.pointer) return {};
  return fail(
      ErrorId::map_answered_null, where,
      {.numbers = {mapping.size}, .gl_call = calls.map_call(), .gl_error = mapping.context->gl.GetError()});
}

/// Private memory needs no guard: commands never read it.
void guard_pages(Mapping& mapping) {
  if (!mapping.context->fault_handler || mapping.is_private()) return;
  mapping.guard = PageGuard::over({mapping.pointer, static_cast<std::size_t>(mapping.size)},
                                  mapping.report(ErrorId::used_after_unmap, 0, mapping.size).details());
  if (mapping.guard) return;
  mapping.context->log(LogLevel::info, [&] {
    return "no page of '" + mapping.label + "' can be guarded; validation keeps copies";
  });
}

Result<MappedBuffer> make(const std::shared_ptr<ContextState>& state, const MappedBufferOptions& info,
                          Memory memory, std::source_location where) {
  if (auto current = state->check_current(where); !current) return pass_on(current);
  if (info.size_bytes == 0) return fail(ErrorId::zero_size, where);
  const auto plan = make_plan(
      *state, {.access = info.access, .size_bytes = info.size_bytes, .model = info.model}, memory, where);
  if (!plan) return pass_on(plan);
  if (info.size_bytes > static_cast<std::uint64_t>(PTRDIFF_MAX)) {
    return fail(ErrorId::exceeds_address_space, where, {.numbers = {info.size_bytes}});
  }
  std::uint64_t before = 0;
  Reservation reservation = reserve(info.size_bytes, state->memory_limit, before);
  if (!reservation) {
    return fail(ErrorId::exceeds_memory, where, {.numbers = {info.size_bytes, state->memory_limit, before}});
  }

  // Everything that may throw comes before any GL call.
  auto mapping = std::make_unique<Mapping>(state, info.label, *plan, where);

  state->set_caller_errors_aside();
  GLenum error = GL_NO_ERROR;
  GLuint name = make_storage(*state, *plan, error);
  if (name == 0 && error == GL_OUT_OF_MEMORY) {
    // Drivers keep deleted storage until the commands that use it are done. After that there may be room.
    static_cast<void>(state->timeline().wait_for_all(where));
    name = make_storage(*state, *plan, error);
  }
  if (auto usable = state->check_lost(where); !usable) return pass_on(usable);
  if (name == 0) {
    const BufferCalls calls(state->gl);
    return fail(error == GL_OUT_OF_MEMORY ? ErrorId::storage_failed : ErrorId::storage_rejected, where,
                {.numbers = {info.size_bytes, plan->storage_flags},
                 .gl_call = is_private(plan->path) ? calls.data_call() : calls.storage_call(),
                 .gl_error = error});
  }
  if (auto given = give_bytes(*mapping, name, where); !given) {
    state->gl.DeleteBuffers(1, &name);
    return pass_on(state->unless_lost(given, where));
  }
  mapping->buffer = name;
  try {
    state->registry.add(*mapping);
  } catch (...) {
    mapping->pointer = nullptr;
    state->gl.DeleteBuffers(1, &name);
    throw;
  }
  static_cast<void>(reservation.release());
  set_label(*state, name, mapping->label);
  if (info.prefault) touch_pages(mapping->pointer, info.size_bytes, mapping->writable);
  MappedBuffer made = Mapping::wrap(std::move(mapping));
  Mapping::of(made)->probe = SharingProbe::over(*Mapping::of(made));
  guard_pages(*Mapping::of(made));
  return made;
}

}  // namespace

void set_label(const ContextState& context, GLuint name, const std::string& label) {
  const auto set = context.gl.ObjectLabel ? context.gl.ObjectLabel : context.gl.ObjectLabelKHR;
  const bool labels =
      context.gl.version() >= (context.gl.limits.gles ? 32 : 43) || context.gl.has("GL_KHR_debug");
  if (!labels || !set || label.empty()) return;
  // GL_MAX_LABEL_LENGTH is at least 256, its end mark included.
  set(GL_BUFFER, name, static_cast<GLsizei>(std::min<std::size_t>(label.size(), 255)), label.c_str());
}

Result<MappedBuffer> make_memory(const std::shared_ptr<ContextState>& context,
                                 const MappedBufferOptions& info, Memory memory, std::source_location where) {
  return guarded(where, [&] { return make(context, info, memory, where); });
}

}  // namespace pmb::detail
