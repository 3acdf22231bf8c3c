// SPDX-License-Identifier: MIT
//
// The strict fake GL is strict about texels: it reads and writes them late, after the right barriers, and only through
// legal calls.
#include "strict_gl_fixture.hpp"

namespace {

using strict_gl::Bytes;

const void* at(std::uintptr_t offset) {
  return reinterpret_cast<const void*>(offset);
}
void* into(std::uintptr_t offset) {
  return reinterpret_cast<void*>(offset);
}

class StrictGlTexture : public StrictGl {
 protected:
  StrictGlTexture() {
    buffer_ = storage(64, kPersistentWrite | GL_MAP_COHERENT_BIT | GL_MAP_READ_BIT, filled(64, 1).data());
    memory_ = map(buffer_, 0, 64, kPersistentWrite | GL_MAP_COHERENT_BIT | GL_MAP_READ_BIT);
    texture_ = make(GL_RGBA8);
    gl_.PixelStorei(GL_UNPACK_ALIGNMENT, 1);
    gl_.BindBuffer(GL_PIXEL_UNPACK_BUFFER, buffer_);
    gl_.BindBuffer(GL_PIXEL_PACK_BUFFER, buffer_);
  }

  GLuint make(GLenum internal_format) {
    GLuint name = 0;
    gl_.GenTextures(1, &name);
    gl_.BindTexture(GL_TEXTURE_2D, name);
    gl_.TexStorage2D(GL_TEXTURE_2D, 1, internal_format, 4, 4);
    return name;
  }

  void upload() { gl_.TextureSubImage2D(texture_, 0, 0, 0, 4, 4, GL_RGBA, GL_UNSIGNED_BYTE, at(0)); }
  void read() {
    gl_.GetTextureSubImage(texture_, 0, 0, 0, 0, 4, 4, 1, GL_RGBA, GL_UNSIGNED_BYTE, 64, into(0));
  }

  GLuint buffer_ = 0;
  std::byte* memory_ = nullptr;
  GLuint texture_ = 0;
};

TEST_F(StrictGlTexture, TexelsAreReadWhenTheCommandRunsAndNotBefore) {
  upload();
  std::fill_n(memory_, 64, std::byte{2});  // too early
  EXPECT_NE(fake_->texels(texture_, 0), filled(64, 2));
  finish_with_fence();
  EXPECT_EQ(fake_->texels(texture_, 0), filled(64, 2));
}

TEST_F(StrictGlTexture, TexelsArriveInABufferOnlyWhenTheCommandRuns) {
  fake_->set_texels(texture_, 0, filled(64, 5));
  read();
  EXPECT_EQ(copy_of(memory_, 64), filled(64, 1));
  finish_with_fence();
  EXPECT_EQ(copy_of(memory_, 64), filled(64, 5));
}

TEST_F(StrictGlTexture, ImageStoresStayHiddenUntilTheirBarrier) {
  fake_->set_texels(texture_, 0, filled(64, 5));
  fake_->image_store(texture_, 0, 0, filled(64, 6));
  gl_.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT | GL_PIXEL_BUFFER_BARRIER_BIT);  // not these
  read();
  gl_.Finish();
  EXPECT_EQ(copy_of(memory_, 64), filled(64, 5));
  gl_.MemoryBarrier(GL_TEXTURE_UPDATE_BARRIER_BIT);
  read();
  gl_.Finish();
  EXPECT_EQ(copy_of(memory_, 64), filled(64, 6));
}

TEST_F(StrictGlTexture, OverwritingImageStoresWithoutABarrierIsAViolation) {
  fake_->image_store(texture_, 0, 0, filled(64, 6));
  upload();
  gl_.Finish();
  EXPECT_TRUE(fake_->violated("TEXTURE_UPDATE"));
  fake_->clear_violations();
}

TEST_F(StrictGlTexture, ShaderStoresIntoAPixelBufferStayHiddenUntilTheirBarrier) {
  fake_->shader_write(buffer_, 0, filled(64, 7));
  gl_.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
  upload();
  gl_.Finish();
  EXPECT_EQ(fake_->texels(texture_, 0), filled(64, 1));
  gl_.MemoryBarrier(GL_PIXEL_BUFFER_BARRIER_BIT);
  upload();
  gl_.Finish();
  EXPECT_EQ(fake_->texels(texture_, 0), filled(64, 7));
}

TEST_F(StrictGlTexture, IllegalTransfersAreRefused) {
  const auto upload_2d = [&](GLint x, GLsizei width, GLenum format, GLenum type, std::uintptr_t offset) {
    gl_.TextureSubImage2D(texture_, 0, x, 0, width, 4, format, type, at(offset));
  };
  upload_2d(1, 4, GL_RGBA, GL_UNSIGNED_BYTE, 0);
  expect_refused(GL_INVALID_VALUE, "outside the level");
  upload_2d(0, 4, GL_RGBA_INTEGER, GL_UNSIGNED_BYTE, 0);
  expect_refused(GL_INVALID_OPERATION, "another format");
  upload_2d(0, 4, GL_RGBA, GL_UNSIGNED_BYTE, 1);
  expect_refused(GL_INVALID_OPERATION, "beyond the buffer");
  gl_.GetTextureSubImage(texture_, 0, 0, 0, 0, 4, 4, 1, GL_RGBA, GL_UNSIGNED_BYTE, 63, into(0));
  expect_refused(GL_INVALID_OPERATION, "bufSize");
  texture_ = make(GL_R32F);
  gl_.TextureSubImage2D(texture_, 0, 0, 0, 1, 1, GL_RED, GL_FLOAT, at(2));
  expect_refused(GL_INVALID_OPERATION, "misaligned");
  const GLuint mapped = storage(64, GL_MAP_WRITE_BIT);
  ASSERT_NE(map(mapped, 0, 64, GL_MAP_WRITE_BIT), nullptr);
  gl_.BindBuffer(GL_PIXEL_UNPACK_BUFFER, mapped);
  gl_.TextureSubImage2D(texture_, 0, 0, 0, 1, 1, GL_RED, GL_FLOAT, at(0));
  expect_refused(GL_INVALID_OPERATION, "mapped without PERSISTENT");
  gl_.ReadPixels(0, 0, 1, 1, GL_RGBA, GL_UNSIGNED_BYTE, into(0));
  expect_refused(GL_INVALID_FRAMEBUFFER_OPERATION, "no framebuffer");
  gl_.PixelStorei(GL_UNPACK_ALIGNMENT, 3);
  expect_refused(GL_INVALID_VALUE, "alignment");
  gl_.CompressedTextureSubImage2D(make(GL_COMPRESSED_RED_RGTC1), 0, 0, 0, 3, 4, GL_COMPRESSED_RED_RGTC1, 8,
                                  at(0));
  expect_refused(GL_INVALID_OPERATION, "a cut block");
}

class StrictGlClientTexels : public StrictGlTexture {
 protected:
  StrictGlClientTexels() {
    gl_.BindBuffer(GL_PIXEL_UNPACK_BUFFER, 0);
    gl_.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  }
  void upload(const void* texels) {
    gl_.TextureSubImage2D(texture_, 0, 0, 0, 4, 4, GL_RGBA, GL_UNSIGNED_BYTE, texels);
  }
  void read(void* texels) {
    gl_.GetTextureSubImage(texture_, 0, 0, 0, 0, 4, 4, 1, GL_RGBA, GL_UNSIGNED_BYTE, 64, texels);
  }
  void expect_violation(const char* part) {
    EXPECT_TRUE(fake_->violated(part)) << part;
    fake_->clear_violations();
  }
};

TEST_F(StrictGlClientTexels, TexelsAreReadBeforeTheCallReturns) {
  Bytes texels = filled(64, 8);
  upload(texels.data());
  std::fill(texels.begin(), texels.end(), std::byte{9});
  EXPECT_NE(fake_->texels(texture_, 0), filled(64, 8)) << "the image changes when the command runs";
  gl_.Finish();
  EXPECT_EQ(fake_->texels(texture_, 0), filled(64, 8));
}

TEST_F(StrictGlClientTexels, AReadWaitsForTheCommandsBeforeItAndForNothingElse) {
  upload(filled(64, 3).data());
  const auto later = fake_->shader_read(buffer_, 0, 16);
  Bytes texels(64);
  read(texels.data());
  EXPECT_EQ(texels, filled(64, 3));
  EXPECT_FALSE(later->executed());
}

TEST_F(StrictGlClientTexels, AReadShowsImageStoresOnlyAfterTheirBarrier) {
  fake_->set_texels(texture_, 0, filled(64, 5));
  fake_->image_store(texture_, 0, 0, filled(64, 6));
  Bytes texels(64);
  read(texels.data());
  EXPECT_EQ(texels, filled(64, 5));
  gl_.MemoryBarrier(GL_TEXTURE_UPDATE_BARRIER_BIT);
  read(texels.data());
  EXPECT_EQ(texels, filled(64, 6));
}

TEST_F(StrictGlClientTexels, UnsuitableMemoryIsAViolation) {
  upload(nullptr);
  expect_violation("null pointer");
  read(nullptr);
  expect_violation("null pointer");
  read(memory_ + 1);
  expect_violation("mapped memory");
  const GLuint write_only = storage(64, kPersistentWrite | GL_MAP_COHERENT_BIT);
  std::byte* const written = map(write_only, 0, 64, kPersistentWrite | GL_MAP_COHERENT_BIT);
  read(written);
  upload(written);
  expect_violation("mapped memory");
  const GLuint read_only = storage(64, GL_MAP_READ_BIT | GL_MAP_PERSISTENT_BIT);
  std::byte* const shown = map(read_only, 0, 64, GL_MAP_READ_BIT | GL_MAP_PERSISTENT_BIT);
  upload(shown);
  strict_gl::expect_clean(*fake_);
  read(shown);
  expect_violation("mapped memory");
  texture_ = make(GL_R32F);
  gl_.TextureSubImage2D(texture_, 0, 0, 0, 1, 1, GL_RED, GL_FLOAT, memory_ + 2);
  expect_violation("not aligned");
}

// Every parameter has the effect that section 8.4.4.1 specifies.
TEST_F(StrictGlTexture, PixelStoreStateDeterminesTheLayoutOfTexels) {
  for (int i = 0; i < 64; ++i) memory_[i] = static_cast<std::byte>(i);
  const auto first_texel = [&](GLenum name, GLint value) {
    gl_.PixelStorei(name, value);
    gl_.TextureSubImage2D(texture_, 0, 0, 0, 1, 2, GL_RGBA, GL_UNSIGNED_BYTE, at(0));
    gl_.Finish();
    gl_.PixelStorei(name, 0);
    const Bytes texels = fake_->texels(texture_, 0);
    return std::pair(std::to_integer<int>(texels[0]), std::to_integer<int>(texels[16]));
  };
  EXPECT_EQ(first_texel(GL_UNPACK_ROW_LENGTH, 0), std::pair(0, 4));
  EXPECT_EQ(first_texel(GL_UNPACK_ROW_LENGTH, 3), std::pair(0, 12));
  EXPECT_EQ(first_texel(GL_UNPACK_SKIP_PIXELS, 2), std::pair(8, 12));
  EXPECT_EQ(first_texel(GL_UNPACK_SKIP_ROWS, 2), std::pair(8, 12));
  gl_.PixelStorei(GL_UNPACK_ALIGNMENT, 8);
  EXPECT_EQ(first_texel(GL_UNPACK_ROW_LENGTH, 0), std::pair(0, 8));
}

}  // namespace
