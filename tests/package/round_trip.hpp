// SPDX-License-Identifier: MIT
// The common part of these programs. pmb uploads bytes through a ring, the program copies them with the functions of
// its own loader, and pmb reads them back through another ring. Include this after the header of the program's
// loader, which declares the gl names used here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <pmb/pmb.hpp>
#include <vector>

namespace neighbour {

// GoogleTest's format, so that ./run finds the reason.
inline int skip(const char* why) {
  std::printf("neighbour: Skipped\n%s\n[  SKIPPED ]\n", why);
  return 77;
}

inline int failed(const char* what, const char* why = "") {
  std::printf("%s failed: %s\n", what, why);
  return 1;
}

// True if pmb says that no context is current, and does not blame the loader.
inline bool knows_that_nothing_is_current(pmb::Loader loader) {
  const auto context = pmb::Context::from_current(loader);
  return !context && context.error().id == pmb::ErrorId::no_current_context;
}

// Returns 0 if every byte returned and pmb did not change the program's GL state.
inline int round_trip(pmb::Loader loader) {
  constexpr std::size_t kBytes = 4096;
  const std::vector<unsigned char> own(kBytes, 0x5A);
  GLuint buffers[2] = {};
  glGenBuffers(2, buffers);
  glBindBuffer(GL_ARRAY_BUFFER, buffers[0]);
  glBufferData(GL_ARRAY_BUFFER, kBytes, own.data(), GL_STATIC_DRAW);
  glBindBuffer(GL_COPY_WRITE_BUFFER, buffers[1]);
  glBufferData(GL_COPY_WRITE_BUFFER, kBytes, nullptr, GL_STREAM_COPY);
  const GLsync kept = glFenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
  const GLsync given = glFenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);

  auto context = pmb::Context::from_current(loader);
  if (!context) return failed("Context::from_current", context.error().message().c_str());
  auto up = pmb::UploadRing::create(*context, {.capacity_bytes = 16384});
  auto down = pmb::ReadbackRing::create(*context, {.capacity_bytes = 16384});
  if (!up || !down) return failed("a ring", (up ? down.error() : up.error()).message().c_str());
  const auto adopted = context->timeline().adopt(given);
  if (!adopted) return failed("Timeline::adopt", adopted.error().message().c_str());

  for (std::size_t lap = 0; lap < 50; ++lap) {
    const std::size_t size = 1 + lap * 83 % kBytes;
    std::vector<unsigned char> sent(size);
    for (std::size_t i = 0; i < size; ++i) sent[i] = static_cast<unsigned char>(i * 31 + lap * 7);
    const auto slice = up->acquire(size);
    if (!slice) return failed("acquire", slice.error().message().c_str());
    if (!slice->copy_from(std::as_bytes(std::span(sent)))) return failed("copy_from");
    if (!up->publish(*slice, size)) return failed("publish");

    glBindBuffer(GL_COPY_READ_BUFFER, slice->buffer());
    glBindBuffer(GL_COPY_WRITE_BUFFER, buffers[1]);
    glCopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER,
                        static_cast<GLintptr>(slice->offset_bytes()), 0, static_cast<GLsizeiptr>(size));

    const auto pending = down->request(buffers[1], 0, size);
    const auto ticket = context->timeline().mark();
    if (!pending || !ticket || !up->retire(*ticket)) return failed("request, mark or retire");
    const auto view = pending->wait(std::chrono::seconds(60));
    if (!view) return failed("wait", view.error().message().c_str());
    if (std::memcmp(view->bytes().data(), sent.data(), size) != 0)
      return failed("the round trip", "other bytes");
    if (!pending->release()) return failed("release");
  }

  GLint bound = 0;
  glGetIntegerv(GL_ARRAY_BUFFER_BINDING, &bound);
  std::vector<unsigned char> found(kBytes);
  glGetBufferSubData(GL_ARRAY_BUFFER, 0, kBytes, found.data());
  if (static_cast<GLuint>(bound) != buffers[0] || found != own) return failed("the program's own buffer");
  if (!adopted->passed()) return failed("the fence that pmb was given", "it never passed");
  if (glIsSync(kept) != GL_TRUE) return failed("the program's own fence", "pmb deleted it");
  glDeleteSync(kept);
  if (const GLenum error = glGetError(); error != GL_NO_ERROR) return failed("GL", "an error is pending");
  std::printf("50 round trips on %s\n", context->driver().renderer.c_str());
  return 0;
}

}  // namespace neighbour
