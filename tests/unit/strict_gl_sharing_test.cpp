// SPDX-License-Identifier: MIT
//
// The strict fake GL with two contexts of one share group. A change in one context shows in the other only after a
// completed wait and then a binding (OpenGL 4.6 sections 4.1 and 5.3.3).
#include <array>
#include <cstring>

#include "strict_gl_fixture.hpp"

namespace {

class StrictGlSharing : public StrictGl {
 protected:
  StrictGlSharing() : other_({}, &*fake_) {
    buffer_ = storage(4, GL_DYNAMIC_STORAGE_BIT, kOld.data());
    fake_->server_write(buffer_, 0, strict_gl::bytes_of({1, 1, 1, 1}));
    changed_ = fence();
    gl_.Flush();
  }

  // The bytes that a draw of the other context reads now.
  strict_gl::Bytes drawn() {
    const auto read = other_.shader_read(buffer_, 0, 4);
    const GLsync sync = fence();
    EXPECT_EQ(wait(sync), static_cast<GLenum>(GL_CONDITION_SATISFIED));
    gl_.DeleteSync(sync);
    return read->bytes();
  }
  // The same through a copy and a read.
  strict_gl::Bytes copied() {
    const GLuint target = storage(4, 0);
    gl_.BindBuffer(GL_COPY_WRITE_BUFFER, target);
    gl_.CopyNamedBufferSubData(buffer_, target, 0, 0, 4);
    strict_gl::Bytes bytes(4);
    gl_.GetNamedBufferSubData(target, 0, 4, bytes.data());
    gl_.DeleteBuffers(1, &target);
    return bytes;
  }
  strict_gl::Bytes fetched() {
    strict_gl::Bytes bytes(4);
    gl_.GetNamedBufferSubData(buffer_, 0, 4, bytes.data());
    return bytes;
  }
  void bind() { gl_.BindBuffer(GL_COPY_READ_BUFFER, buffer_); }

  static constexpr std::array<std::uint8_t, 4> kOld = {7, 7, 7, 7};
  FakeGl other_;
  GLuint buffer_ = 0;
  GLsync changed_ = nullptr;
};

TEST_F(StrictGlSharing, WithoutAWaitABindingShowsOldBytes) {
  other_.make_current();
  bind();
  EXPECT_EQ(drawn(), filled(4, 7));
}

TEST_F(StrictGlSharing, WithoutABindingAfterTheWaitOldBytesShow) {
  other_.make_current();
  bind();
  gl_.WaitSync(changed_, 0, GL_TIMEOUT_IGNORED);
  EXPECT_EQ(drawn(), filled(4, 7));
  EXPECT_EQ(copied(), filled(4, 7));
  EXPECT_EQ(fetched(), filled(4, 7));
  gl_.BindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, buffer_);
  EXPECT_EQ(drawn(), filled(4, 1));
  EXPECT_EQ(copied(), filled(4, 1));
  EXPECT_EQ(fetched(), filled(4, 1));
}

TEST_F(StrictGlSharing, AWaitForAnEarlierFenceShowsNothingAfterIt) {
  fake_->server_write(buffer_, 1, strict_gl::bytes_of({2, 2}));
  const GLsync later = fence();
  gl_.Flush();
  ASSERT_EQ(wait(later), static_cast<GLenum>(GL_CONDITION_SATISFIED)) << "all of it ran";
  fake_->server_write(buffer_, 3, strict_gl::bytes_of({3}));
  gl_.Finish();
  fake_->server_write(buffer_, 0, strict_gl::bytes_of({4}));
  const GLsync last = fence();
  gl_.Flush();
  other_.make_current();
  bind();
  EXPECT_EQ(drawn(), strict_gl::bytes_of({1, 2, 2, 3})) << "a client saw the finish, and nothing behind it";
  gl_.WaitSync(last, 0, GL_TIMEOUT_IGNORED);
  bind();
  EXPECT_EQ(drawn(), strict_gl::bytes_of({4, 2, 2, 3}));
}

TEST_F(StrictGlSharing, AClientWaitAndABindingShowNewBytes) {
  ASSERT_EQ(wait(changed_), static_cast<GLenum>(GL_CONDITION_SATISFIED));
  other_.make_current();
  EXPECT_EQ(drawn(), filled(4, 7)) << "not bound yet";
  bind();
  EXPECT_EQ(drawn(), filled(4, 1));
}

TEST_F(StrictGlSharing, OwnWritesAreAlwaysVisible) {
  other_.make_current();
  other_.server_write(buffer_, 0, strict_gl::bytes_of({9, 9}));
  gl_.WaitSync(changed_, 0, GL_TIMEOUT_IGNORED);
  EXPECT_EQ(drawn(), strict_gl::bytes_of({9, 9, 7, 7}));
}

TEST_F(StrictGlSharing, AFenceCarriesWhatItsContextKnewOfOthers) {
  FakeGl third({}, &*fake_);
  third.make_current();
  gl_.WaitSync(changed_, 0, GL_TIMEOUT_IGNORED);
  const GLsync behind = fence();
  gl_.Flush();
  other_.make_current();
  gl_.WaitSync(behind, 0, GL_TIMEOUT_IGNORED);
  bind();
  EXPECT_EQ(drawn(), filled(4, 1));
}

TEST_F(StrictGlSharing, FlushedRangesOfAMappingAreWritesToo) {
  const GLuint mapped = storage(4, kPersistentWrite, kOld.data());
  std::byte* const bytes = map(mapped, 0, 4, kPersistentWrite | GL_MAP_FLUSH_EXPLICIT_BIT);
  std::memset(bytes, 1, 4);
  const GLsync before = fence();
  gl_.FlushMappedNamedBufferRange(mapped, 0, 4);
  const GLsync behind = fence();
  gl_.Flush();
  other_.make_current();
  buffer_ = mapped;
  gl_.WaitSync(before, 0, GL_TIMEOUT_IGNORED);
  bind();
  EXPECT_EQ(drawn(), filled(4, 7));
  gl_.WaitSync(behind, 0, GL_TIMEOUT_IGNORED);
  bind();
  EXPECT_EQ(drawn(), filled(4, 1));
}

}  // namespace
