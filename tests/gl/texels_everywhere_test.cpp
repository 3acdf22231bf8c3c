// SPDX-License-Identifier: MIT
// Transfers of texels on every kind of GL, compared with a model in client memory: boxes of every level of the targets
// that all of them have. On OpenGL ES, only a framebuffer can read a texture.

#include <cstring>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_state.hpp"

namespace gl_test {
namespace {

using pmb::TexelLayout;
using pmb::TextureRegion;

constexpr TexelLayout kRgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};

// One texture and a model of its texels. Depths are layers, slices or faces.
struct ModelTexture {
  GLenum target = 0;
  GLuint name = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t depth = 1;
  std::vector<Bytes> levels = {};

  TextureRegion whole(std::uint32_t level) const {
    return {.texture = name,
            .target = target,
            .level = level,
            .width = width >> level,
            .height = height >> level,
            .depth = target == GL_TEXTURE_3D ? depth >> level : depth};
  }
  TextureRegion box(std::uint32_t level) const {
    TextureRegion region = whole(level);
    region.x = 2;
    region.y = 1;
    region.width -= 3;
    region.height -= 3;
    if (region.depth > 2) {
      region.z = 1;
      region.depth -= 2;
    }
    return region;
  }
  std::byte* at(std::uint32_t level, std::uint32_t x, std::uint32_t y, std::uint32_t z) {
    const TextureRegion all = whole(level);
    return levels[level].data() + ((z * all.height + y) * std::size_t{all.width} + x) * 4;
  }
};

class TexelsEverywhere : public EveryVariant {
 protected:
  void fill(ModelTexture& model, std::uint32_t seed) {
    gl_.GenTextures(1, &model.name);
    gl_.BindTexture(model.target, model.name);
    gl_.TexParameteri(model.target, GL_TEXTURE_MAX_LEVEL, 1);
    gl_.PixelStorei(GL_UNPACK_ALIGNMENT, 1);
    for (std::uint32_t level = 0; level < 2; ++level) {
      const TextureRegion all = model.whole(level);
      const auto width = static_cast<GLsizei>(all.width);
      const auto height = static_cast<GLsizei>(all.height);
      model.levels.push_back(pattern(std::size_t{4} * all.width * all.height * all.depth, seed + level));
      const auto at_level = static_cast<GLint>(level);
      if (model.target == GL_TEXTURE_2D || model.target == GL_TEXTURE_CUBE_MAP) {
        for (std::uint32_t z = 0; z < all.depth; ++z) {
          gl_.TexImage2D(image_target(model, z), at_level, GL_RGBA8, width, height, 0, GL_RGBA,
                         GL_UNSIGNED_BYTE, model.at(level, 0, 0, z));
        }
      } else {
        gl_.TexImage3D(model.target, at_level, GL_RGBA8, width, height, static_cast<GLsizei>(all.depth), 0,
                       GL_RGBA, GL_UNSIGNED_BYTE, model.levels[level].data());
      }
    }
    expect_no_gl_error();
  }
  std::vector<ModelTexture> models() {
    std::vector<ModelTexture> all = {{.target = GL_TEXTURE_2D, .width = 45, .height = 22},
                                     {.target = GL_TEXTURE_2D_ARRAY, .width = 21, .height = 13, .depth = 5},
                                     {.target = GL_TEXTURE_3D, .width = 21, .height = 13, .depth = 8},
                                     {.target = GL_TEXTURE_CUBE_MAP, .width = 18, .height = 18, .depth = 6}};
    std::uint32_t seed = 1;
    for (ModelTexture& model : all) fill(model, seed += 10);
    return all;
  }

  static GLenum image_target(const ModelTexture& model, std::uint32_t z) {
    return model.target == GL_TEXTURE_CUBE_MAP ? GL_TEXTURE_CUBE_MAP_POSITIVE_X + z : model.target;
  }

  // The level as a framebuffer shows it, one image at a time.
  Bytes shown(const ModelTexture& model, std::uint32_t level) {
    GLuint framebuffer = 0;
    gl_.GenFramebuffers(1, &framebuffer);
    gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer);
    gl_.PixelStorei(GL_PACK_ALIGNMENT, 1);
    const TextureRegion all = model.whole(level);
    Bytes bytes;
    for (std::uint32_t z = 0; z < all.depth; ++z) {
      if (model.target == GL_TEXTURE_2D || model.target == GL_TEXTURE_CUBE_MAP) {
        gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, image_target(model, z), model.name,
                                 static_cast<GLint>(level));
      } else {
        gl_.FramebufferTextureLayer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, model.name,
                                    static_cast<GLint>(level), static_cast<GLint>(z));
      }
      Bytes image(std::size_t{4} * all.width * all.height);
      gl_.ReadPixels(0, 0, static_cast<GLsizei>(all.width), static_cast<GLsizei>(all.height), GL_RGBA,
                     GL_UNSIGNED_BYTE, image.data());
      bytes.insert(bytes.end(), image.begin(), image.end());
    }
    gl_.BindFramebuffer(GL_FRAMEBUFFER, 0);
    gl_.DeleteFramebuffers(1, &framebuffer);
    return bytes;
  }

  // Bytes for the region in a layout with gaps between rows; the model gets them, too.
  Bytes change(ModelTexture& model, const TextureRegion& region, const TexelLayout& layout,
               std::uint32_t seed) {
    const Bytes bytes = pattern(pmb::texel_bytes(region, layout).value(), seed);
    const std::size_t row = layout.row_stride_bytes ? layout.row_stride_bytes : region.width * 4;
    for (std::uint32_t z = 0; z < region.depth; ++z) {
      for (std::uint32_t y = 0; y < region.height; ++y) {
        std::memcpy(model.at(region.level, region.x, region.y + y, region.z + z),
                    bytes.data() + layout.offset_bytes + (z * region.height + y) * row, region.width * 4);
      }
    }
    return bytes;
  }
  static TexelLayout padded(const TextureRegion& region) {
    TexelLayout layout = kRgba;
    layout.offset_bytes = 8;
    layout.row_stride_bytes = region.width * 4 + 12;
    return layout;
  }
};

TEST_P(TexelsEverywhere, UploadsChangeOnlyTheirBoxOnEveryLevel) {
  for (ModelTexture& model : models()) {
    for (std::uint32_t level = 0; level < 2; ++level) {
      SCOPED_TRACE(std::to_string(model.target) + ", level " + std::to_string(level));
      const TextureRegion box = model.box(level);
      const TexelLayout layout = padded(box);
      const Bytes bytes = change(model, box, layout, 77 + level);
      const auto uploaded = pmb::upload_texture(context(), box, layout, bytes);
      ASSERT_TRUE(uploaded) << uploaded.error().message();
      for (std::uint32_t other = 0; other < 2; ++other)
        EXPECT_EQ(first_difference(shown(model, other), model.levels[other]), -1) << "level " << other;
      expect_no_gl_error();
    }
  }
}

TEST_P(TexelsEverywhere, PublishedSlicesAreUploadedInPlace) {
  auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = 32 << 10});
  ASSERT_TRUE(ring) << ring.error().message();
  std::uint32_t seed = 200;
  for (int lap = 0; lap < 5; ++lap) {
    for (ModelTexture& model : models()) {
      const TextureRegion box = model.box(0);
      const TexelLayout layout = padded(box);
      const Bytes bytes = change(model, box, layout, ++seed);
      const auto slice = ring->acquire(bytes.size());
      ASSERT_TRUE(slice) << slice.error().message();
      ASSERT_TRUE(slice->copy_from(bytes));
      ASSERT_TRUE(ring->publish(*slice, bytes.size()));
      const auto uploaded = pmb::upload_texture(context(), box, layout, *slice);
      ASSERT_TRUE(uploaded) << uploaded.error().message();
      ASSERT_TRUE(ring->retire(mark()));
      EXPECT_EQ(first_difference(shown(model, 0), model.levels[0]), -1) << model.target;
      gl_.DeleteTextures(1, &model.name);
    }
  }
}

TEST_P(TexelsEverywhere, LevelsAreReadImmediatelyAndAsynchronously) {
  auto ring = pmb::ReadbackRing::create(context(), {.capacity_bytes = 64 << 10});
  ASSERT_TRUE(ring) << ring.error().message();
  for (const ModelTexture& model : models()) {
    for (std::uint32_t level = 0; level < 2; ++level) {
      SCOPED_TRACE(std::to_string(model.target) + ", level " + std::to_string(level));
      Bytes found(model.levels[level].size());
      const auto read = pmb::read_texture(context(), model.whole(level), kRgba, found);
      ASSERT_TRUE(read) << read.error().message();
      EXPECT_EQ(first_difference(found, model.levels[level]), -1);
      const auto pending = pmb::read_texture(context(), model.whole(level), kRgba, *ring);
      ASSERT_TRUE(pending) << pending.error().message();
      mark();
      const auto view = pending->wait(kPatience);
      ASSERT_TRUE(view) << view.error().message();
      EXPECT_EQ(first_difference(view->bytes(), model.levels[level]), -1);
      ASSERT_TRUE(pending->release());
      expect_no_gl_error();
    }
  }
}

TEST_P(TexelsEverywhere, FramebufferPixelsAreReadImmediatelyAndAsynchronously) {
  auto ring = pmb::ReadbackRing::create(context(), {.capacity_bytes = 16 << 10});
  ASSERT_TRUE(ring) << ring.error().message();
  ModelTexture model = models()[0];
  GLuint framebuffer = 0;
  gl_.GenFramebuffers(1, &framebuffer);
  gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer);
  gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, model.name, 0);
  constexpr pmb::PixelRectangle kPart = {.x = 3, .y = 5, .width = 30, .height = 11};
  Bytes wanted;
  for (std::uint32_t y = 0; y < kPart.height; ++y) {
    const std::byte* const row = model.at(0, 3, 5 + y, 0);
    wanted.insert(wanted.end(), row, row + kPart.width * 4);
  }
  Bytes found(wanted.size());
  const auto read = pmb::read_pixels(context(), kPart, kRgba, found);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(first_difference(found, wanted), -1);
  const auto pending = pmb::read_pixels(context(), kPart, kRgba, *ring);
  ASSERT_TRUE(pending) << pending.error().message();
  mark();
  const auto view = pending->wait(kPatience);
  ASSERT_TRUE(view) << view.error().message();
  EXPECT_EQ(first_difference(view->bytes(), wanted), -1);
  ASSERT_TRUE(pending->release());
}

// These calls restore all state, including the pixel-store state.
TEST_P(TexelsEverywhere, StateAndPendingErrorsAreUnchanged) {
  std::vector<ModelTexture> all = models();
  auto upload = pmb::UploadRing::create(context(), {.capacity_bytes = 32 << 10});
  auto readback = pmb::ReadbackRing::create(context(), {.capacity_bytes = 64 << 10});
  ASSERT_TRUE(upload && readback);
  // The first transfers make their rings.
  for (const ModelTexture& model : all) {
    Bytes bytes = model.levels[0];
    ASSERT_TRUE(pmb::upload_texture(context(), model.whole(0), kRgba, bytes));
    ASSERT_TRUE(pmb::read_texture(context(), model.whole(0), kRgba, bytes));
  }
  occupy_state(gl_);
  const bool has_errors = !GetParam().no_error;
  int calls = 0;
  const auto audit = [&](const char* what, const auto& call) {
    SCOPED_TRACE(what);
    const GlState before = capture_state(gl_);
    if (has_errors) gl_.Enable(0xFFFF);
    call();
    if (has_errors) {
      EXPECT_EQ(gl_.GetError(), static_cast<GLenum>(GL_INVALID_ENUM)) << "the caller's error was taken";
    }
    EXPECT_EQ(context().take_caller_error(), 0u);
    EXPECT_EQ(changes(before, capture_state(gl_)), "");
    ++calls;
  };
  for (ModelTexture& model : all) {
    SCOPED_TRACE(model.target);
    const TextureRegion box = model.box(0);
    const TexelLayout layout = padded(box);
    const Bytes bytes = change(model, box, layout, 300);
    Bytes found(model.levels[0].size());
    audit("upload_texture", [&] { EXPECT_TRUE(pmb::upload_texture(context(), box, layout, bytes)); });
    audit("read_texture", [&] { EXPECT_TRUE(pmb::read_texture(context(), model.whole(0), kRgba, found)); });
    EXPECT_EQ(first_difference(found, model.levels[0]), -1);
    audit("read_texture, later", [&] {
      const auto pending = pmb::read_texture(context(), box, kRgba, *readback);
      EXPECT_TRUE(pending && pending->release());
    });
    const auto slice = upload->acquire(bytes.size());
    ASSERT_TRUE(slice && slice->copy_from(bytes) && upload->publish(*slice, bytes.size()));
    audit("upload_texture of a slice",
          [&] { EXPECT_TRUE(pmb::upload_texture(context(), box, layout, *slice)); });
    ASSERT_TRUE(upload->retire(mark()));
    audit("upload_texture, refused", [&] {
      TextureRegion outside = box;
      outside.texture = 987654;
      EXPECT_FALSE(pmb::upload_texture(context(), outside, layout, bytes));
    });
  }
  GLuint framebuffer = 0;
  gl_.GenFramebuffers(1, &framebuffer);
  gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer);
  gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, all[0].name, 0);
  Bytes pixels(16 * 8 * 4);
  constexpr pmb::PixelRectangle kPart = {.width = 16, .height = 8};
  audit("read_pixels", [&] { EXPECT_TRUE(pmb::read_pixels(context(), kPart, kRgba, pixels)); });
  audit("read_pixels, later", [&] {
    const auto pending = pmb::read_pixels(context(), kPart, kRgba, *readback);
    EXPECT_TRUE(pending && pending->release());
  });
  EXPECT_EQ(calls, 22);
  mark();
}

PMB_EVERY_TEXEL_VARIANT(TexelsEverywhere);

}  // namespace
}  // namespace gl_test
