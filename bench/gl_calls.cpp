// SPDX-License-Identifier: MIT
// Counts the GL calls of one fixed program on the strict fake GL, step by step, for each model and path. Two versions of the
// library that make the same calls print the same table.
//
//   gl_calls            prints "MODEL step: count name, count name, …" lines
#include <glad/gl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <pmb/pmb.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fake_gl.hpp"

namespace {

using namespace std::chrono_literals;

template <class T>
T take(pmb::Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "gl_calls: %s\n", result.error().message().c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void* load(const char* name) {
  return reinterpret_cast<void*>(strict_gl::get_proc_address(name));
}

/// One context on one fake, with a table of GL functions for the program's own calls.
struct Machine {
  explicit Machine(pmb::Options options) {
    fake.make_current();
    gladLoadGLContextUserPtr(&gl, &strict_gl::get_proc_address_user, nullptr);
    options.current_context = &strict_gl::FakeGl::current;
    context.emplace(take(pmb::Context::from_current(load, std::move(options))));
  }

  GLuint buffer(std::size_t size) const {
    GLuint name = 0;
    gl.CreateBuffers(1, &name);
    gl.NamedBufferData(name, static_cast<GLsizeiptr>(size), nullptr, GL_DYNAMIC_DRAW);
    return name;
  }

  strict_gl::FakeGl fake;
  GladGLContext gl = {};
  std::optional<pmb::Context> context;
};

void run_step(Machine& machine, const char* configuration, const char* name,
              const std::function<void()>& step) {
  machine.fake.clear_log();
  step();
  std::string line;
  for (const auto& [call, count] : machine.fake.call_counts()) {
    line += (line.empty() ? "" : ", ") + std::to_string(count) + " " + call;
  }
  std::printf("%s %s: %s\n", configuration, name, line.empty() ? "none" : line.c_str());
}

void stream_up(Machine& machine, pmb::UploadRing& ring) {
  for (int frame = 0; frame < 100; ++frame) {
    for (int slice = 0; slice < 10; ++slice) {
      auto one = take(ring.acquire(256));
      static_cast<void>(one.fill(std::byte{1}));
      take(ring.publish(one, 256));
    }
    take(ring.retire(take(machine.context->timeline().mark())));
  }
}

void stream_up_one_by_one(Machine& machine, pmb::UploadRing& ring) {
  for (int frame = 0; frame < 100; ++frame) {
    auto one = take(ring.acquire(4000));
    static_cast<void>(one.fill(std::byte{1}));
    take(ring.publish(one, 3000));
    take(ring.retire(one, take(machine.context->timeline().mark())));
  }
}

void read_back(Machine& machine, pmb::ReadbackRing& ring, GLuint source) {
  for (int frame = 0; frame < 20; ++frame) {
    auto pending = take(ring.request(source, 0, 4096));
    take(machine.context->timeline().mark());
    take(pending.wait(1s));
    take(pending.release());
  }
}

void use_blocks(Machine& machine, pmb::BlockPool& pool) {
  for (int frame = 0; frame < 20; ++frame) {
    auto block = take(pool.acquire());
    take(pool.publish(block, block.size_bytes()));
    take(pool.retire(block, take(machine.context->timeline().mark())));
  }
}

void run(const char* configuration, const pmb::Options& options) {
  Machine machine(options);
  pmb::Context& context = *machine.context;
  std::optional<pmb::UploadRing> up;
  std::optional<pmb::ReadbackRing> down;
  std::optional<pmb::BlockPool> pool;
  const GLuint buffer = machine.buffer(std::size_t{16} << 20);
  const auto step = [&](const char* name, const std::function<void()>& body) {
    run_step(machine, configuration, name, body);
  };
  step("create rings and a pool", [&] {
    up.emplace(take(pmb::UploadRing::create(context, {.capacity_bytes = 1 << 16, .label = "up"})));
    down.emplace(take(pmb::ReadbackRing::create(context, {.capacity_bytes = 1 << 16, .label = "down"})));
    pool.emplace(take(pmb::BlockPool::create(context, {.block_bytes = 4096, .count = 3})));
  });
  step("1,000 slices, 100 marks", [&] { stream_up(machine, *up); });
  step("100 slices, shortened, one a mark", [&] { stream_up_one_by_one(machine, *up); });
  step("20 readbacks", [&] { read_back(machine, *down, buffer); });
  step("20 blocks of a pool of 3", [&] { use_blocks(machine, *pool); });
  for (const std::size_t size :
       {std::size_t{256}, std::size_t{65536}, std::size_t{1} << 20, std::size_t{9} << 20}) {
    std::vector<std::byte> bytes(size);
    const std::string of = std::to_string(size) + " bytes";
    step(("3 uploads of " + of).c_str(), [&] {
      for (int i = 0; i < 3; ++i) take(pmb::upload(context, buffer, 0, bytes));
    });
    step(("3 downloads of " + of).c_str(), [&] {
      for (int i = 0; i < 3; ++i) take(pmb::download(context, buffer, 0, bytes));
    });
  }
  GLuint texture = 0;
  machine.gl.GenTextures(1, &texture);
  machine.gl.BindTexture(GL_TEXTURE_2D, texture);
  machine.gl.TexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, 64, 64);
  std::vector<std::byte> texels(std::size_t{64} * 64 * 4);
  const pmb::TextureRegion region = {.texture = texture, .target = GL_TEXTURE_2D, .width = 64, .height = 64};
  const pmb::TexelLayout layout = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
  step("a texture up", [&] { take(pmb::upload_texture(context, region, layout, texels)); });
  step("a texture down", [&] { take(pmb::read_texture(context, region, layout, texels)); });
  step("destroy", [&] {
    up.reset();
    down.reset();
    pool.reset();
    machine.context.reset();
  });
}

}  // namespace

int main() {
  run("default", {});
  run("explicit_flush", {.model = pmb::Model::explicit_flush});
  run("staged", {.path = pmb::Path::staged});
  run("traditional", {.path = pmb::Path::traditional});
  run("orphaned", {.path = pmb::Path::orphaned});
}
