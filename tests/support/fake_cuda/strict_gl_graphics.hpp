// SPDX-License-Identifier: MIT
//
// Connects the fake of CUDA with a strict fake GL, as if that context were on the fake's device.
#pragma once

#include "fake_cuda.hpp"
#include "fake_gl.hpp"

namespace fake_cuda {

inline Graphics graphics_of(strict_gl::FakeGl& gl) {
  return {.is_current = [&gl] { return strict_gl::FakeGl::current_fake() == &gl; },
          .memory_of = [&gl](unsigned buffer) { return gl.memory_of(buffer); },
          .leaves_its_mapping =
              [&gl](unsigned buffer) {
                // On an H200 only a write-only coherent mapping without CLIENT_STORAGE stayed where it was.
                const GLbitfield flags = gl.mapping_flags(buffer);
                return (flags & GL_MAP_PERSISTENT_BIT) != 0 &&
                       ((flags & (GL_MAP_READ_BIT | GL_CLIENT_STORAGE_BIT)) != 0 ||
                        (flags & GL_MAP_COHERENT_BIT) == 0);
              },
          .move_away = [&gl](unsigned buffer) { gl.move_away_from_mapping(buffer); },
          .commands_so_far = [&gl] { return gl.commands_so_far(); },
          .wait_for = [&gl](std::function<void()> done) { gl.wait_for(std::move(done)); }};
}

}  // namespace fake_cuda
