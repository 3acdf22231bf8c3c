// SPDX-License-Identifier: MIT
// Bytes and frames to a pipe: all of them with a slow reader, an error and no signal without one, and no wait beyond the timeout.
#include "base/descriptor_write.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::detail::write_descriptor;

class DescriptorWrite : public testing::Test {
 protected:
  DescriptorWrite() { EXPECT_EQ(pipe(ends_), 0); }
  ~DescriptorWrite() override {
    for (const int end : ends_) {
      if (end >= 0) close(end);
    }
  }

  void close_reader() {
    close(ends_[0]);
    ends_[0] = -1;
  }
  void do_not_block() { EXPECT_EQ(fcntl(ends_[1], F_SETFL, O_NONBLOCK), 0); }

  pmb::Result<void> write(const Bytes& bytes, std::chrono::nanoseconds timeout = 60s) {
    return write_descriptor(ends_[1], bytes, written_, timeout, std::source_location::current());
  }
  /// Reads `count` bytes in pieces of a size that fits no page.
  Bytes read(std::size_t count) {
    Bytes all;
    while (all.size() < count) {
      Bytes piece(std::min<std::size_t>(1777, count - all.size()));
      const ssize_t got = ::read(ends_[0], piece.data(), piece.size());
      if (got <= 0) break;
      all.insert(all.end(), piece.begin(), piece.begin() + got);
    }
    return all;
  }

  int ends_[2] = {-1, -1};
  std::size_t written_ = 0;
};

const Bytes kMore = pattern(1'000'003, 1);  // more than a pipe holds

TEST_F(DescriptorWrite, ASlowReaderGetsEveryByte) {
  Bytes found;
  std::thread reader([&] { found = read(kMore.size()); });
  take(write(kMore));
  reader.join();
  EXPECT_TRUE(found == kMore);
  EXPECT_EQ(written_, kMore.size());
}

TEST_F(DescriptorWrite, ADescriptorThatDoesNotBlockIsWaitedFor) {
  do_not_block();
  Bytes found;
  std::thread reader([&] { found = read(kMore.size()); });
  take(write(kMore));
  reader.join();
  EXPECT_TRUE(found == kMore);
}

TEST_F(DescriptorWrite, ATimedOutWriteContinues) {
  do_not_block();
  EXPECT_EQ(id_of(write(kMore, 0s)), ErrorId::reader_slow);
  EXPECT_GT(written_, 0U);
  EXPECT_LT(written_, kMore.size());
  Bytes found;
  std::thread reader([&] { found = read(kMore.size()); });
  take(write(kMore));
  reader.join();
  EXPECT_TRUE(found == kMore);
}

TEST_F(DescriptorWrite, AClosedReaderIsAnErrorAndNoSignal) {
  close_reader();
  const auto outcome = write(kMore);
  EXPECT_EQ(id_of(outcome), ErrorId::reader_gone);
  EXPECT_EQ(written_, 0U);
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0) << "the signal was left behind";
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGPIPE), 0) << "the signal stays blocked";
}

TEST_F(DescriptorWrite, AReaderThatClosesInTheMiddleIsAnErrorToo) {
  std::thread reader([&] {
    read(100'000);
    close_reader();
  });
  EXPECT_EQ(id_of(write(kMore)), ErrorId::reader_gone);
  reader.join();
  EXPECT_GE(written_, 100'000U);
}

TEST_F(DescriptorWrite, ASignalOfTheProgramStaysPending) {
  sigset_t pipe_signal;
  sigset_t found;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &found);
  raise(SIGPIPE);
  close_reader();
  EXPECT_EQ(id_of(write(kMore)), ErrorId::reader_gone);
  sigset_t pending;
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 1) << "the program's own signal was taken";
  const timespec at_once = {};
  sigtimedwait(&pipe_signal, nullptr, &at_once);
  pthread_sigmask(SIG_SETMASK, &found, nullptr);
}

volatile std::sig_atomic_t alarms = 0;

TEST_F(DescriptorWrite, AnInterruptedWriteGoesOn) {
  struct sigaction action = {};
  struct sigaction found = {};
  action.sa_handler = [](int) { alarms = 1; };  // without SA_RESTART: write(2) returns EINTR
  sigaction(SIGUSR1, &action, &found);
  alarms = 0;
  Bytes bytes;
  std::thread reader([&, writer = pthread_self()] {
    pollfd one = {.fd = ends_[0], .events = POLLIN, .revents = 0};
    poll(&one, 1, -1);  // the writer is in the call, or fills the pipe
    while (alarms == 0) pthread_kill(writer, SIGUSR1);
    bytes = read(kMore.size());
  });
  take(write(kMore));
  reader.join();
  sigaction(SIGUSR1, &found, nullptr);
  EXPECT_TRUE(bytes == kMore);
}

TEST_F(DescriptorWrite, AnInterruptedWaitGoesOn) {
  do_not_block();
  struct sigaction action = {};
  struct sigaction found = {};
  action.sa_handler = [](int) { alarms = alarms + 1; };
  sigaction(SIGUSR1, &action, &found);
  alarms = 0;
  Bytes bytes;
  std::thread reader([&, writer = pthread_self()] {
    // Nothing is read yet: all signals but the first arrive while the writer waits.
    while (alarms < 20) {
      pthread_kill(writer, SIGUSR1);
      std::this_thread::sleep_for(1ms);
    }
    bytes = read(kMore.size());
  });
  take(write(kMore));
  reader.join();
  sigaction(SIGUSR1, &found, nullptr);
  EXPECT_TRUE(bytes == kMore);
}

TEST_F(DescriptorWrite, AnyOtherErrorNamesItsNumber) {
  std::size_t written = 0;
  const auto outcome = write_descriptor(-1, kMore, written, 0s, std::source_location::current());
  ASSERT_EQ(id_of(outcome), ErrorId::write_failed);
  EXPECT_EQ(outcome.error().numbers[0], static_cast<std::uint64_t>(EBADF));
}

class FrameWrite : public PmbTest {};

TEST_F(FrameWrite, AFrameGoesToAPipe) {
  start();
  GLuint texture = 0;
  gl_.GenTextures(1, &texture);
  gl_.BindTexture(GL_TEXTURE_2D, texture);
  gl_.TexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, 20, 10);
  const Bytes pixels = pattern(20 * 10 * 4, 9);
  fake_->set_texels(texture, 0, pixels);
  auto grabber = take(pmb::FrameGrabber::create(*context_, {.bottom_up = true}));
  take(grabber.grab_texture({.texture = texture, .target = GL_TEXTURE_2D, .width = 20, .height = 10}));
  pmb::Frame frame = take(grabber.next(0));
  int ends[2] = {};
  ASSERT_EQ(pipe(ends), 0);
  for (int i = 0; i < 2; ++i) {
    take(frame.write_to(ends[1]));
    Bytes found(pixels.size());
    ASSERT_EQ(read(ends[0], found.data(), found.size()), static_cast<ssize_t>(found.size()));
    EXPECT_TRUE(found == pixels) << "write " << i;
  }
  close(ends[0]);
  EXPECT_EQ(id_of(frame.write_to(ends[1])), ErrorId::reader_gone);
  close(ends[1]);
}

}  // namespace
