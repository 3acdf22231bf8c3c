// SPDX-License-Identifier: MIT
// Texel transfers in both directions, compared byte for byte with glTexSubImage and glGetTexImage on plain memory.

#include <algorithm>
#include <string>
#include <vector>

#include "gl_fixture.hpp"
#include "gl_state.hpp"
#include "support/timeline_facts.hpp"
#include "texture_scene.hpp"

namespace gl_test {
namespace {

using pmb::ErrorId;
using pmb::TexelLayout;
using pmb::TextureRegion;

class Texture : public EveryVariant {
 protected:
  void SetUp() override {
    EveryVariant::SetUp();
    if (!context_ || HasFailure() || IsSkipped()) return;
    if (!gl_.GetTexImage) GTEST_SKIP() << "no glGetTexImage here, which these tests compare with";
    if (!gl_.TexStorage2D) GTEST_SKIP() << "no glTexStorage here, which these tests make their textures with";
  }

  // Uploads the bytes with pmb into one texture and with GL into its twin; both must hold the same afterwards.
  void expect_upload_as_gl(const TextureKind& kind, TextureRegion region, const TexelLayout& layout) {
    SCOPED_TRACE(describe(kind, region, layout));
    const auto size = pmb::texel_bytes(region, layout);
    ASSERT_TRUE(size) << size.error().message();
    const Bytes bytes = pattern(*size, region.width + 7 * region.x + 13 * region.level);
    const GLuint ours = make_texture(gl_, kind, 1);
    const GLuint theirs = make_texture(gl_, kind, 1);
    region.target = kind.target;
    region.texture = theirs;
    write_with_gl(gl_, region, layout, bytes);
    expect_no_gl_error();
    region.texture = ours;
    const auto uploaded = pmb::upload_texture(context(), region, layout, bytes);
    ASSERT_TRUE(uploaded) << uploaded.error().message();
    expect_no_gl_error();
    for (std::uint32_t level = 0; level < kind.levels; ++level) {
      EXPECT_EQ(first_difference(level_bytes(gl_, kind, ours, level), level_bytes(gl_, kind, theirs, level)),
                -1)
          << "level " << level;
    }
    gl_.DeleteTextures(1, &ours);
    gl_.DeleteTextures(1, &theirs);
  }

  // pmb reads the same texels from a texture as GL does.
  void expect_read_as_gl(const TextureKind& kind, TextureRegion region, const TexelLayout& layout) {
    SCOPED_TRACE(describe(kind, region, layout));
    const auto size = pmb::texel_bytes(region, layout);
    ASSERT_TRUE(size);
    region.target = kind.target;
    region.texture = make_texture(gl_, kind, 5);
    const Bytes expected = region_of_level(gl_, kind, region, layout);
    ASSERT_EQ(expected.size(), *size);
    // The bytes between the rows and after them are unchanged.
    Bytes target = gaps_of(expected.size() + 1);
    const auto read = pmb::read_texture(context(), region, layout, target);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(first_difference(std::span(target).first(expected.size()), expected), -1);
    EXPECT_EQ(target.back(), kGap);
    expect_no_gl_error();

    auto ring =
        pmb::ReadbackRing::create(context(), {.capacity_bytes = std::max<std::uint64_t>(4096, 2 * *size)});
    ASSERT_TRUE(ring);
    const auto pending = pmb::read_texture(context(), region, layout, *ring);
    ASSERT_TRUE(pending) << pending.error().message();
    mark();
    const auto view = pending->wait(kPatience);
    ASSERT_TRUE(view) << view.error().message();
    ASSERT_EQ(view->bytes().size(), expected.size());
    EXPECT_EQ(first_difference_in_rows(view->bytes(), expected, region, layout), -1);
    ASSERT_TRUE(pending->release());
    expect_no_gl_error();
    gl_.DeleteTextures(1, &region.texture);
  }
};
PMB_EVERY_TEXEL_VARIANT(Texture);

TEST_P(Texture, EveryPairOfFormatAndTypeMatchesGl) {
  for (const Pair& pair : kPairs) {
    const TextureKind kind = {
        .target = GL_TEXTURE_2D, .internal_format = pair.internal_format, .width = 37, .height = 21};
    expect_upload_as_gl(kind, {.x = 3, .y = 5, .width = 29, .height = 11},
                        {.format = pair.format, .type = pair.type});
  }
}

// Every kind of texture with the whole of each level, and with a box in the middle of it.
template <class Visit>
void visit_boxes(Visit&& visit) {
  for (const TextureKind& kind : kKinds) {
    for (std::uint32_t level = 0; level < kind.levels; ++level) {
      const TextureKind size = level_of(kind, level);
      visit(kind,
            TextureRegion{.level = level, .width = size.width, .height = size.height, .depth = size.depth});
      const std::uint32_t x = size.width / 3;
      const std::uint32_t y = size.height / 3;
      const std::uint32_t z = size.depth / 3;
      visit(kind, TextureRegion{.level = level,
                                .x = x,
                                .y = y,
                                .z = z,
                                .width = size.width - 2 * x,
                                .height = size.height - 2 * y,
                                .depth = size.depth - 2 * z});
    }
  }
}

TEST_P(Texture, EveryTargetTakesBoxesOfEveryLevel) {
  const TexelLayout rgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
  visit_boxes(
      [&](const TextureKind& kind, const TextureRegion& box) { expect_upload_as_gl(kind, box, rgba); });
}

TEST_P(Texture, EveryTargetIsReadInBoxesOfEveryLevel) {
  const TexelLayout rgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
  visit_boxes([&](const TextureKind& kind, const TextureRegion& box) { expect_read_as_gl(kind, box, rgba); });
}

// Rows aligned to texels, to 2, 4 and 8 bytes, and in ways that pixel-store state cannot express.
TEST_P(Texture, StridesAndOffsetsAreHonouredInBothDirections) {
  const TextureKind flat = {.target = GL_TEXTURE_2D, .internal_format = GL_RGB8, .width = 30, .height = 20};
  const TextureKind deep = {
      .target = GL_TEXTURE_2D_ARRAY, .internal_format = GL_RGB8, .width = 30, .height = 20, .depth = 5};
  for (const std::uint64_t stride : {75U, 76U, 80U, 90U, 256U}) {
    const TexelLayout rows = {
        .format = GL_RGB, .type = GL_UNSIGNED_BYTE, .offset_bytes = 5, .row_stride_bytes = stride};
    expect_upload_as_gl(flat, {.x = 1, .y = 2, .width = 25, .height = 11}, rows);
    expect_read_as_gl(flat, {.x = 1, .y = 2, .width = 25, .height = 11}, rows);
    for (const std::uint64_t images : {11 * stride, 13 * stride, 12 * stride + 1}) {
      TexelLayout boxes = rows;
      boxes.image_stride_bytes = images;
      const TextureRegion box = {.x = 1, .y = 2, .z = 1, .width = 25, .height = 11, .depth = 3};
      expect_upload_as_gl(deep, box, boxes);
      expect_read_as_gl(deep, box, boxes);
    }
  }
}

TEST_P(Texture, CompressedBlocksRoundTrip) {
  for (const CompressedKind& compressed : kCompressed) {
    if (!is_offered(gl_, compressed)) continue;
    const TexelLayout blocks = {.format = compressed.format};
    const TextureKind flat = {.target = GL_TEXTURE_2D,
                              .internal_format = compressed.format,
                              .width = 42,
                              .height = 30,
                              .levels = 3,
                              .block = compressed};
    // The whole level, a part of it, and the small levels, whose last blocks are cut.
    expect_upload_as_gl(flat, {.width = 42, .height = 30}, blocks);
    const std::uint32_t wide = compressed.block_width;
    const std::uint32_t high = compressed.block_height;
    expect_upload_as_gl(flat, {.x = 2 * wide, .y = high, .width = 42 - 2 * wide, .height = 30 - high},
                        blocks);
    expect_upload_as_gl(flat, {.x = wide, .y = high, .width = 3 * wide, .height = 2 * high},
                        {.format = compressed.format, .offset_bytes = 3, .row_stride_bytes = 100});
    expect_upload_as_gl(flat, {.level = 2, .width = 10, .height = 7}, blocks);
    expect_read_as_gl(flat, {.width = 42, .height = 30}, blocks);
    expect_read_as_gl(flat, {.level = 2, .width = 10, .height = 7}, blocks);
    const TextureKind array = {.target = GL_TEXTURE_2D_ARRAY,
                               .internal_format = compressed.format,
                               .width = 16,
                               .height = 8,
                               .depth = 4,
                               .block = compressed};
    expect_upload_as_gl(array, {.z = 1, .width = 16, .height = 8, .depth = 2}, blocks);
    const TextureKind cube = {.target = GL_TEXTURE_CUBE_MAP,
                              .internal_format = compressed.format,
                              .width = 8,
                              .height = 8,
                              .depth = 6,
                              .block = compressed};
    expect_upload_as_gl(cube, {.z = 2, .width = 8, .height = 8, .depth = 3}, blocks);
  }
}

TEST_P(Texture, ImagesLargerThanTheRingTravelInBands) {
  const TexelLayout rgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
  const TextureKind flat = {
      .target = GL_TEXTURE_2D, .internal_format = GL_RGBA8, .width = 2000, .height = 1500};
  const TextureKind deep = {
      .target = GL_TEXTURE_3D, .internal_format = GL_RGBA8, .width = 200, .height = 150, .depth = 100};
  expect_upload_as_gl(flat, {.width = 2000, .height = 1500}, rgba);
  expect_read_as_gl(flat, {.width = 2000, .height = 1500}, rgba);
  expect_upload_as_gl(deep, {.width = 200, .height = 150, .depth = 100}, rgba);
  expect_read_as_gl(deep, {.width = 200, .height = 150, .depth = 100}, rgba);
  expect_read_as_gl(flat, {.x = 1, .y = 1, .width = 1998, .height = 1498}, rgba);
}

TEST_P(Texture, ThePlanesOfAFrameShareOneTicket) {
  const TextureKind luma = {.target = GL_TEXTURE_2D, .internal_format = GL_R8, .width = 64, .height = 48};
  const TextureKind chroma = {.target = GL_TEXTURE_2D, .internal_format = GL_R8, .width = 32, .height = 24};
  const Bytes frame = pattern(64 * 48 * 3 / 2, 9);
  const GLuint planes[] = {make_texture(gl_, luma, 1), make_texture(gl_, chroma, 1),
                           make_texture(gl_, chroma, 1)};
  std::vector<pmb::TextureUpload> uploads;
  std::size_t offset = 0;
  for (const GLuint plane : planes) {
    const TextureKind& kind = plane == planes[0] ? luma : chroma;
    uploads.push_back(
        {{.texture = plane, .target = GL_TEXTURE_2D, .width = kind.width, .height = kind.height},
         {.format = GL_RED, .type = GL_UNSIGNED_BYTE, .offset_bytes = offset},
         frame});
    offset += std::size_t{kind.width} * kind.height;
  }
  const std::size_t fences = pmb::test::live_fences(context());
  const auto ticket = pmb::upload_textures(context(), uploads);
  ASSERT_TRUE(ticket) << ticket.error().message();
  EXPECT_EQ(pmb::test::live_fences(context()), fences + 1);
  wait(*ticket);
  EXPECT_TRUE(ticket->passed());
  Bytes found;
  for (const GLuint plane : planes) {
    const Bytes bytes = level_bytes(gl_, plane == planes[0] ? luma : chroma, plane, 0);
    found.insert(found.end(), bytes.begin(), bytes.end());
  }
  EXPECT_EQ(first_difference(found, frame), -1);
}

TEST_P(Texture, APublishedSliceIsUploadedInPlace) {
  auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = kMiB});
  ASSERT_TRUE(ring);
  const TextureKind kind = {
      .target = GL_TEXTURE_2D_ARRAY, .internal_format = GL_RGB8, .width = 30, .height = 20, .depth = 4};
  // Rows aligned to texels, to 4 bytes, and in ways that pixel-store state cannot express; images adjacent or not.
  for (const TexelLayout& layout :
       {TexelLayout{.format = GL_RGB, .type = GL_UNSIGNED_BYTE, .offset_bytes = 7},
        TexelLayout{
            .format = GL_RGB, .type = GL_UNSIGNED_BYTE, .row_stride_bytes = 96, .image_stride_bytes = 2000},
        TexelLayout{
            .format = GL_RGB, .type = GL_UNSIGNED_BYTE, .row_stride_bytes = 96, .image_stride_bytes = 1920},
        TexelLayout{.format = GL_RGB, .type = GL_UNSIGNED_BYTE, .row_stride_bytes = 76},
        TexelLayout{.format = GL_RGB, .type = GL_UNSIGNED_BYTE, .row_stride_bytes = 80},
        TexelLayout{
            .format = GL_RGB, .type = GL_UNSIGNED_BYTE, .offset_bytes = 1, .row_stride_bytes = 128}}) {
    TextureRegion region = {
        .target = kind.target, .x = 2, .y = 3, .z = 1, .width = 25, .height = 11, .depth = 3};
    SCOPED_TRACE(describe(kind, region, layout));
    const GLuint ours = make_texture(gl_, kind, 1);
    const GLuint theirs = make_texture(gl_, kind, 1);
    const std::uint64_t size = pmb::texel_bytes(region, layout).value();
    const Bytes bytes = pattern(size, 4);
    region.texture = theirs;
    write_with_gl(gl_, region, layout, bytes);
    region.texture = ours;
    const auto slice = ring->acquire(size);
    ASSERT_TRUE(slice);
    ASSERT_TRUE(slice->copy_from(bytes));
    EXPECT_EQ(pmb::upload_texture(context(), region, layout, *slice).error().id, ErrorId::not_published);
    ASSERT_TRUE(ring->publish(*slice, size));
    const auto uploaded = pmb::upload_texture(context(), region, layout, *slice);
    ASSERT_TRUE(uploaded) << uploaded.error().message();
    ASSERT_TRUE(ring->retire(mark()));
    EXPECT_EQ(first_difference(level_bytes(gl_, kind, ours, 0), level_bytes(gl_, kind, theirs, 0)), -1);
    gl_.DeleteTextures(1, &ours);
    gl_.DeleteTextures(1, &theirs);
  }
}

TEST_P(Texture, PixelsOfTheReadFramebufferArriveImmediatelyAndAsynchronously) {
  const TextureKind kind = {.target = GL_TEXTURE_2D, .internal_format = GL_RGBA8, .width = 60, .height = 40};
  const TextureKind numbers = {
      .target = GL_TEXTURE_2D, .internal_format = GL_RGBA32UI, .width = 60, .height = 40};
  auto ring = pmb::ReadbackRing::create(context(), {.capacity_bytes = kMiB});
  ASSERT_TRUE(ring);
  for (const auto& [image, layout] :
       {std::pair{kind, TexelLayout{.format = GL_RGBA, .type = GL_UNSIGNED_BYTE}},
        std::pair{
            kind,
            TexelLayout{
                .format = GL_RGBA, .type = GL_UNSIGNED_BYTE, .offset_bytes = 4, .row_stride_bytes = 250}},
        std::pair{numbers, TexelLayout{.format = GL_RGBA_INTEGER, .type = GL_UNSIGNED_INT}}}) {
    const GLuint texture = make_texture(gl_, image, 3);
    const BoundFramebuffer framebuffer(gl_, texture);
    const TextureRegion region = {
        .texture = texture, .target = GL_TEXTURE_2D, .x = 7, .y = 3, .width = 50, .height = 30};
    const pmb::PixelRectangle rectangle = {.x = 7, .y = 3, .width = 50, .height = 30};
    const Bytes expected = region_of_level(gl_, image, region, layout);
    Bytes target = gaps_of(expected.size());
    const auto read = pmb::read_pixels(context(), rectangle, layout, target);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(first_difference(target, expected), -1);
    const auto pending = pmb::read_pixels(context(), rectangle, layout, *ring);
    ASSERT_TRUE(pending) << pending.error().message();
    EXPECT_EQ(pending->try_view().error().id, ErrorId::never_marked);
    if (GetParam().validate) expect_reports({pmb::ErrorId::never_marked});
    mark();
    const auto view = pending->wait(kPatience);
    ASSERT_TRUE(view);
    EXPECT_EQ(first_difference_in_rows(view->bytes(), expected, region, layout), -1);
    ASSERT_TRUE(pending->release());
    expect_no_gl_error();
  }
}

TEST_P(Texture, TransfersThatGlWouldRefuseAreRefusedFirst) {
  const TextureKind kind = {
      .target = GL_TEXTURE_2D, .internal_format = GL_RGBA8, .width = 16, .height = 16, .levels = 2};
  const TexelLayout rgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
  const GLuint texture = make_texture(gl_, kind, 1);
  const TextureRegion whole = {.texture = texture, .target = GL_TEXTURE_2D, .width = 16, .height = 16};
  Bytes bytes = pattern(4096, 1);
  const auto expect = [&](ErrorId id, const TextureRegion& region, const TexelLayout& layout) {
    SCOPED_TRACE(to_string(id));
    const auto uploaded = pmb::upload_texture(context(), region, layout, bytes);
    ASSERT_FALSE(uploaded);
    EXPECT_EQ(to_string(uploaded.error().id), std::string(to_string(id)));
    const auto read = pmb::read_texture(context(), region, layout, bytes);
    ASSERT_FALSE(read);
    EXPECT_EQ(to_string(read.error().id), std::string(to_string(id)));
    expect_no_gl_error();
  };
  const auto with = [&](auto change) {
    TextureRegion region = whole;
    change(region);
    return region;
  };
  expect(ErrorId::not_a_texture, with([](auto& r) { r.texture = 4711; }), rgba);
  expect(ErrorId::unknown_texture_target, with([](auto& r) { r.target = GL_TEXTURE_BUFFER; }), rgba);
  expect(ErrorId::zero_size, with([](auto& r) { r.width = 0; }), rgba);
  expect(ErrorId::region_outside, with([](auto& r) { r.x = 1; }), rgba);
  expect(ErrorId::region_outside, with([](auto& r) { r.y = UINT32_MAX; }), rgba);
  expect(ErrorId::region_outside, with([](auto& r) { r.z = 1; }), rgba);
  expect(ErrorId::region_outside, with([](auto& r) { r.level = 1; }), rgba);
  expect(ErrorId::region_outside, with([](auto& r) { r.level = 2; }), rgba);
  expect(ErrorId::region_outside, with([](auto& r) { r.level = 99; }), rgba);
  expect(ErrorId::unknown_texels, whole, {.format = GL_RGBA, .type = GL_UNSIGNED_SHORT_5_6_5});
  expect(ErrorId::unknown_texels, whole, {.format = GL_RGBA_INTEGER, .type = GL_FLOAT});
  expect(ErrorId::texels_unsuited, whole, {.format = GL_RGBA_INTEGER, .type = GL_UNSIGNED_BYTE});
  expect(ErrorId::texels_unsuited, whole, {.format = GL_DEPTH_COMPONENT, .type = GL_FLOAT});
  expect(ErrorId::texels_unsuited, whole, {.format = GL_COMPRESSED_RGBA_BPTC_UNORM});
  expect(ErrorId::stride_too_short, whole,
         {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE, .row_stride_bytes = 63});
  expect(ErrorId::stride_too_short, with([](auto& r) { r.depth = 2; }),
         {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE, .image_stride_bytes = 1023});
  expect(ErrorId::range_outside, whole, {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE, .offset_bytes = 3073});
  expect(ErrorId::exceeds_address_space, whole,
         {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE, .row_stride_bytes = UINT64_MAX});
  if (context().limits().direct_state_access) {
    expect(ErrorId::other_texture_target, with([](auto& r) { r.target = GL_TEXTURE_3D; }), rgba);
  }
  ASSERT_TRUE(pmb::upload_texture(context(), whole, rgba, bytes));

  const TextureKind blocks = {.target = GL_TEXTURE_2D,
                              .internal_format = GL_COMPRESSED_RGBA_BPTC_UNORM,
                              .width = 18,
                              .height = 18,
                              .block = {GL_COMPRESSED_RGBA_BPTC_UNORM, 16, 4, 4}};
  const TexelLayout bptc = {.format = GL_COMPRESSED_RGBA_BPTC_UNORM};
  TextureRegion part = {
      .texture = make_texture(gl_, blocks, 1), .target = GL_TEXTURE_2D, .width = 18, .height = 18};
  ASSERT_TRUE(pmb::upload_texture(context(), part, bptc, bytes));
  part.width = 17;
  expect(ErrorId::block_cut, part, bptc);
  part.x = 2;
  part.width = 16;
  expect(ErrorId::block_cut, part, bptc);
  part.x = 0;
  part.texture = make_texture(gl_, {.target = GL_TEXTURE_1D, .internal_format = GL_RGBA8, .width = 16}, 1);
  part.target = GL_TEXTURE_1D;
  part.height = 1;
  expect(ErrorId::format_not_of_target, part, bptc);
}

// Offsets into a pixel buffer are multiples of the type's size, which only texels used in place can miss.
TEST_P(Texture, MisalignedSlicesAreRefused) {
  auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = 4096});
  ASSERT_TRUE(ring);
  const TextureKind kind = {.target = GL_TEXTURE_2D, .internal_format = GL_R32F, .width = 4, .height = 4};
  const TextureRegion region = {
      .texture = make_texture(gl_, kind, 1), .target = GL_TEXTURE_2D, .width = 4, .height = 4};
  const auto slice = ring->acquire(100);
  ASSERT_TRUE(slice);
  ASSERT_TRUE(ring->publish(*slice, 100));
  const auto answer =
      pmb::upload_texture(context(), region, {.format = GL_RED, .type = GL_FLOAT, .offset_bytes = 2}, *slice);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().id, ErrorId::texels_misaligned);
  const Bytes bytes = pattern(66, 3);
  EXPECT_TRUE(
      pmb::upload_texture(context(), region, {.format = GL_RED, .type = GL_FLOAT, .offset_bytes = 2}, bytes));
  ASSERT_TRUE(ring->retire(mark()));
}

TEST_P(Texture, MultisampledFramebuffersAreRefusedAndTheirResolvedPixelsAreRead) {
  const pmb::PixelRectangle rectangle = {.width = 16, .height = 16};
  const TexelLayout rgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
  const BoundFramebuffer resolved(
      gl_, make_texture(
               gl_, {.target = GL_TEXTURE_2D, .internal_format = GL_RGBA8, .width = 16, .height = 16}, 3));
  const auto bound = [&](GLenum name) {
    GLint value = 0;
    gl_.GetIntegerv(name, &value);
    return static_cast<GLuint>(value);
  };
  if (bound(GL_MAX_SAMPLES) < 4) GTEST_SKIP() << "this GL has no renderbuffers of 4 samples";
  const GLuint resolved_name = bound(GL_READ_FRAMEBUFFER_BINDING);
  GLuint framebuffer = 0;
  GLuint samples = 0;
  gl_.GenFramebuffers(1, &framebuffer);
  gl_.GenRenderbuffers(1, &samples);
  gl_.BindRenderbuffer(GL_RENDERBUFFER, samples);
  gl_.RenderbufferStorageMultisample(GL_RENDERBUFFER, 4, GL_RGBA8, 16, 16);
  gl_.BindFramebuffer(GL_FRAMEBUFFER, framebuffer);
  gl_.FramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, samples);
  ASSERT_EQ(gl_.CheckFramebufferStatus(GL_FRAMEBUFFER), GLenum{GL_FRAMEBUFFER_COMPLETE});
  gl_.ClearColor(1, 0, 1, 1);
  gl_.Clear(GL_COLOR_BUFFER_BIT);
  auto ring = pmb::ReadbackRing::create(context(), {.capacity_bytes = 4096});
  ASSERT_TRUE(ring);
  Bytes bytes(16 * 16 * 4);
  for (const GLuint drawn : {framebuffer, resolved_name}) {
    gl_.BindFramebuffer(GL_DRAW_FRAMEBUFFER, drawn);
    const auto read = pmb::read_pixels(context(), rectangle, rgba, bytes);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().id, ErrorId::framebuffer_multisampled);
    EXPECT_EQ(read.error().numbers[0], 4u);
    EXPECT_FALSE(pmb::read_pixels(context(), rectangle, rgba, *ring));
    EXPECT_EQ(bound(GL_DRAW_FRAMEBUFFER_BINDING), drawn);
    expect_no_gl_error();
  }
  gl_.BlitFramebuffer(0, 0, 16, 16, 0, 0, 16, 16, GL_COLOR_BUFFER_BIT, GL_NEAREST);
  gl_.BindFramebuffer(GL_READ_FRAMEBUFFER, resolved_name);
  EXPECT_TRUE(pmb::read_pixels(context(), rectangle, rgba, bytes));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    ASSERT_EQ(bytes[at], at % 4 == 1 ? std::byte{0} : std::byte{255}) << at;
  }
  gl_.DeleteFramebuffers(1, &framebuffer);
  gl_.DeleteRenderbuffers(1, &samples);
}

TEST_P(Texture, UnreadableFramebuffersAreRefused) {
  Bytes bytes(4096);
  const pmb::PixelRectangle rectangle = {.width = 16, .height = 16};
  const TexelLayout rgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
  const TextureKind kind = {.target = GL_TEXTURE_2D, .internal_format = GL_RGBA8, .width = 16, .height = 16};
  const BoundFramebuffer framebuffer(gl_, make_texture(gl_, kind, 3));
  const auto expect = [&](ErrorId id, const TexelLayout& layout) {
    const auto read = pmb::read_pixels(context(), rectangle, layout, bytes);
    ASSERT_FALSE(read) << to_string(id);
    EXPECT_EQ(to_string(read.error().id), std::string(to_string(id)));
    expect_no_gl_error();
  };
  expect(ErrorId::read_kind_illegal, {.format = GL_RGBA_INTEGER, .type = GL_UNSIGNED_BYTE});
  expect(ErrorId::read_kind_illegal, {.format = GL_DEPTH_COMPONENT, .type = GL_FLOAT});
  gl_.ReadBuffer(GL_COLOR_ATTACHMENT1);
  expect(ErrorId::framebuffer_unreadable, rgba);
  gl_.ReadBuffer(GL_NONE);
  expect(ErrorId::framebuffer_unreadable, rgba);
  gl_.ReadBuffer(GL_COLOR_ATTACHMENT0);
  gl_.FramebufferTexture2D(GL_READ_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, 0, 0);
  expect(ErrorId::framebuffer_unreadable, rgba);
}

// GL's state is captured before and after every call, in a program whose state has no default value.
TEST_P(Texture, EveryCallLeavesTheStateAsItWas) {
  const TexelLayout rgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
  struct Case {
    TextureKind kind;
    TexelLayout layout;
    GLuint texture;
    Bytes before;
  };
  std::vector<Case> cases;
  for (const TextureKind& kind : kKinds) cases.push_back({kind, rgba, 0, {}});
  cases.push_back({{.target = GL_TEXTURE_2D, .internal_format = GL_RGBA16, .width = 30, .height = 20},
                   {.format = GL_RGBA, .type = GL_UNSIGNED_SHORT},
                   0,
                   {}});
  cases.push_back({{.target = GL_TEXTURE_2D,
                    .internal_format = GL_COMPRESSED_RGBA_BPTC_UNORM,
                    .width = 16,
                    .height = 16,
                    .block = {GL_COMPRESSED_RGBA_BPTC_UNORM, 16, 4, 4}},
                   {.format = GL_COMPRESSED_RGBA_BPTC_UNORM},
                   0,
                   {}});
  cases.push_back(
      {{.target = GL_TEXTURE_2D, .internal_format = GL_DEPTH_COMPONENT16, .width = 30, .height = 20},
       {.format = GL_DEPTH_COMPONENT, .type = GL_UNSIGNED_SHORT},
       0,
       {}});
  for (Case& one : cases) {
    one.texture = make_texture(gl_, one.kind, 1);
    one.before = level_bytes(gl_, one.kind, one.texture, 0);
  }
  auto ring = pmb::UploadRing::create(context(), {.capacity_bytes = kMiB});
  auto readback = pmb::ReadbackRing::create(context(), {.capacity_bytes = kMiB});
  ASSERT_TRUE(ring && readback);
  const TextureKind plain = {.target = GL_TEXTURE_2D, .internal_format = GL_RGBA8, .width = 16, .height = 16};
  const GLuint shown = make_texture(gl_, plain, 3);
  occupy_state(gl_);
  const BoundFramebuffer framebuffer(gl_, shown);
  const auto audit = [&](const char* what, auto call) {
    SCOPED_TRACE(what);
    const GlState before = capture_state(gl_);
    call();
    EXPECT_EQ(changes(before, capture_state(gl_)), "");
    expect_no_gl_error();
  };
  for (const Case& one : cases) {
    TextureRegion region = {.texture = one.texture,
                            .target = one.kind.target,
                            .width = one.kind.width,
                            .height = one.kind.height,
                            .depth = one.kind.depth};
    SCOPED_TRACE(describe(one.kind, region, one.layout));
    const std::uint64_t size = pmb::texel_bytes(region, one.layout).value();
    Bytes found(size);
    audit("read", [&] { EXPECT_TRUE(pmb::read_texture(context(), region, one.layout, found)); });
    EXPECT_EQ(first_difference(found, one.before), -1);
    const Bytes bytes = pattern(size, 8);
    audit("upload", [&] { EXPECT_TRUE(pmb::upload_texture(context(), region, one.layout, bytes)); });
    EXPECT_TRUE(pmb::read_texture(context(), region, one.layout, found));
    EXPECT_EQ(first_difference(found, bytes), -1);
    const auto slice = ring->acquire(size);
    ASSERT_TRUE(slice);
    EXPECT_TRUE(slice->copy_from(one.before));
    ASSERT_TRUE(ring->publish(*slice, size));
    audit("in place", [&] { EXPECT_TRUE(pmb::upload_texture(context(), region, one.layout, *slice)); });
    ASSERT_TRUE(ring->retire(mark()));
    EXPECT_TRUE(pmb::read_texture(context(), region, one.layout, found));
    EXPECT_EQ(first_difference(found, one.before), -1);
    if (one.layout.type != 0) region.width /= 2;
    pmb::Result<pmb::PendingReadback> pending;
    audit("read later", [&] { pending = pmb::read_texture(context(), region, one.layout, *readback); });
    ASSERT_TRUE(pending) << pending.error().message();
    EXPECT_TRUE(pending->release());
    region.width = 0;
    audit("refusal", [&] { EXPECT_FALSE(pmb::upload_texture(context(), region, one.layout, bytes)); });
  }
  Bytes pixels(16 * 16 * 4);
  audit("pixels",
        [&] { EXPECT_TRUE(pmb::read_pixels(context(), {.width = 16, .height = 16}, rgba, pixels)); });
  audit("pixels later", [&] {
    const auto pending = pmb::read_pixels(context(), {.width = 16, .height = 16}, rgba, *readback);
    ASSERT_TRUE(pending);
    EXPECT_TRUE(pending->release());
  });
  mark();
}

TEST_P(Texture, DepthAndStencilRoundTrip) {
  struct Case {
    GLenum internal_format;
    TexelLayout layout;
  };
  for (const Case& one :
       {Case{GL_DEPTH_COMPONENT32F, {.format = GL_DEPTH_COMPONENT, .type = GL_FLOAT}},
        Case{GL_DEPTH_COMPONENT16, {.format = GL_DEPTH_COMPONENT, .type = GL_UNSIGNED_SHORT}},
        Case{GL_DEPTH24_STENCIL8, {.format = GL_DEPTH_STENCIL, .type = GL_UNSIGNED_INT_24_8}}}) {
    const TextureKind kind = {
        .target = GL_TEXTURE_2D, .internal_format = one.internal_format, .width = 20, .height = 10};
    TextureRegion region = {.target = GL_TEXTURE_2D, .x = 3, .y = 2, .width = 12, .height = 6};
    expect_upload_as_gl(kind, region, one.layout);
    expect_read_as_gl(kind, region, one.layout);
    expect_read_as_gl(kind, {.target = GL_TEXTURE_2D, .width = 20, .height = 10}, one.layout);
  }
}

}  // namespace
}  // namespace gl_test
