// SPDX-License-Identifier: MIT
// Many threads write one frame's data straight into shared memory: into an arena where sizes are not known before, and
// into slices that are published together where they are.
#include <array>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "setup.hpp"

namespace {

constexpr std::size_t kWorkers = 4;
constexpr int kFrames = 50;
constexpr std::size_t kFrameBytes = 64 << 10;
constexpr std::size_t kCacheLine = 64;  // threads that share one slow each other down

struct Particle {
  float position[3];
  std::uint32_t colour;
};

struct Header {
  std::uint32_t worker;
  std::uint32_t particles;
};

/// The pieces that the workers took, in any order.
struct Found {
  std::mutex lock;
  std::vector<pmb::ArenaPiece> pieces;
};

/// One worker's share of a frame.
void simulate(const pmb::Arena& arena, std::span<std::byte> header, std::uint32_t worker, int frame,
              Found& found) {
  std::vector<Particle> alive(static_cast<std::size_t>(frame % 7 + 1) * (worker + 1),
                              {{1, 2, 3}, worker});  // how many is not known before
  if (const auto piece = arena.take(alive.size() * sizeof(Particle), kCacheLine)) {
    std::memcpy(piece->bytes.data(), alive.data(), piece->bytes.size());
    const std::lock_guard lock(found.lock);
    found.pieces.push_back(*piece);
  }
  const Header what = {worker, static_cast<std::uint32_t>(alive.size())};
  std::memcpy(header.data(), &what, sizeof what);
  arena.finish();  // needed after non-temporal stores; the join then orders all bytes before the publish
}

}  // namespace

int main() {
  sample::Gl gl;
  GLuint target = 0;
  glGenBuffers(1, &target);
  glBindBuffer(GL_COPY_WRITE_BUFFER, target);
  glBufferData(GL_COPY_WRITE_BUFFER, kFrameBytes, nullptr, GL_STATIC_DRAW);
  auto ring = sample::need(
      pmb::UploadRing::create(gl.context, {.capacity_bytes = 4 * kFrameBytes, .label = "frames"}));

  for (int frame = 0; frame < kFrames; ++frame) {
    Found found;
    std::size_t drawn = 0;
    auto arena = sample::need(ring.lend(kFrameBytes));
    std::array<pmb::Slice, kWorkers> headers;
    for (pmb::Slice& header : headers) header = sample::need(ring.acquire(sizeof(Header)));

    std::vector<std::thread> workers;
    for (std::uint32_t worker = 0; worker < kWorkers; ++worker) {
      workers.emplace_back(simulate, arena, headers[worker].raw_bytes(), worker, frame, std::ref(found));
    }
    for (std::thread& worker : workers) worker.join();

    const auto slice = sample::need(ring.publish(arena));  // one flush for all pieces
    sample::need(ring.publish(headers));                   // and one for all headers
    for (const pmb::ArenaPiece& piece : found.pieces) {
      glBindBuffer(GL_COPY_READ_BUFFER, piece.buffer);
      glBindBuffer(GL_COPY_WRITE_BUFFER, target);
      glCopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER,
                          static_cast<GLintptr>(piece.offset_bytes), static_cast<GLintptr>(drawn),
                          static_cast<GLsizeiptr>(piece.bytes.size()));
      drawn += piece.bytes.size();
    }
    sample::need(ring.retire(sample::need(gl.context.timeline().mark())));
    sample::expect(!slice.is_live(), "the arena's slice was retired with the others");

    std::vector<Particle> arrived(drawn / sizeof(Particle));
    sample::need(pmb::download(gl.context, target, 0, arrived));
    std::array<std::size_t, kWorkers> counts = {};
    for (const Particle& one : arrived) ++counts.at(one.colour);
    for (std::size_t worker = 0; worker < kWorkers; ++worker) {
      sample::expect(counts[worker] == static_cast<std::size_t>(frame % 7 + 1) * (worker + 1),
                     "particles are missing");
    }
  }
}
