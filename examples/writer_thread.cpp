// SPDX-License-Identifier: MIT
// A worker fills shared memory while the context's thread submits filled packets. Only the bytes cross threads.
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "setup.hpp"

namespace {

constexpr std::size_t kPacket = 4096;
constexpr int kPackets = 500;

struct Job {
  pmb::Slice slice;
  std::span<std::byte> bytes;  // taken on the context's thread, filled on the worker's
  int number = 0;
};

/// The simplest queue that blocks and ends.
class Jobs {
 public:
  void push(std::optional<Job> job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    changed_.notify_one();
  }
  std::optional<Job> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !jobs_.empty(); });
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::optional<Job>> jobs_;
};

}  // namespace

int main() {
  sample::Gl gl;
  GLuint target = 0;
  glGenBuffers(1, &target);
  glBindBuffer(GL_COPY_WRITE_BUFFER, target);
  glBufferData(GL_COPY_WRITE_BUFFER, kPacket * kPackets, nullptr, GL_STATIC_DRAW);
  auto ring =
      sample::need(pmb::UploadRing::create(gl.context, {.capacity_bytes = 16 * kPacket, .label = "packets"}));

  Jobs to_fill;
  Jobs filled;
  std::thread worker([&] {
    while (auto job = to_fill.pop()) {
      std::memset(job->bytes.data(), job->number % 251, job->bytes.size());
      filled.push(std::move(job));  // the queue's lock orders the bytes before the publish
    }
  });

  int in_work = 0;
  for (int next = 0, done = 0; done < kPackets;) {
    if (next < kPackets && in_work < 4) {
      auto slice = sample::need(ring.acquire(kPacket));
      to_fill.push(Job{slice, slice.raw_bytes(), next++});
      ++in_work;
      continue;
    }
    const Job job = *filled.pop();
    --in_work;
    ++done;
    sample::need(ring.publish(job.slice, kPacket));
    glBindBuffer(GL_COPY_READ_BUFFER, job.slice.buffer());
    glBindBuffer(GL_COPY_WRITE_BUFFER, target);
    glCopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER,
                        static_cast<GLintptr>(job.slice.offset_bytes()),
                        static_cast<GLintptr>(kPacket) * job.number, kPacket);
    // Only published slices are retired; those that the worker still fills stay live.
    sample::need(ring.retire(sample::need(gl.context.timeline().mark())));
  }
  to_fill.push(std::nullopt);
  worker.join();

  std::vector<std::byte> bytes(kPacket * kPackets);
  sample::need(pmb::download(gl.context, target, 0, bytes));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sample::expect(std::to_integer<std::size_t>(bytes[i]) == i / kPacket % 251, "a packet is wrong");
  }
}
