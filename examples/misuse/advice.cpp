// SPDX-License-Identifier: MIT
// Programs whose bytes are right, but whose rings wait, or are larger than they must be.
#include "misuse/misuse.hpp"

namespace misuse {
namespace {

constexpr std::uint64_t kObjectBytes = 320;
constexpr int kFrames = 90;  // 270 slices: advice on a capacity needs some traffic

constexpr const char* kVertex = R"(#version 330 core
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); })";
constexpr const char* kFragment = R"(#version 330 core
out vec4 pixel;
void main() {
  float sum = gl_FragCoord.x;
  for (int step = 0; step < 10000; ++step) sum = fract(sum * 1.37 + gl_FragCoord.y);
  pixel = vec4(sum);
})";

/// GPU work that takes longer than the CPU's part of a frame.
class SlowDraw {
 public:
  SlowDraw()
      : program_(sample::program(sample::shader(GL_VERTEX_SHADER, kVertex),
                                 sample::shader(GL_FRAGMENT_SHADER, kFragment))) {
    glGenVertexArrays(1, &vertex_array_);
    glGenRenderbuffers(1, &pixels_);
    glBindRenderbuffer(GL_RENDERBUFFER, pixels_);
    glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, kSize, kSize);
    glGenFramebuffers(1, &framebuffer_);
    glBindFramebuffer(GL_FRAMEBUFFER, framebuffer_);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, pixels_);
    glViewport(0, 0, kSize, kSize);
  }
  SlowDraw(const SlowDraw&) = delete;
  SlowDraw& operator=(const SlowDraw&) = delete;
  ~SlowDraw() {
    glDeleteProgram(program_);
    glDeleteFramebuffers(1, &framebuffer_);
    glDeleteRenderbuffers(1, &pixels_);
    glDeleteVertexArrays(1, &vertex_array_);
  }

  void draw() const {
    glBindVertexArray(vertex_array_);
    glUseProgram(program_);
    glDrawArrays(GL_TRIANGLES, 0, 3);
  }

 private:
  static constexpr GLsizei kSize = 8;
  GLuint program_;
  GLuint vertex_array_ = 0;
  GLuint pixels_ = 0;
  GLuint framebuffer_ = 0;
};

/// One frame: three objects, and a slow draw that reads them.
void draw_frame(Scene& scene, pmb::UploadRing& ring, const SlowDraw& slow,
                std::source_location where = std::source_location::current()) {
  for (int object = 0; object < 3; ++object) {
    const pmb::Slice slice = need(ring.acquire(kObjectBytes, 1, where));
    need(slice.copy_from(kVertices));
    need(ring.publish(slice, kObjectBytes));
    scene.gpu_reads(slice);
  }
  slow.draw();
  need(ring.retire(scene.mark()));
}

/// A context for which every wait is long.
void open_with_short_patience(Scene& scene) {
  pmb::Options options = scene.options();
  options.long_wait = std::chrono::nanoseconds(1);
  scene.open(std::move(options));
}

namespace long_wait {
void wrong(Scene& scene) {
  open_with_short_patience(scene);
  const SlowDraw slow;

  auto ring = scene.upload_ring(1024);  // one frame fills it
  while (ring.stats().waits == 0) draw_frame(scene, ring, slow);

  scene.expect(ErrorId::long_wait, ring, 0, 1024);
}
void right(Scene& scene) {
  open_with_short_patience(scene);
  const SlowDraw slow;

  auto ring = scene.upload_ring(4096);  // three frames are in flight
  for (int frame = 0; frame < 3; ++frame) draw_frame(scene, ring, slow);

  scene.gpu_has_read(kVertices);
}
}  // namespace long_wait

namespace ring_too_small {
void wrong(Scene& scene) {
  const SlowDraw slow;
  int frames = 0;

  auto ring = scene.upload_ring(1024);  // one frame: each frame waits for the one before
  while (frames < kFrames || ring.stats().waits <= ring.stats().acquired / 4) {
    draw_frame(scene, ring, slow);
    ++frames;
  }

  scene.expect(ErrorId::ring_too_small, ring, 0, 1024);
}
void right(Scene& scene) {
  const SlowDraw slow;

  auto ring = scene.upload_ring(512 << 10);
  for (int frame = 0; frame < kFrames; ++frame) draw_frame(scene, ring, slow);

  scene.gpu_has_read(kVertices);
}
}  // namespace ring_too_small

namespace ring_too_large {
void wrong(Scene& scene) {
  const SlowDraw slow;

  auto ring = scene.upload_ring(8 << 20);  // for 1 KiB a frame
  for (int frame = 0; frame < kFrames; ++frame) draw_frame(scene, ring, slow);

  scene.expect(ErrorId::ring_too_large, ring, 0, 8 << 20);
}
void right(Scene& scene) {
  const SlowDraw slow;

  auto ring = scene.upload_ring(256 << 10);
  for (int frame = 0; frame < kFrames; ++frame) draw_frame(scene, ring, slow);

  scene.gpu_has_read(kVertices);
}
}  // namespace ring_too_large

}  // namespace

std::span<const Misuse> advice() {
  static constexpr Misuse kAll[] = {
      {"long_wait", long_wait::wrong, long_wait::right, Needs::waits},
      {"ring_too_small", ring_too_small::wrong, ring_too_small::right, Needs::waits},
      {"ring_too_large", ring_too_large::wrong, ring_too_large::right},
  };
  return kAll;
}

}  // namespace misuse
