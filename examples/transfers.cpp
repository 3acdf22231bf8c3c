// SPDX-License-Identifier: MIT
// Bytes go into and out of the program's GL buffers: at once, later, and in many small updates.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "setup.hpp"

namespace {

using namespace std::chrono_literals;

using Bytes = std::vector<std::byte>;

GLuint buffer_of(std::size_t size) {
  GLuint name = 0;
  glGenBuffers(1, &name);
  glBindBuffer(GL_SHADER_STORAGE_BUFFER, name);
  glBufferData(GL_SHADER_STORAGE_BUFFER, static_cast<GLsizeiptr>(size), nullptr, GL_DYNAMIC_DRAW);
  return name;
}

/// Stands in for the program's thread pool, which would not start its threads for each call.
pmb::ParallelFor own_threads() {
  return [](std::size_t count, const auto& body) {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < count; ++i) helpers.emplace_back(body, i);
    body(0);
  };
}

void at_once(pmb::Context& context, GLuint buffer, const Bytes& bytes, Bytes& results) {
  sample::need(pmb::upload(context, buffer, 0, bytes));
  sample::need(pmb::download(context, buffer, 0, results));
}

void later(pmb::Context& context, GLuint buffer, Bytes& frame) {
  const pmb::PendingReadback pending = sample::need(pmb::download_async(context, buffer, 0, frame.size()));
  // … the frame goes on; then, or a frame later:
  sample::need(pending.copy_to(frame, 1s));
}

void many_small(pmb::Context& context, GLuint buffer, const std::vector<Bytes>& updates) {
  const auto known =
      sample::need(pmb::BufferTarget::query(context, buffer, pmb::BufferUse::no_shader_writes));
  for (std::size_t i = 0; i < updates.size(); ++i)
    sample::need(pmb::upload(context, known, 256 * i, updates[i]));
}

}  // namespace

int main() {
  sample::Gl gl;
  pmb::Options options = sample::options();
  options.parallel_for = own_threads();
  auto context = sample::need(pmb::Context::from_current(pmb::HeadlessContext::loader(), options));

  Bytes bytes(3 << 20);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
  const GLuint buffer = buffer_of(bytes.size());
  Bytes results(bytes.size());
  at_once(context, buffer, bytes, results);
  sample::expect(results == bytes, "the download differs from the upload");

  std::fill(results.begin(), results.end(), std::byte{0});
  later(context, buffer, results);
  sample::expect(results == bytes, "the later download differs from the upload");

  std::vector<Bytes> updates(100, Bytes(256));
  for (std::size_t i = 0; i < updates.size(); ++i)
    std::fill(updates[i].begin(), updates[i].end(), static_cast<std::byte>(i));
  many_small(context, buffer, updates);
  at_once(context, buffer, {}, results);
  for (std::size_t i = 0; i < updates.size(); ++i) {
    sample::expect(std::equal(updates[i].begin(), updates[i].end(),
                              results.begin() + static_cast<std::ptrdiff_t>(256 * i)),
                   "a small update is missing");
  }
  std::puts("transfers arrived");
}
