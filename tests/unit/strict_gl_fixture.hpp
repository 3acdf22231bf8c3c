// SPDX-License-Identifier: MIT
//
// The fixture for tests of the strict fake GL itself: one current fake and its functions, loaded by glad.
#pragma once

#include <glad/gl.h>
#include <gtest/gtest.h>

#include <optional>

#include "fake_gl.hpp"
#include "strict_gl_gtest.hpp"

using strict_gl::bytes_of;
using strict_gl::copy_of;
using strict_gl::FakeConfig;
using strict_gl::FakeGl;
using strict_gl::filled;

inline constexpr GLbitfield kPersistentWrite = GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT;
inline constexpr GLbitfield kPersistentRead = GL_MAP_READ_BIT | GL_MAP_PERSISTENT_BIT;
inline constexpr GLuint64 kLong = 1'000'000'000;

class StrictGl : public testing::Test {
 protected:
  StrictGl() { start({}); }

  void start(const strict_gl::FakeConfig& config) {
    fake_.emplace(config);
    fake_->make_current();
    gl_ = {};
    ASSERT_NE(gladLoadGLContextUserPtr(&gl_, &strict_gl::get_proc_address_user, nullptr), 0);
    fake_->clear_log();
  }

  GLuint storage(GLsizeiptr size, GLbitfield flags, const void* data = nullptr) {
    GLuint name = 0;
    gl_.CreateBuffers(1, &name);
    gl_.NamedBufferStorage(name, size, data, flags);
    return name;
  }

  std::byte* map(GLuint buffer, GLintptr offset, GLsizeiptr length, GLbitfield access) {
    return static_cast<std::byte*>(gl_.MapNamedBufferRange(buffer, offset, length, access));
  }

  GLsync fence() { return gl_.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0); }

  GLenum wait(GLsync sync) { return gl_.ClientWaitSync(sync, GL_SYNC_FLUSH_COMMANDS_BIT, kLong); }

  void finish_with_fence() {
    const GLsync sync = fence();
    ASSERT_EQ(wait(sync), static_cast<GLenum>(GL_CONDITION_SATISFIED));
    gl_.DeleteSync(sync);
  }

  // The call just made broke a rule: it generated `error`, and the log names it.
  void expect_refused(GLenum error, const char* what) {
    EXPECT_EQ(gl_.GetError(), error) << what;
    EXPECT_FALSE(fake_->violations().empty()) << what;
    fake_->clear_violations();
  }

  std::optional<strict_gl::FakeGl> fake_;
  GladGLContext gl_{};
};
