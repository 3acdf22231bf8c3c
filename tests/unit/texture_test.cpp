// SPDX-License-Identifier: MIT
// Texel transfers in both directions on the fake, where a missing fence or barrier changes bytes, for every kind
// of buffer editing from OpenGL 4.6 to OpenGL ES.
#include <algorithm>
#include <memory>
#include <pmb/tune/transfer_plan.hpp>
#include <thread>
#include <vector>

#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::TexelLayout;
using pmb::TextureRegion;

constexpr std::size_t kPiece = std::size_t{2} << 20;
constexpr TexelLayout kRgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};

struct Image {
  GLenum target;
  GLenum internal_format;
  GLsizei width;
  GLsizei height = 1;
  GLsizei depth = 1;
  GLsizei levels = 1;
};

class Texture : public PmbPathTest {
 protected:
  void SetUp() override {
    FakeConfig config = config_of(GetParam().edit);
    // For the tests' own textures.
    if (GetParam().edit == Edit::oldest) config.extensions.emplace_back("GL_ARB_texture_storage");
    start(config, options_of(GetParam().edit, GetParam().model));
  }

  bool gles() const { return context_->limits().gles; }
  /// GL can report sizes and formats of levels.
  bool has_level_queries() const { return GetParam().edit != Edit::oldest_es; }
  bool has_image_stores() const { return context_->limits().memory_barrier; }
  void TearDown() override {
    if (fake_) {
      EXPECT_EQ(fake_->live_framebuffers(), framebuffers_.size()) << "framebuffers left behind";
    }
    PmbPathTest::TearDown();
  }

  GLuint make(const Image& image) {
    GLuint name = 0;
    gl_.GenTextures(1, &name);
    gl_.BindTexture(image.target, name);
    if (image.target == GL_TEXTURE_1D) {
      gl_.TexStorage1D(image.target, image.levels, image.internal_format, image.width);
    } else if (image.target == GL_TEXTURE_3D || image.target == GL_TEXTURE_2D_ARRAY ||
               image.target == GL_TEXTURE_CUBE_MAP_ARRAY) {
      gl_.TexStorage3D(image.target, image.levels, image.internal_format, image.width, image.height,
                       image.depth);
    } else {
      gl_.TexStorage2D(image.target, image.levels, image.internal_format, image.width, image.height);
    }
    gl_.BindTexture(image.target, 0);
    return name;
  }

  /// Binds the texture for reading until the test ends.
  void read_from(GLuint texture) {
    GLuint name = 0;
    gl_.GenFramebuffers(1, &name);
    framebuffers_.push_back(name);
    gl_.BindFramebuffer(GL_FRAMEBUFFER, name);
    gl_.FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
  }

  /// A program in the middle of its work: no state has its default value.
  void disturb() {
    const GLuint buffer = plain_buffer(64);
    for (const int target : {GL_PIXEL_PACK_BUFFER, GL_PIXEL_UNPACK_BUFFER})
      gl_.BindBuffer(static_cast<GLenum>(target), buffer);
    const auto set = [&](std::initializer_list<int> names, GLint value) {
      for (const int name : names) gl_.PixelStorei(static_cast<GLenum>(name), value);
    };
    set({GL_UNPACK_ROW_LENGTH, GL_UNPACK_IMAGE_HEIGHT, GL_UNPACK_SKIP_PIXELS, GL_UNPACK_SKIP_ROWS,
         GL_UNPACK_SKIP_IMAGES, GL_PACK_ROW_LENGTH, GL_PACK_SKIP_PIXELS, GL_PACK_SKIP_ROWS},
        3);
    if (!gles()) {
      set({GL_PACK_IMAGE_HEIGHT, GL_PACK_SKIP_IMAGES}, 3);
      set({GL_UNPACK_SWAP_BYTES, GL_UNPACK_LSB_FIRST, GL_PACK_SWAP_BYTES, GL_PACK_LSB_FIRST}, 1);
    }
    const auto& limits = context_->limits();
    if (!gles() && limits.gl_major * 10 + limits.gl_minor >= 42) {
      set({GL_UNPACK_COMPRESSED_BLOCK_SIZE, GL_PACK_COMPRESSED_BLOCK_SIZE}, 3);
    }
    gl_.PixelStorei(GL_UNPACK_ALIGNMENT, 8);
    gl_.PixelStorei(GL_PACK_ALIGNMENT, 8);
    gl_.ActiveTexture(GL_TEXTURE3);
    for (const int target : {GL_TEXTURE_2D, GL_TEXTURE_3D, GL_TEXTURE_2D_ARRAY, GL_TEXTURE_CUBE_MAP}) {
      GLuint name = 0;
      gl_.GenTextures(1, &name);
      gl_.BindTexture(static_cast<GLenum>(target), name);
    }
  }

  /// Makes one call and expects GL's state as before, but for the two copy bindings.
  template <class Call>
  void audit(const char* what, Call&& call) {
    SCOPED_TRACE(what);
    auto before = fake_->state_snapshot();
    call();
    auto after = fake_->state_snapshot();
    for (auto* snapshot : {&before, &after}) {
      snapshot->values.erase("GL_COPY_READ_BUFFER");
      snapshot->values.erase("GL_COPY_WRITE_BUFFER");
    }
    EXPECT_EQ(before, after) << before.diff(after);
  }

  std::vector<GLuint> framebuffers_;
};
INSTANTIATE_TEST_SUITE_P(Paths, Texture, every_path(), path_name);

TEST_P(Texture, EveryTargetAndLevelRoundTrips) {
  for (const Image& image :
       {Image{GL_TEXTURE_1D, GL_RGBA8, 20, 1, 1, 2}, Image{GL_TEXTURE_1D_ARRAY, GL_RGBA8, 20, 5},
        Image{GL_TEXTURE_2D, GL_RGBA8, 20, 10, 1, 2}, Image{GL_TEXTURE_RECTANGLE, GL_RGBA8, 20, 10},
        Image{GL_TEXTURE_3D, GL_RGBA8, 20, 10, 4, 2}, Image{GL_TEXTURE_2D_ARRAY, GL_RGBA8, 20, 10, 3},
        Image{GL_TEXTURE_CUBE_MAP, GL_RGBA8, 8, 8, 6},
        Image{GL_TEXTURE_CUBE_MAP_ARRAY, GL_RGBA8, 8, 8, 12}}) {
    const bool desktop_only = image.target == GL_TEXTURE_1D || image.target == GL_TEXTURE_1D_ARRAY ||
                              image.target == GL_TEXTURE_RECTANGLE;
    if (gles() && desktop_only) continue;
    const GLuint texture = make(image);
    for (GLsizei level = 0; level < image.levels; ++level) {
      SCOPED_TRACE(std::to_string(image.target) + " level " + std::to_string(level));
      const Bytes before = pattern(fake_->texels(texture, static_cast<std::size_t>(level)).size(), 77);
      fake_->set_texels(texture, static_cast<std::size_t>(level), before);
      TextureRegion region = {.texture = texture,
                              .target = image.target,
                              .level = static_cast<std::uint32_t>(level),
                              .width = static_cast<std::uint32_t>(image.width >> level)};
      const bool layers_in_y = image.target == GL_TEXTURE_1D_ARRAY;
      if (image.height > 1)
        region.height = static_cast<std::uint32_t>(layers_in_y ? image.height : image.height >> level);
      if (image.depth > 1)
        region.depth =
            static_cast<std::uint32_t>(image.target == GL_TEXTURE_3D ? image.depth >> level : image.depth);
      // All of it, and then a box inside.
      Bytes all(before.size());
      take(pmb::read_texture(*context_, region, kRgba, all));
      EXPECT_TRUE(all == before);
      const Bytes whole = pattern(before.size(), 1);
      take(pmb::upload_texture(*context_, region, kRgba, whole));
      gl_.Finish();
      EXPECT_TRUE(fake_->texels(texture, static_cast<std::size_t>(level)) == whole);
      const std::uint32_t rows = region.height;
      const std::uint32_t images = region.depth;
      TextureRegion box = region;
      box.x = 1;
      box.width -= 3;
      if (rows > 2) box.y = 1, box.height = rows - 2;
      if (images > 2) box.z = 1, box.depth = images - 2;
      const Bytes part = pattern(std::size_t{box.width} * box.height * box.depth * 4, 2);
      take(pmb::upload_texture(*context_, box, kRgba, part));
      Bytes expected = whole;
      for (std::size_t z = 0, from = 0; z < box.depth; ++z) {
        for (std::size_t y = 0; y < box.height; ++y, from += box.width * 4) {
          const std::size_t at = (((z + box.z) * rows + y + box.y) * region.width + box.x) * 4;
          std::copy_n(part.begin() + static_cast<std::ptrdiff_t>(from), box.width * 4,
                      expected.begin() + static_cast<std::ptrdiff_t>(at));
        }
      }
      gl_.Finish();
      EXPECT_TRUE(fake_->texels(texture, static_cast<std::size_t>(level)) == expected);
      Bytes found(part.size());
      take(pmb::read_texture(*context_, box, kRgba, found));
      EXPECT_TRUE(found == part);
    }
  }
}

// More bytes are in flight than the ring holds: it must wait for its own commands and not overwrite their sources.
TEST_P(Texture, ManyImagesDoNotOverwriteEachOther) {
  std::vector<GLuint> textures;
  const std::size_t size = 1000 * 600 * 4;
  for (std::uint64_t number = 0; number < 8; ++number) {
    textures.push_back(make({GL_TEXTURE_2D, GL_RGBA8, 1000, 600}));
    Bytes source = pattern(size, number);
    take(pmb::upload_texture(
        *context_, {.texture = textures.back(), .target = GL_TEXTURE_2D, .width = 1000, .height = 600}, kRgba,
        source));
    // The source is free on return.
    std::fill(source.begin(), source.end(), std::byte{0});
  }
  gl_.Finish();
  for (std::uint64_t number = 0; number < textures.size(); ++number) {
    EXPECT_TRUE(fake_->texels(textures[number], 0) == pattern(size, number)) << number;
  }
}

TEST_P(Texture, ImagesLargerThanTheRingTravelInBandsInBothDirections) {
  for (const Image& image :
       {Image{GL_TEXTURE_2D, GL_RGBA8, 2000, 1500}, Image{GL_TEXTURE_3D, GL_RGBA8, 200, 100, 130}}) {
    const GLuint texture = make(image);
    const TextureRegion region = {.texture = texture,
                                  .target = image.target,
                                  .width = static_cast<std::uint32_t>(image.width),
                                  .height = static_cast<std::uint32_t>(image.height),
                                  .depth = static_cast<std::uint32_t>(image.depth)};
    const Bytes bytes = pattern(fake_->texels(texture, 0).size(), 3);
    ASSERT_GT(bytes.size(), 4 * kPiece);
    take(pmb::upload_texture(*context_, region, kRgba, bytes));
    Bytes found(bytes.size());
    take(pmb::read_texture(*context_, region, kRgba, found));
    EXPECT_TRUE(found == bytes);
    EXPECT_TRUE(fake_->texels(texture, 0) == bytes);
  }
}

TEST_P(Texture, CompressedImagesLargerThanTheRingsPieceTravelInBands) {
  const GLuint texture = make({GL_TEXTURE_2D, GL_COMPRESSED_RGBA_BPTC_UNORM, 2048, 1280});
  const TextureRegion region = {.texture = texture, .target = GL_TEXTURE_2D, .width = 2048, .height = 1280};
  const Bytes blocks = pattern(std::size_t{512} * 320 * 16, 1);
  ASSERT_GT(blocks.size(), kPiece);
  take(pmb::upload_texture(*context_, region, {.format = GL_COMPRESSED_RGBA_BPTC_UNORM}, blocks));
  gl_.Finish();
  EXPECT_TRUE(fake_->texels(texture, 0) == blocks);
}

// The GPU takes a band while the CPU copies the next one. The fence of the last band is the ticket's.
TEST_P(Texture, EachBandIsFlushedBeforeTheNextAndNeedsOneFence) {
  const GLuint texture = make({GL_TEXTURE_2D, GL_RGBA8, 1024, 1024});
  const TextureRegion region = {.texture = texture, .target = GL_TEXTURE_2D, .width = 1024, .height = 1024};
  const Bytes bytes = pattern(2 * kPiece, 3);
  const pmb::Ticket ticket = take(pmb::upload_texture(*context_, region, kRgba, bytes));
  const bool by_ring = context_->limits().buffer_storage && GetParam().edit != Edit::traditional;
  EXPECT_EQ(fake_->calls("glFlush"), by_ring ? 1U : 0U);
  EXPECT_EQ(fake_->calls("glFenceSync"), by_ring ? 2U : 1U);
  take(ticket.wait(1s));
  EXPECT_TRUE(fake_->texels(texture, 0) == bytes);
}

// What is longer than a piece and cannot be cut gets a ring for the time of the call.
TEST_P(Texture, ALevelAsLongAsAPieceIsReadThroughTheSharedRing) {
  const GLuint texture = make({GL_TEXTURE_2D, GL_RGBA8, 1024, 512});
  const TextureRegion region = {.texture = texture, .target = GL_TEXTURE_2D, .width = 1024, .height = 512};
  Bytes found(kPiece);
  take(pmb::read_texture(*context_, region, kRgba, found));
  fake_->clear_log();
  take(pmb::read_texture(*context_, region, kRgba, found));
  EXPECT_EQ(fake_->calls("glGenBuffers") + fake_->calls("glCreateBuffers"), 0U);
}

/// Each band is copied by several threads.
class ThreadedTexture : public Texture {
 protected:
  void SetUp() override {
    Texture::SetUp();
    pmb::Options options = options_of(GetParam().edit, GetParam().model);
    auto plan = std::make_shared<pmb::TransferPlan>();
    plan->up.steps = {{.chunk_bytes = std::uint64_t{2} << 20, .threads = 3}};
    options.transfer = plan;
    options.copy_threads = 3;
    options.parallel_for = [](std::size_t count, const auto& body) {
      std::vector<std::jthread> helpers;
      for (std::size_t i = 1; i < count; ++i) helpers.emplace_back(body, i);
      body(0);
    };
    context_.reset();
    context_ = take(open(std::move(options)));
  }
};
INSTANTIATE_TEST_SUITE_P(Paths, ThreadedTexture, every_path(), path_name);

TEST_P(ThreadedTexture, BandsOfImagesAndWholeImagesReachTheirPlaces) {
  for (const Image& image :
       {Image{GL_TEXTURE_2D, GL_RGBA8, 500, 400}, Image{GL_TEXTURE_2D, GL_RGBA8, 2000, 1500},
        Image{GL_TEXTURE_3D, GL_RGBA8, 200, 100, 130}, Image{GL_TEXTURE_3D, GL_RGBA8, 512, 300, 9}}) {
    const GLuint texture = make(image);
    const TextureRegion region = {.texture = texture,
                                  .target = image.target,
                                  .width = static_cast<std::uint32_t>(image.width),
                                  .height = static_cast<std::uint32_t>(image.height),
                                  .depth = static_cast<std::uint32_t>(image.depth)};
    Bytes bytes = pattern(fake_->texels(texture, 0).size(), 3);
    const Bytes expected = bytes;
    const pmb::Ticket ticket = take(pmb::upload_texture(*context_, region, kRgba, bytes));
    std::fill(bytes.begin(), bytes.end(), std::byte{0});  // free on return
    take(ticket.wait(1s));
    EXPECT_TRUE(fake_->texels(texture, 0) == expected) << image.width << " " << image.depth;
  }
}

TEST_P(Texture, PlanesShareOneFenceAndTheirTicketPassesOnceTheyAreRead) {
  const GLuint planes[] = {make({GL_TEXTURE_2D, GL_R8, 64, 48}), make({GL_TEXTURE_2D, GL_R8, 32, 24}),
                           make({GL_TEXTURE_2D, GL_R8, 32, 24})};
  const Bytes frame = pattern(64 * 48 * 3 / 2, 5);
  const TexelLayout red = {.format = GL_RED, .type = GL_UNSIGNED_BYTE};
  std::vector<pmb::TextureUpload> uploads;
  std::size_t offset = 0;
  for (const GLuint plane : planes) {
    const std::uint32_t half = plane == planes[0] ? 1 : 2;
    TexelLayout layout = red;
    layout.offset_bytes = offset;
    uploads.push_back({{.texture = plane, .target = GL_TEXTURE_2D, .width = 64 / half, .height = 48 / half},
                       layout,
                       frame});
    offset += 64 / half * 48 / half;
  }
  take(pmb::upload_textures(*context_, uploads));
  fake_->clear_log();
  const pmb::Ticket ticket = take(pmb::upload_textures(*context_, uploads));
  EXPECT_EQ(fake_->calls("glFenceSync"), 1U);
  EXPECT_EQ(fake_->calls("glMemoryBarrier"), context_->limits().memory_barrier ? 1U : 0U);
  EXPECT_FALSE(ticket.passed());
  take(ticket.wait(1s));
  EXPECT_TRUE(ticket.passed());
  Bytes found;
  for (const GLuint plane : planes) {
    const Bytes texels = fake_->texels(plane, 0);
    found.insert(found.end(), texels.begin(), texels.end());
  }
  EXPECT_EQ(found, frame);
  // One invalid image stops all of them.
  uploads[2].region.width = 33;
  fake_->clear_log();
  if (has_level_queries()) {
    EXPECT_EQ(id_of(pmb::upload_textures(*context_, uploads)), ErrorId::region_outside);
  }
  EXPECT_EQ(fake_->calls("glTextureSubImage2D") + fake_->calls("glTexSubImage2D"), 0U);
}

TEST_P(Texture, StridesAreReadFromMemoryAndWrittenAroundTheGaps) {
  const GLuint texture = make({GL_TEXTURE_2D_ARRAY, GL_RGB8, 9, 4, 3});
  const TextureRegion region = {
      .texture = texture, .target = GL_TEXTURE_2D_ARRAY, .width = 9, .height = 4, .depth = 3};
  for (const TexelLayout& layout :
       {TexelLayout{.format = GL_RGB, .type = GL_UNSIGNED_BYTE, .offset_bytes = 5, .row_stride_bytes = 30},
        TexelLayout{
            .format = GL_RGB, .type = GL_UNSIGNED_BYTE, .row_stride_bytes = 28, .image_stride_bytes = 140},
        TexelLayout{.format = GL_RGB, .type = GL_UNSIGNED_BYTE, .row_stride_bytes = 32},
        TexelLayout{
            .format = GL_RGB, .type = GL_UNSIGNED_BYTE, .row_stride_bytes = 37, .image_stride_bytes = 151}}) {
    const std::size_t size = take(pmb::texel_bytes(region, layout));
    const Bytes source = pattern(size, layout.row_stride_bytes);
    take(pmb::upload_texture(*context_, region, layout, source));
    Bytes expected = filled(size, 0x5C);
    Bytes packed;
    const std::size_t images =
        layout.image_stride_bytes != 0 ? layout.image_stride_bytes : 4 * layout.row_stride_bytes;
    for (std::size_t z = 0; z < 3; ++z) {
      for (std::size_t y = 0; y < 4; ++y) {
        const auto at =
            static_cast<std::ptrdiff_t>(layout.offset_bytes + z * images + y * layout.row_stride_bytes);
        std::copy_n(source.begin() + at, 27, expected.begin() + at);
        packed.insert(packed.end(), source.begin() + at, source.begin() + at + 27);
      }
    }
    gl_.Finish();
    EXPECT_EQ(fake_->texels(texture, 0), packed);
    Bytes found = filled(size, 0x5C);
    const auto read = pmb::read_texture(*context_, region, layout, found);
    if (gles()) {
      EXPECT_EQ(id_of(read), ErrorId::read_pair_illegal);
    } else {
      take(read);
      EXPECT_EQ(found, expected);
    }

    // In place, in both directions: GL gets the same strides.
    auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
    fake_->set_texels(texture, 0, filled(packed.size(), 0));
    const pmb::Slice slice = put(ring, source);
    take(pmb::upload_texture(*context_, region, layout, slice));
    take(ring.retire(mark()));
    gl_.Finish();
    EXPECT_EQ(fake_->texels(texture, 0), packed);
    if (gles()) continue;
    auto readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
    const auto pending = pmb::read_texture(*context_, region, layout, readback);
    // Whole levels cannot be read in layouts that pixel-store state cannot express.
    if (!pending) {
      EXPECT_EQ(pending.error().id, ErrorId::texture_unreadable);
      EXPECT_FALSE(context_->limits().direct_state_access);
      continue;
    }
    mark();
    const auto view = take(pending->wait(1s));
    for (std::size_t z = 0; z < 3; ++z) {
      for (std::size_t y = 0; y < 4; ++y) {
        const std::size_t at = layout.offset_bytes + z * images + y * layout.row_stride_bytes;
        EXPECT_EQ(copy(view.bytes().subspan(at, 27)), copy(std::span(source).subspan(at, 27)))
            << z << " " << y;
      }
    }
    take(pending->release());
  }
}

TEST_P(Texture, CompressedBlocksTravelByRowsOfBlocks) {
  const GLuint texture = make({GL_TEXTURE_2D, GL_COMPRESSED_RGBA_BPTC_UNORM, 18, 10});
  const TexelLayout bptc = {.format = GL_COMPRESSED_RGBA_BPTC_UNORM};
  TextureRegion region = {.texture = texture, .target = GL_TEXTURE_2D, .width = 18, .height = 10};
  const Bytes blocks = pattern(5 * 3 * 16, 1);
  EXPECT_EQ(take(pmb::texel_bytes(region, bptc)), blocks.size());
  take(pmb::upload_texture(*context_, region, bptc, blocks));
  Bytes found(blocks.size());
  if (gles()) {
    EXPECT_EQ(id_of(pmb::read_texture(*context_, region, bptc, found)), ErrorId::texture_unreadable);
  } else {
    take(pmb::read_texture(*context_, region, bptc, found));
    EXPECT_EQ(found, blocks);
  }
  // The corner, whose last blocks the level cuts.
  region.x = 12;
  region.width = 6;
  region.y = 8;
  region.height = 2;
  const Bytes corner = pattern(32, 2);
  take(pmb::upload_texture(*context_, region, bptc, corner));
  Bytes expected = blocks;
  std::copy(corner.begin(), corner.end(), expected.end() - 32);
  gl_.Finish();
  EXPECT_EQ(fake_->texels(texture, 0), expected);
  region.x = 13;
  region.width = 5;
  EXPECT_EQ(id_of(pmb::upload_texture(*context_, region, bptc, corner)), ErrorId::block_cut);
  if (gles()) return;
  const TextureRegion line = {
      .texture = make({GL_TEXTURE_1D, GL_RGBA8, 16}), .target = GL_TEXTURE_1D, .width = 16};
  EXPECT_EQ(id_of(pmb::upload_texture(*context_, line, bptc, corner)), ErrorId::format_not_of_target);
}

TEST_P(Texture, PixelsArriveImmediatelyOrOnlyAfterAMark) {
  const GLuint texture = make({GL_TEXTURE_2D, GL_RGBA8, 16, 8});
  fake_->set_texels(texture, 0, pattern(512, 1));
  read_from(texture);
  Bytes found(4 * 5 * 4);
  const pmb::PixelRectangle rectangle = {.x = 2, .y = 1, .width = 5, .height = 4};
  take(pmb::read_pixels(*context_, rectangle, kRgba, found));
  Bytes expected;
  const Bytes texels = fake_->texels(texture, 0);
  for (std::ptrdiff_t y = 1; y < 5; ++y) {
    expected.insert(expected.end(), texels.begin() + (y * 16 + 2) * 4, texels.begin() + (y * 16 + 7) * 4);
  }
  EXPECT_EQ(found, expected);
  auto ring = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 4096}));
  const auto pending = take(pmb::read_pixels(*context_, rectangle, kRgba, ring));
  EXPECT_EQ(id_of(pending.try_view()), ErrorId::never_marked);
  mark();
  EXPECT_EQ(id_of(pending.try_view()), ErrorId::not_passed_yet);
  EXPECT_EQ(copy(take(pending.wait(1s)).bytes()), expected);
  take(pending.release());
}

// Reads see image stores, and uploads do not overtake them.
TEST_P(Texture, ImageStoresPrecedeReadsAndUploads) {
  if (!has_image_stores()) GTEST_SKIP() << "shaders store nothing here";
  const GLuint texture = make({GL_TEXTURE_2D, GL_RGBA8, 8, 4});
  const TextureRegion region = {.texture = texture, .target = GL_TEXTURE_2D, .width = 8, .height = 4};
  Bytes found(128);
  take(pmb::read_texture(*context_, region, kRgba, found));
  fake_->image_store(texture, 0, 0, pattern(128, 1));
  take(pmb::read_texture(*context_, region, kRgba, found));
  EXPECT_EQ(found, pattern(128, 1));
  read_from(texture);
  fake_->image_store(texture, 0, 0, pattern(128, 2));
  take(pmb::read_pixels(*context_, {.width = 8, .height = 4}, kRgba, found));
  EXPECT_EQ(found, pattern(128, 2));
  fake_->image_store(texture, 0, 0, pattern(128, 3));
  take(pmb::upload_texture(*context_, region, kRgba, pattern(128, 4)));
  gl_.Finish();
  EXPECT_EQ(fake_->texels(texture, 0), pattern(128, 4));
  // A part of the texture, which older contexts read through a framebuffer.
  fake_->image_store(texture, 0, 0, pattern(128, 5));
  Bytes row(16);
  take(pmb::read_texture(*context_, {.texture = texture, .target = GL_TEXTURE_2D, .x = 2, .width = 4}, kRgba,
                         row));
  const Bytes stored = pattern(128, 5);
  EXPECT_EQ(row, copy(std::span(stored).subspan(8, 16)));
}

// A texture upload reads a shader's buffer stores only after a barrier.
TEST_P(Texture, ShaderWrittenSlicesAreUploadedAfterTheirBarrier) {
  if (!has_image_stores()) GTEST_SKIP() << "shaders store nothing here";
  const GLuint texture = make({GL_TEXTURE_2D, GL_RGBA8, 8, 4});
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
  const pmb::Slice slice = put(ring, pattern(128, 1));
  fake_->shader_write(slice.buffer(), static_cast<std::int64_t>(slice.offset_bytes()), pattern(128, 2));
  take(pmb::upload_texture(*context_, {.texture = texture, .target = GL_TEXTURE_2D, .width = 8, .height = 4},
                           kRgba, slice));
  take(ring.retire(mark()));
  gl_.Finish();
  EXPECT_EQ(fake_->texels(texture, 0), pattern(128, 2));
}

TEST_P(Texture, EveryCallLeavesTheStateAsItWas) {
  const GLuint flat = make({GL_TEXTURE_2D, GL_RGBA8, 9, 8});
  const GLuint deep = make({GL_TEXTURE_3D, GL_RGBA32F, 6, 4, 4});
  const GLuint cube = make({GL_TEXTURE_CUBE_MAP, GL_RGB8, 5, 5});
  const GLuint blocks = make({GL_TEXTURE_2D, GL_COMPRESSED_RED_RGTC1, 8, 8});
  const GLuint depth = make({GL_TEXTURE_2D, GL_DEPTH_COMPONENT32F, 8, 8});
  const TexelLayout floats = {.format = GL_RGBA, .type = GL_FLOAT};
  const TexelLayout rgb = {.format = GL_RGB, .type = GL_UNSIGNED_BYTE};
  const TexelLayout rgtc = {.format = GL_COMPRESSED_RED_RGTC1};
  const TexelLayout depths = {.format = GL_DEPTH_COMPONENT, .type = GL_FLOAT};
  const TextureRegion regions[] = {
      {.texture = flat, .target = GL_TEXTURE_2D, .width = 9, .height = 8},
      {.texture = flat, .target = GL_TEXTURE_2D, .x = 1, .y = 1, .width = 7, .height = 6},
      {.texture = deep, .target = GL_TEXTURE_3D, .width = 6, .height = 4, .depth = 4},
      {.texture = deep, .target = GL_TEXTURE_3D, .x = 1, .y = 1, .z = 1, .width = 4, .height = 2, .depth = 2},
      {.texture = cube, .target = GL_TEXTURE_CUBE_MAP, .z = 1, .width = 5, .height = 5, .depth = 4},
      {.texture = blocks, .target = GL_TEXTURE_2D, .width = 8, .height = 8},
      {.texture = depth, .target = GL_TEXTURE_2D, .width = 8, .height = 8},
      {.texture = depth, .target = GL_TEXTURE_2D, .x = 1, .width = 6, .height = 8},
  };
  const TexelLayout layouts[] = {kRgba, kRgba, floats, floats, rgb, rgtc, depths, depths};
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 1 << 16}));
  auto readback = take(pmb::ReadbackRing::create(*context_, {.capacity_bytes = 1 << 16}));
  take(pmb::upload_texture(*context_, regions[0], kRgba, pattern(288, 1)));
  Bytes scratch(288);
  take(pmb::read_texture(*context_, regions[0], kRgba, scratch));
  disturb();
  read_from(flat);
  for (std::size_t i = 0; i < std::size(regions); ++i) {
    SCOPED_TRACE(i);
    const Bytes bytes = pattern(take(pmb::texel_bytes(regions[i], layouts[i])), i);
    audit("upload", [&] { take(pmb::upload_texture(*context_, regions[i], layouts[i], bytes)); });
    gl_.Finish();
    // Whole levels are looked at; what changes bytes both ways would not show in what comes back.
    const Bytes texels = fake_->texels(regions[i].texture, 0);
    EXPECT_TRUE(texels.size() != bytes.size() || texels == bytes);
    Bytes found(bytes.size());
    // OpenGL ES reads no others.
    const bool readable = !gles() || layouts[i].format == GL_RGBA;
    audit("read", [&] {
      EXPECT_EQ(pmb::read_texture(*context_, regions[i], layouts[i], found).has_value(), readable);
    });
    EXPECT_TRUE(!readable || found == bytes);
    const pmb::Slice slice = put(ring, pattern(bytes.size(), 100 + i));
    audit("in place", [&] { take(pmb::upload_texture(*context_, regions[i], layouts[i], slice)); });
    pmb::Result<pmb::PendingReadback> pending;
    audit("read later", [&] { pending = pmb::read_texture(*context_, regions[i], layouts[i], readback); });
    take(ring.retire(mark()));
    EXPECT_EQ(pending.has_value(), readable);
    if (pending) {
      EXPECT_TRUE(copy(take(pending->wait(1s)).bytes()) == pattern(bytes.size(), 100 + i));
      take(pending->release());
    }
    audit("refusal", [&] {
      EXPECT_FALSE(pmb::upload_texture(*context_, regions[i], layouts[i], std::span(bytes).first(3)));
      EXPECT_FALSE(pmb::read_texture(*context_, regions[i], layouts[i], std::span(found).first(3)));
    });
  }
  Bytes pixels(9 * 8 * 4);
  audit("pixels", [&] { take(pmb::read_pixels(*context_, {.width = 9, .height = 8}, kRgba, pixels)); });
  EXPECT_EQ(pixels, fake_->texels(flat, 0));
  audit("pixels later", [&] {
    take(take(pmb::read_pixels(*context_, {.width = 9, .height = 8}, kRgba, readback)).release());
  });
  mark();
}

// Every kind of failure once, and then it works again.
TEST_P(Texture, FailedFencesLeaveLaterCallsRight) {
  const GLuint texture = make({GL_TEXTURE_2D, GL_RGBA8, 1000, 600});
  const TextureRegion region = {.texture = texture, .target = GL_TEXTURE_2D, .width = 1000, .height = 600};
  const Bytes bytes = pattern(1000 * 600 * 4, 1);
  Bytes found(bytes.size());
  take(pmb::upload_texture(*context_, region, kRgba, bytes));
  take(pmb::read_texture(*context_, region, kRgba, found));
  for (int i = 0; i < 6; ++i) {
    fake_->script("glFenceSync", 1, strict_gl::return_zero().for_ever());
    EXPECT_EQ(id_of(pmb::upload_texture(*context_, region, kRgba, pattern(bytes.size(), 9))),
              ErrorId::fence_is_null);
    EXPECT_EQ(id_of(pmb::read_texture(*context_, region, kRgba, found)), ErrorId::fence_is_null);
    fake_->clear_script();
  }
  for (std::uint64_t i = 0; i < 4; ++i) {
    const Bytes next = pattern(bytes.size(), i);
    take(pmb::upload_texture(*context_, region, kRgba, next));
    take(pmb::read_texture(*context_, region, kRgba, found));
    EXPECT_TRUE(found == next);
  }
}

// More images than the ring has records, none of them fenced yet.
TEST_P(Texture, ThousandsOfSmallImagesTravelInOneCall) {
  const GLuint texture = make({GL_TEXTURE_2D, GL_R8, 200, 100});
  const Bytes bytes = pattern(200 * 100, 1);
  std::vector<pmb::TextureUpload> uploads;
  for (std::uint32_t i = 0; i < 200 * 100; ++i) {
    uploads.push_back({{.texture = texture, .target = GL_TEXTURE_2D, .x = i % 200, .y = i / 200, .width = 1},
                       {.format = GL_RED, .type = GL_UNSIGNED_BYTE, .offset_bytes = i},
                       bytes});
  }
  take(pmb::upload_textures(*context_, uploads));
  gl_.Finish();
  EXPECT_TRUE(fake_->texels(texture, 0) == bytes);
}

TEST_P(Texture, ForeignSlicesAndRingsAreRefused) {
  const GLuint texture = make({GL_TEXTURE_2D, GL_RGBA8, 4, 4});
  const TextureRegion region = {.texture = texture, .target = GL_TEXTURE_2D, .width = 4, .height = 4};
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 4096}));
  const pmb::Slice slice = take(ring.acquire(64));
  EXPECT_EQ(id_of(pmb::upload_texture(*context_, region, kRgba, slice)), ErrorId::not_published);
  EXPECT_EQ(id_of(pmb::upload_texture(*context_, region, kRgba, pmb::Slice())), ErrorId::stale_slice);
  take(ring.publish(slice, 63));
  EXPECT_EQ(id_of(pmb::upload_texture(*context_, region, kRgba, slice)), ErrorId::range_outside);
  auto other = take(open(options_of(GetParam().edit, GetParam().model)));
  auto theirs = take(pmb::UploadRing::create(other, {.capacity_bytes = 4096}));
  const pmb::Slice foreign = put(theirs, pattern(64, 1));
  EXPECT_EQ(id_of(pmb::upload_texture(*context_, region, kRgba, foreign)), ErrorId::other_context_current);
  auto readback = take(pmb::ReadbackRing::create(other, {.capacity_bytes = 4096}));
  EXPECT_EQ(id_of(pmb::read_texture(*context_, region, kRgba, readback)), ErrorId::other_context_current);
  pmb::ReadbackRing none;
  EXPECT_EQ(id_of(pmb::read_texture(*context_, region, kRgba, none)), ErrorId::not_mapped);
}

TEST_P(Texture, BlocksGiveAndTakeTexels) {
  const GLuint texture = make({GL_TEXTURE_2D, GL_RGBA8, 4, 4});
  const TextureRegion region = {.texture = texture, .target = GL_TEXTURE_2D, .width = 4, .height = 4};
  auto pool = take(pmb::BlockPool::create(*context_, {.block_bytes = 128, .count = 2}));
  const pmb::Block block = take(pool.acquire());
  EXPECT_EQ(id_of(pmb::upload_texture(*context_, region, kRgba, block)), ErrorId::not_published);
  EXPECT_EQ(id_of(pmb::read_texture(*context_, region, kRgba, block)), ErrorId::not_published);
  EXPECT_EQ(id_of(pmb::upload_texture(*context_, region, kRgba, pmb::Block())), ErrorId::stale_slice);
  const Bytes texels = pattern(64, 5);
  std::copy(texels.begin(), texels.end(), block.raw_bytes().begin());
  take(pool.publish(block, 64));
  take(pmb::upload_texture(*context_, region, kRgba, block));
  EXPECT_EQ(id_of(pmb::upload_texture(*context_, region, {.format = GL_RGBA, .type = GL_FLOAT}, block)),
            ErrorId::range_outside);
  gl_.Finish();
  EXPECT_EQ(fake_->texels(texture, 0), texels);

  fake_->set_texels(texture, 0, pattern(64, 6));
  take(pmb::read_texture(*context_, region, kRgba, block));
  const Bytes found = copy(take(pool.wait_view(block, mark(), 1s)).bytes());
  EXPECT_EQ(Bytes(found.begin(), found.begin() + 64), pattern(64, 6));
  take(pool.release(block));
  EXPECT_EQ(id_of(pmb::upload_texture(*context_, region, kRgba, block)), ErrorId::stale_slice);

  // A read-only pool has no publish.
  auto frames =
      take(pmb::BlockPool::create(*context_, {.block_bytes = 64, .count = 1, .access = pmb::Access::read}));
  const pmb::Block frame = take(frames.acquire());
  read_from(texture);
  take(pmb::read_pixels(*context_, {.width = 4, .height = 4}, kRgba, frame));
  EXPECT_EQ(copy(take(frames.wait_view(frame, mark(), 1s)).bytes()), pattern(64, 6));
  take(frames.release(frame));

  auto writes = take(pmb::BlockPool::create(
      *context_, {.block_bytes = 64, .count = 1, .access = pmb::Access::sequential_write}));
  const pmb::Block written = take(writes.acquire());
  take(writes.publish(written, 64));
  EXPECT_EQ(id_of(pmb::read_texture(*context_, region, kRgba, written)), ErrorId::not_readable);
  auto other = take(open(options_of(GetParam().edit, GetParam().model)));
  auto theirs = take(pmb::BlockPool::create(other, {.block_bytes = 64, .count = 1}));
  const pmb::Block foreign = take(theirs.acquire());
  take(theirs.publish(foreign, 64));
  EXPECT_EQ(id_of(pmb::upload_texture(*context_, region, kRgba, foreign)), ErrorId::other_context_current);
  take(theirs.retire(foreign, take(other.timeline().mark())));
  take(writes.retire(written, mark()));
  const pmb::Block outlived = take(writes.acquire());
  writes = {};
  EXPECT_EQ(id_of(pmb::upload_texture(*context_, region, kRgba, outlived)), ErrorId::stale_slice);
}

// Queries are expensive: state that cannot matter is not queried.
TEST_P(Texture, OnlyStateThatMayDifferIsQueried) {
  const GLuint texture = make({GL_TEXTURE_2D, GL_RGBA8, 8, 4});
  const TextureRegion region = {.texture = texture, .target = GL_TEXTURE_2D, .width = 8, .height = 4};
  take(pmb::upload_texture(*context_, region, kRgba, pattern(128, 1)));
  fake_->clear_log();
  take(pmb::upload_texture(*context_, region, kRgba, pattern(128, 1)));
  // The buffer binding, two skips, the row length; by binding the texture's too.
  EXPECT_EQ(fake_->calls("glGetIntegerv"), context_->limits().direct_state_access ? 4U : 5U);
  EXPECT_EQ(fake_->calls("glPixelStorei"), 0U);
}

// A row has no distance to the next one, and a part of a level is read image by image through a framebuffer.
TEST_P(Texture, TheDistanceOfRowsAndImagesIsQueriedOnlyWhereThereIsOne) {
  const GLuint texture = make({GL_TEXTURE_3D, GL_RGBA8, 8, 4, 2});
  TextureRegion region = {.texture = texture, .target = GL_TEXTURE_3D, .width = 8};
  const auto queries = [&](std::initializer_list<int> names) {
    const auto is_named = [&](const strict_gl::LoggedCall& call) {
      return std::ranges::find(names, call.values.at(0)) != names.end();
    };
    return std::ranges::count_if(fake_->log_of("glGetIntegerv"), is_named);
  };
  take(pmb::upload_texture(*context_, region, kRgba, pattern(32, 1)));
  EXPECT_EQ(queries({GL_UNPACK_ROW_LENGTH}), 0);
  region.width = 4;
  region.height = 4;
  Bytes found(64);
  fake_->clear_log();
  take(pmb::read_texture(*context_, region, kRgba, found));
  if (!context_->limits().direct_state_access) {
    EXPECT_EQ(queries({GL_PACK_SKIP_IMAGES, GL_PACK_IMAGE_HEIGHT}), 0);
  }
}

TEST_P(Texture, OpenGlEsReadsTenBitsOnlyFromBuffersThatHaveThem) {
  if (!gles()) GTEST_SKIP() << "OpenGL converts";
  read_from(make({GL_TEXTURE_2D, GL_RGBA8, 4, 4}));
  Bytes found(64);
  EXPECT_EQ(id_of(pmb::read_pixels(*context_, {.width = 4, .height = 4},
                                   {.format = GL_RGBA, .type = GL_UNSIGNED_INT_2_10_10_10_REV}, found)),
            ErrorId::read_pair_illegal);
}

}  // namespace
