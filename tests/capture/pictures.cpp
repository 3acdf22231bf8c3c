// SPDX-License-Identifier: MIT
// A program for capture tools. Each scene draws one picture whose bytes have gone through one kind of pmb object. The
// picture is compared, marked for the replay by a debug message, and written to a file of PPM images.
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "setup.hpp"

namespace {

constexpr int kSide = 64;
constexpr std::size_t kWords = std::size_t{kSide} * kSide;
constexpr std::size_t kBytes = kWords * 4;
constexpr int kBandRows = 16;  // of a picture that is drawn by several draws
constexpr std::size_t kBandWords = std::size_t{kBandRows} * kSide;
constexpr std::size_t kBandBytes = kBandWords * 4;
constexpr int kBands = kSide / kBandRows;

using Picture = std::vector<std::uint32_t>;

/// Opaque pixels, different in each scene and each frame.
Picture paint(std::uint32_t seed) {
  Picture picture(kWords);
  std::uint32_t state = seed * 2654435761U + 1;
  for (std::uint32_t& word : picture) {
    state = state * 1664525U + 1013904223U;
    word = state | 0xFF000000U;
  }
  return picture;
}

std::span<const std::uint32_t> band_of(const Picture& picture, int band) {
  return std::span(picture).subspan(static_cast<std::size_t>(band) * kBandWords, kBandWords);
}

constexpr const char* kWholeTarget = R"(#version 430 core
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); })";
constexpr const char* kFromStorage = R"(#version 430 core
layout(std430, binding = 0) readonly buffer Words { uint words[]; };
layout(location = 0) uniform int first_row;
layout(location = 0) out vec4 pixel;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  pixel = unpackUnorm4x8(words[(at.y - first_row) * 64 + at.x]);
})";
constexpr const char* kFromUniforms = R"(#version 430 core
layout(std140, binding = 0) uniform Words { uvec4 words[256]; };
layout(location = 0) uniform int first_row;
layout(location = 0) out vec4 pixel;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  pixel = unpackUnorm4x8(words[(at.y - first_row) * 16 + at.x / 4][at.x % 4]);
})";
constexpr const char* kFromTexture = R"(#version 430 core
layout(binding = 0) uniform sampler2D image;
layout(location = 0) out vec4 pixel;
void main() { pixel = texelFetch(image, ivec2(gl_FragCoord.xy), 0); })";
constexpr const char* kPoint = R"(#version 430 core
layout(location = 0) in uint word;
layout(location = 0) uniform int first;
flat out vec4 colour;
void main() {
  int at = gl_VertexID - first;
  gl_Position = vec4((vec2(at % 64, at / 64) + 0.5) / 32.0 - 1.0, 0.0, 1.0);
  gl_PointSize = 1.0;
  colour = unpackUnorm4x8(word);
})";
constexpr const char* kColour = R"(#version 430 core
flat in vec4 colour;
layout(location = 0) out vec4 pixel;
void main() { pixel = colour; })";
constexpr const char* kInvert = R"(#version 430 core
layout(local_size_x = 64) in;
layout(std430, binding = 0) buffer Words { uint words[]; };
void main() { words[gl_GlobalInvocationID.x] ^= 0x00FFFFFFu; })";

GLuint make_buffer() {
  GLuint name = 0;
  glCreateBuffers(1, &name);
  glNamedBufferStorage(name, kBytes, nullptr, 0);
  return name;
}

GLuint make_texture() {
  GLuint name = 0;
  glCreateTextures(GL_TEXTURE_2D, 1, &name);
  glTextureStorage2D(name, 1, GL_RGBA8, kSide, kSide);
  return name;
}

pmb::TextureRegion whole(GLuint texture) {
  return {.texture = texture, .target = GL_TEXTURE_2D, .width = kSide, .height = kSide};
}

pmb::Context open(pmb::HeadlessContext& headless) {
  sample::need(headless.make_current());
  pmb::Options options = pmb::Options::from_environment();
  options.share_group = 1;
  return sample::need(pmb::Context::from_current(pmb::HeadlessContext::loader(), std::move(options)));
}

class Scenes {
 public:
  explicit Scenes(const char* file) : file_(file, std::ios::binary) {
    GLuint vertices = 0;
    glGenVertexArrays(1, &vertices);
    glBindVertexArray(vertices);
    glEnableVertexAttribArray(0);
    glEnable(GL_PROGRAM_POINT_SIZE);
    glEnable(GL_SCISSOR_TEST);
    sample::bind_target(kSide, kSide);
  }

  void run_all() {
    storage_on_a_small_ring();
    uniforms_published_together();
    vertices();
    arena();
    copy_from_a_slice();
    ring_that_grows();
    upload_to_a_buffer();
    upload_to_a_texture();
    texture_feeder();
    mapped_buffer();
    blocks_that_both_change();
    readback_and_up_again();
    frame_and_up_again();
    ring_of_another_context();
    sample::need(context_.timeline().mark());
    file_.close();
    sample::expect(!file_.fail(), "the pictures cannot be written");
  }

 private:
  // Words of a buffer as rows of the target.
  void draw_storage(GLuint buffer, std::uint64_t offset, int band = 0, int bands = kBands) {
    draw_range(GL_SHADER_STORAGE_BUFFER, from_storage_, buffer, offset, band, bands);
  }
  void draw_range(GLenum target, GLuint program, GLuint buffer, std::uint64_t offset, int band, int bands) {
    glUseProgram(program);
    glUniform1i(0, band * kBandRows);
    glScissor(0, band * kBandRows, kSide, bands * kBandRows);
    glBindBufferRange(target, 0, buffer, static_cast<GLintptr>(offset), bands * GLsizeiptr{kBandBytes});
    glDrawArrays(GL_TRIANGLES, 0, 3);
  }
  void draw_texture(GLuint texture) {
    glUseProgram(from_texture_);
    glScissor(0, 0, kSide, kSide);
    glBindTextureUnit(0, texture);
    glDrawArrays(GL_TRIANGLES, 0, 3);
  }
  void clear() {
    glScissor(0, 0, kSide, kSide);
    glClear(GL_COLOR_BUFFER_BIT);
  }
  pmb::Ticket mark() { return sample::need(context_.timeline().mark()); }
  pmb::UploadRing make_ring(std::uint64_t capacity, std::uint64_t most = 0) {
    return sample::need(
        pmb::UploadRing::create(context_, {.capacity_bytes = capacity, .max_capacity_bytes = most}));
  }
  static pmb::Slice put(pmb::UploadRing& ring, std::span<const std::uint32_t> words) {
    const auto slice = sample::need(ring.acquire(words.size_bytes()));
    sample::need(slice.copy_from(words));
    sample::need(ring.publish(slice, words.size_bytes()));
    return slice;
  }

  void finish(const char* scene, const Picture& expected) {
    Picture found(kWords);
    glReadPixels(0, 0, kSide, kSide, GL_RGBA, GL_UNSIGNED_BYTE, found.data());
    sample::expect(found == expected, scene);
    // The replay takes a picture of the target after this call.
    glDebugMessageInsert(GL_DEBUG_SOURCE_APPLICATION, GL_DEBUG_TYPE_MARKER, 0, GL_DEBUG_SEVERITY_NOTIFICATION,
                         -1, scene);
    file_ << "P6\n" << kSide << ' ' << kSide << "\n255\n";
    for (int row = kSide; row-- > 0;) {
      for (const std::uint32_t& word : std::span(found).subspan(static_cast<std::size_t>(row) * kSide, kSide))
        file_.write(reinterpret_cast<const char*>(&word), 3);
    }
    clear();
  }

  void storage_on_a_small_ring() {
    auto ring = make_ring(3 * kBandBytes);
    for (std::uint32_t frame = 0; frame < 8; ++frame) {
      const Picture picture = paint(frame);
      for (int band = 0; band < kBands; ++band) {
        const pmb::Slice slice = put(ring, band_of(picture, band));
        draw_storage(slice.buffer(), slice.offset_bytes(), band, 1);
        sample::need(ring.retire(mark()));
      }
    }
    finish("storage", paint(7));
  }

  void uniforms_published_together() {
    auto ring = make_ring(4 * kBytes);
    const Picture picture = paint(10);
    std::array<pmb::Slice, kBands> slices;
    for (int band = 0; band < kBands; ++band) {
      pmb::Slice& slice = slices[static_cast<std::size_t>(band)];
      slice = sample::need(ring.acquire(kBandBytes));
      sample::need(slice.copy_from(band_of(picture, band)));
    }
    sample::need(ring.publish(slices));
    for (int band = 0; band < kBands; ++band) {
      const pmb::Slice& slice = slices[static_cast<std::size_t>(band)];
      draw_range(GL_UNIFORM_BUFFER, from_uniforms_, slice.buffer(), slice.offset_bytes(), band, 1);
    }
    sample::need(ring.retire(mark()));
    finish("uniforms", picture);
  }

  void vertices() {
    auto ring = make_ring(2 * kBytes);
    for (std::uint32_t frame = 20; frame < 24; ++frame) {
      const pmb::Slice slice = put(ring, paint(frame));
      const auto first = static_cast<GLint>(slice.offset_bytes() / 4);
      glUseProgram(points_);
      glUniform1i(0, first);
      glBindBuffer(GL_ARRAY_BUFFER, slice.buffer());
      glVertexAttribIPointer(0, 1, GL_UNSIGNED_INT, 4, nullptr);
      glDrawArrays(GL_POINTS, first, kWords);
      sample::need(ring.retire(mark()));
    }
    finish("vertices", paint(23));
  }

  void arena() {
    auto ring = make_ring(2 * kBytes);
    const Picture picture = paint(30);
    const pmb::Arena arena = sample::need(ring.lend(kBytes));
    std::array<std::optional<pmb::ArenaPiece>, kBands> pieces;
    for (int band = 0; band < kBands; ++band) {
      auto& piece = pieces[static_cast<std::size_t>(band)];
      piece = arena.take(kBandBytes);
      sample::expect(piece.has_value(), "the arena is too small");
      std::memcpy(piece->bytes.data(), band_of(picture, band).data(), kBandBytes);
    }
    sample::need(ring.publish(arena));
    for (int band = 0; band < kBands; ++band) {
      const auto& piece = pieces[static_cast<std::size_t>(band)];
      draw_storage(piece->buffer, piece->offset_bytes, band, 1);
    }
    sample::need(ring.retire(mark()));
    finish("arena", picture);
  }

  void copy_from_a_slice() {
    auto ring = make_ring(kBytes);
    const GLuint buffer = make_buffer();
    const pmb::Slice slice = put(ring, paint(40));
    glCopyNamedBufferSubData(slice.buffer(), buffer, static_cast<GLintptr>(slice.offset_bytes()), 0, kBytes);
    sample::need(ring.retire(mark()));
    draw_storage(buffer, 0);
    finish("copy", paint(40));
  }

  void ring_that_grows() {
    auto ring = make_ring(kBytes, 8 * kBytes);
    std::vector<pmb::Slice> slices;
    for (std::uint32_t frame = 50; frame < 54; ++frame) slices.push_back(put(ring, paint(frame)));
    sample::expect(ring.stats().growths > 0, "the ring did not grow");
    for (const pmb::Slice& slice : slices) draw_storage(slice.buffer(), slice.offset_bytes());
    sample::need(ring.retire(mark()));
    sample::need(ring.drain());
    finish("growth", paint(53));
  }

  void upload_to_a_buffer() {
    const GLuint buffer = make_buffer();
    const Picture picture = paint(60);
    sample::need(pmb::upload(context_, buffer, 0, std::span(picture).first(kWords - 100)));
    sample::need(pmb::upload(context_, buffer, kBytes - 400, std::span(picture).last(100)));
    draw_storage(buffer, 0);
    finish("upload", picture);
  }

  void upload_to_a_texture() {
    const GLuint texture = make_texture();
    sample::need(pmb::upload_texture(context_, whole(texture), pmb::TexelLayout::rgba8(), paint(70)));
    draw_texture(texture);
    finish("texture", paint(70));
  }

  void texture_feeder() {
    const GLuint texture = make_texture();
    const Picture picture = paint(80);
    auto feeder = sample::need(pmb::TextureFeeder::create(context_, {.bytes_per_feed = kBandBytes}));
    const auto number =
        sample::need(feeder.queue({whole(texture), pmb::TexelLayout::rgba8(), std::span(picture)}));
    while (!feeder.is_fed(number)) sample::need(feeder.feed());
    draw_texture(texture);
    finish("feeder", picture);
  }

  void mapped_buffer() {
    auto buffer = sample::need(pmb::MappedBuffer::create(context_, {.size_bytes = kBytes}));
    const Picture picture = paint(90);
    sample::need(buffer.write(0, std::span(picture).first(kWords / 2)));
    std::memcpy(buffer.raw_bytes().data() + kBytes / 2, picture.data() + kWords / 2, kBytes / 2);
    sample::need(buffer.flush(kBytes / 2, kBytes / 2));
    draw_storage(buffer.buffer(), 0);
    sample::need(mark().wait(kSoon));
    finish("mapped buffer", picture);
  }

  // Fills, inverts on the GPU, inverts back on the CPU.
  void blocks_that_both_change() {
    auto pool = sample::need(pmb::BlockPool::create(context_, {.block_bytes = kBytes, .count = 2}));
    const pmb::Block block = sample::need(pool.acquire());
    const Picture picture = paint(100);
    std::memcpy(block.raw_bytes().data(), picture.data(), kBytes);
    sample::need(pool.publish(block, kBytes));
    glUseProgram(invert_);
    glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, block.buffer());
    glDispatchCompute(kWords / 64, 1, 1);
    const pmb::ReadView view = sample::need(pool.wait_view(block, mark(), kSoon));
    Picture changed(kWords);
    std::memcpy(changed.data(), view.bytes().data(), kBytes);
    for (std::uint32_t& word : changed) word ^= 0x00FFFFFFU;
    sample::need(pool.release(block));
    const pmb::Block next = sample::need(pool.acquire());
    std::memcpy(next.raw_bytes().data(), changed.data(), kBytes);
    sample::need(pool.publish(next, kBytes));
    draw_storage(next.buffer(), 0);
    sample::need(pool.retire(next, mark()));
    finish("blocks", picture);
  }

  void readback_and_up_again() {
    auto ring = sample::need(pmb::ReadbackRing::create(context_, {.capacity_bytes = kBytes}));
    const GLuint buffer = make_buffer();
    sample::need(pmb::upload(context_, buffer, 0, paint(110)));
    const auto pending = sample::need(ring.request(buffer, 0, kBytes));
    mark();
    Picture arrived(kWords);
    sample::need(pending.copy_to(std::span(arrived), kSoon));
    // The GPU draws what the readback received, too.
    const GLuint copied = make_buffer();
    sample::need(pmb::upload(context_, copied, 0, arrived));
    draw_storage(copied, 0);
    finish("readback", paint(110));
  }

  void frame_and_up_again() {
    auto grabber = sample::need(pmb::FrameGrabber::create(context_, {.bottom_up = true}));
    const GLuint texture = make_texture();
    sample::need(pmb::upload_texture(context_, whole(texture), pmb::TexelLayout::rgba8(), paint(120)));
    draw_texture(texture);
    sample::need(grabber.grab({.width = kSide, .height = kSide}));
    clear();
    const auto frame = sample::need(grabber.next(0));
    const GLuint next = make_texture();
    sample::need(pmb::upload_texture(context_, whole(next), pmb::TexelLayout::rgba8(), frame.bytes()));
    draw_texture(next);
    finish("frame", paint(120));
  }

  // On a thread, as a loader has.
  void ring_of_another_context() {
    auto loader = sample::need(pmb::HeadlessContext::create({.share_with = &headless_}));
    const GLuint buffer = make_buffer();
    std::thread([&] {
      {
        pmb::Context context = open(loader);
        auto ring = sample::need(pmb::UploadRing::create(context, {.capacity_bytes = kBytes}));
        const pmb::Slice slice = put(ring, paint(130));
        glCopyNamedBufferSubData(slice.buffer(), buffer, static_cast<GLintptr>(slice.offset_bytes()), 0,
                                 kBytes);
        const pmb::Ticket ticket = sample::need(context.timeline().mark());
        sample::need(ring.retire(ticket));
        sample::need(ticket.wait(kSoon));
      }
      sample::need(loader.release_current());
    }).join();
    draw_storage(buffer, 0);
    finish("another context", paint(130));
  }

  static constexpr auto kSoon = std::chrono::seconds(10);
  pmb::HeadlessContext headless_ = sample::need(pmb::HeadlessContext::create({.gl_major = 4, .gl_minor = 5}));
  pmb::Context context_ = open(headless_);
  GLuint from_storage_ = draws(kWholeTarget, kFromStorage);
  GLuint from_uniforms_ = draws(kWholeTarget, kFromUniforms);
  GLuint from_texture_ = draws(kWholeTarget, kFromTexture);
  GLuint points_ = draws(kPoint, kColour);
  GLuint invert_ = sample::program(sample::shader(GL_COMPUTE_SHADER, kInvert));
  std::ofstream file_;

  static GLuint draws(const char* vertex, const char* fragment) {
    return sample::program(sample::shader(GL_VERTEX_SHADER, vertex),
                           sample::shader(GL_FRAGMENT_SHADER, fragment));
  }
};

}  // namespace

int main(int count, char** arguments) {
  sample::expect(count == 2, "usage: pmb_pictures FILE");
  Scenes(arguments[1]).run_all();
}
