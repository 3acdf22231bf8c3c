// SPDX-License-Identifier: MIT
// The methods: FrameGrabber beside the bus, glReadPixels, and pixel buffers by hand.
#include <array>
#include <deque>
#include <optional>
#include <pmb/frame_grabber.hpp>
#include <pmb/pmb.hpp>
#include <type_traits>
#include <utility>

#include "frames/method.hpp"
#include "frames/process.hpp"
#include "frames/worker.hpp"
#include "gpu.hpp"

namespace bench {
namespace {

/// Ends a wait that GL does not end.
void wait_for(const GladGLContext& gl, GLsync sync) {
  constexpr GLuint64 kPatienceNs = 10'000'000'000;
  const GLenum status = gl.ClientWaitSync(sync, GL_SYNC_FLUSH_COMMANDS_BIT, kPatienceNs);
  gl.DeleteSync(sync);
  if (status != GL_ALREADY_SIGNALED && status != GL_CONDITION_SATISFIED)
    stop("a fence was not signalled in time");
}

/// glReadPixels into system memory: it waits for the GPU.
class ReadPixels : public Method {
 public:
  using Method::Method;
  void take_frame(std::uint64_t number) override {
    on.read_to(memory_.data());
    on.look(number, memory_);
  }

 private:
  std::vector<std::byte> memory_ = std::vector<std::byte>(on.shape.bytes());
};

/// Persistently mapped buffers that the GPU fills and the CPU does not read: the limit of the bus and of the driver.
class Bus : public Method {
 public:
  explicit Bus(Setting setting) : Method(std::move(setting)) {
    for (pmb::MappedBuffer& buffer : buffers_) {
      buffer = take(pmb::MappedBuffer::create(
          on.context, {.size_bytes = on.shape.bytes(), .access = pmb::Access::read, .prefault = true}));
    }
  }
  void take_frame(std::uint64_t number) override {
    if (fences_.size() == 2) wait_for_oldest();
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, buffers_[number % 3].buffer());
    on.read_to(nullptr);
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
    fences_.push_back(on.gl.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0));
    on.gl.Flush();
  }
  void finish() override {
    while (!fences_.empty()) wait_for_oldest();
  }

 private:
  void wait_for_oldest() {
    wait_for(on.gl, fences_.front());
    fences_.pop_front();
  }
  std::array<pmb::MappedBuffer, 3> buffers_;
  std::deque<GLsync> fences_;
};

/// Pixel buffers made with glBufferData.
class PixelBuffers : public Method {
 public:
  PixelBuffers(Setting setting, std::size_t count) : Method(std::move(setting)), names_(count) {
    on.gl.GenBuffers(static_cast<GLsizei>(count), names_.data());
    for (const GLuint name : names_) {
      on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, name);
      on.gl.BufferData(GL_PIXEL_PACK_BUFFER, static_cast<GLsizeiptr>(on.shape.bytes()), nullptr,
                       GL_STREAM_READ);
    }
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  }
  ~PixelBuffers() override { on.gl.DeleteBuffers(static_cast<GLsizei>(names_.size()), names_.data()); }

 protected:
  GLuint name_of(std::uint64_t number) const { return names_[number % names_.size()]; }
  void read_into(std::uint64_t number) const {
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, name_of(number));
    on.read_to(nullptr);
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  }
  std::span<const std::byte> map(std::uint64_t number) const {
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, name_of(number));
    const void* bytes = on.gl.MapBufferRange(GL_PIXEL_PACK_BUFFER, 0,
                                             static_cast<GLsizeiptr>(on.shape.bytes()), GL_MAP_READ_BIT);
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
    if (!bytes) stop("a pixel buffer cannot be mapped");
    return {static_cast<const std::byte*>(bytes), on.shape.bytes()};
  }
  void unmap(std::uint64_t number) const {
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, name_of(number));
    on.gl.UnmapBuffer(GL_PIXEL_PACK_BUFFER);
    on.gl.BindBuffer(GL_PIXEL_PACK_BUFFER, 0);
  }

 private:
  std::vector<GLuint> names_;
};

/// Two pixel buffers by hand: reads into one, then maps the other, which has the frame before.
class TwoBuffers : public PixelBuffers {
 public:
  explicit TwoBuffers(Setting setting) : PixelBuffers(std::move(setting), 2) {}
  void take_frame(std::uint64_t number) override {
    read_into(number);
    if (begun_) use(number - 1);
    begun_ = true;
    last_ = number;
  }
  void finish() override {
    if (std::exchange(begun_, false)) use(last_);
  }

 private:
  void use(std::uint64_t number) const {
    on.look(number, map(number));
    unmap(number);
  }
  std::uint64_t last_ = 0;
  bool begun_ = false;
};

/// Three pixel buffers: a frame is mapped when it is the oldest, a thread writes it to the pipe meanwhile, and it is unmapped
/// before its buffer is needed again.
class BuffersToPipe : public PixelBuffers {
 public:
  BuffersToPipe(Setting setting, int descriptor)
      : PixelBuffers(std::move(setting), 3), descriptor_(descriptor) {}
  void take_frame(std::uint64_t number) override {
    if (written_.size() == 2) end_oldest();
    read_into(number);
    if (read_) write(*read_);
    read_ = number;
  }
  void finish() override {
    if (read_) write(*read_);
    read_.reset();
    while (!written_.empty()) end_oldest();
  }

 private:
  struct Written {
    std::uint64_t number;
    std::uint64_t job;
  };
  void write(std::uint64_t number) {
    const auto bytes = map(number);
    written_.push_back({number, worker_.push([this, bytes] { write_all(descriptor_, bytes); })});
  }
  void end_oldest() {
    worker_.wait(written_.front().job);
    unmap(written_.front().number);
    written_.pop_front();
  }
  int descriptor_;
  std::optional<std::uint64_t> read_;
  std::deque<Written> written_;
  Worker worker_;
};

/// FrameGrabber, in place or into a pipe, on this thread or on another.
class Grabber : public Method {
 public:
  Grabber(Setting setting, int descriptor, bool has_thread)
      : Method(std::move(setting)), descriptor_(descriptor), worker_(has_thread ? new Worker : nullptr) {
    grabber_ = take(pmb::FrameGrabber::create(
        on.context, {.layout = on.shape.layout(), .bottom_up = on.shape.bottom_up, .frames = 5}));
  }
  void take_frame(std::uint64_t) override {
    take(grabber_.grab({.width = on.shape.width, .height = on.shape.height}));
    hand_on(2);
  }
  void finish() override {
    hand_on(0);
    if (worker_) worker_->wait(jobs_);
  }

 private:
  void hand_on(std::uint32_t latency) {
    for (;;) {
      auto frame = grabber_.next(latency);
      if (!frame && frame.error().status == pmb::StatusCode::would_block) return;
      auto kept = std::make_shared<pmb::Frame>(take(std::move(frame)));
      if (descriptor_ < 0) {
        on.look(kept->number(), kept->bytes());
      } else if (worker_) {
        jobs_ = worker_->push([descriptor = descriptor_, kept] { take(kept->write_to(descriptor)); });
      } else {
        take(kept->write_to(descriptor_));
      }
    }
  }
  int descriptor_;
  pmb::FrameGrabber grabber_;
  std::uint64_t jobs_ = 0;
  std::unique_ptr<Worker> worker_;
};

}  // namespace

std::unique_ptr<Method> make_grabber(Setting setting, int descriptor, bool has_thread) {
  return std::make_unique<Grabber>(std::move(setting), descriptor, has_thread);
}

std::vector<Candidate> candidates() {
  const auto grabber = [](bool has_thread) {
    return [has_thread](Setting setting, int descriptor) {
      return make_grabber(std::move(setting), descriptor, has_thread);
    };
  };
  const auto plain = []<class Kind>(std::type_identity<Kind>) {
    return [](Setting setting, int) { return std::make_unique<Kind>(std::move(setting)); };
  };
  return {
      {"bus: mapped buffers, not read", true, false, plain(std::type_identity<Bus>{})},
      {"glReadPixels into system memory", true, false, plain(std::type_identity<ReadPixels>{})},
      {"two pixel buffers", true, false, plain(std::type_identity<TwoBuffers>{})},
      {"FrameGrabber, bottom up", true, false, grabber(false)},
      {"FrameGrabber", false, false, grabber(false)},
      {"three pixel buffers, thread, pipe", true, true,
       [](Setting setting, int descriptor) {
         return std::make_unique<BuffersToPipe>(std::move(setting), descriptor);
       }},
      {"FrameGrabber, write_to pipe", false, true, grabber(false)},
      {"FrameGrabber, thread, write_to pipe", false, true, grabber(true)},
  };
}

}  // namespace bench
