// SPDX-License-Identifier: MIT
// A loader thread uploads images with its own context while the render thread uses them with another. Only buffer names
// and tickets cross threads.
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "setup.hpp"

namespace {

constexpr std::size_t kImageBytes = 64 * 1024;
constexpr int kImages = 100;

struct Image {
  GLuint buffer = 0;
  pmb::Ticket uploaded;
};

/// The simplest queue that blocks and ends.
class Images {
 public:
  void push(std::optional<Image> image) {
    const std::lock_guard lock(mutex_);
    images_.push_back(image);
    changed_.notify_one();
  }
  std::optional<Image> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !images_.empty(); });
    const auto image = images_.front();
    images_.pop_front();
    return image;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::optional<Image>> images_;
};

pmb::Context open(pmb::HeadlessContext& headless) {
  sample::need(headless.make_current());
  pmb::Options options = sample::options();
  options.share_group = 1;  // any number, the same for all that share
  return sample::need(pmb::Context::from_current(pmb::HeadlessContext::loader(), options));
}

GLuint make_buffer() {
  GLuint name = 0;
  glGenBuffers(1, &name);
  glBindBuffer(GL_COPY_WRITE_BUFFER, name);
  glBufferData(GL_COPY_WRITE_BUFFER, kImageBytes, nullptr, GL_STATIC_DRAW);
  return name;
}

void load(pmb::HeadlessContext& headless, Images& loaded, Images& shown) {
  {
    pmb::Context context = open(headless);
    auto ring = sample::need(pmb::UploadRing::create(context, {.capacity_bytes = 4 * kImageBytes}));
    for (int number = 0; number < kImages; ++number) {
      auto slice = sample::need(ring.acquire(kImageBytes));
      sample::need(slice.fill(static_cast<std::byte>(number)));  // a decoder, in a real program
      sample::need(ring.publish(slice, kImageBytes));
      const GLuint buffer = make_buffer();
      glBindBuffer(GL_COPY_READ_BUFFER, slice.buffer());
      glCopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER,
                          static_cast<GLintptr>(slice.offset_bytes()), 0, kImageBytes);
      const pmb::Ticket uploaded = sample::need(context.timeline().mark());
      sample::need(ring.retire(uploaded));
      sample::need(context.timeline().flush());  // before another context may wait for it
      loaded.push(Image{buffer, uploaded});
    }
    loaded.push(std::nullopt);
    shown.pop();  // tickets end with their context
  }
  sample::need(headless.release_current());
}

}  // namespace

int main() {
  auto render = sample::need(pmb::HeadlessContext::create());
  auto loader = sample::need(pmb::HeadlessContext::create({.share_with = &render}));
  pmb::Context context = open(render);

  Images loaded;
  Images shown;
  std::thread thread([&] { load(loader, loaded, shown); });

  int number = 0;
  std::vector<std::byte> bytes(kImageBytes);
  while (const auto image = loaded.pop()) {
    sample::need(image->uploaded.wait_on_gpu(context));
    glBindBuffer(GL_COPY_READ_BUFFER, image->buffer);  // anew, after the wait: shows its new contents
    glGetBufferSubData(GL_COPY_READ_BUFFER, 0, kImageBytes, bytes.data());
    for (const std::byte byte : bytes) {
      sample::expect(byte == static_cast<std::byte>(number), "an image is wrong");
    }
    glDeleteBuffers(1, &image->buffer);
    ++number;
  }
  shown.push(std::nullopt);
  thread.join();
  sample::expect(number == kImages, "an image is missing");
}
