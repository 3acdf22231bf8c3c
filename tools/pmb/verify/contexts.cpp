// SPDX-License-Identifier: MIT
// Mappings and fences beside other contexts (OpenGL 4.6 sections 4.1 and 5.3.3).

#include "verify/checks.hpp"
#include "verify/surroundings.hpp"

namespace pmb::tool::verify {
namespace {

/// Another context, current while this lives.
class Elsewhere {
 public:
  Elsewhere(const Gpu& gpu, bool shares)
      : surroundings_(gpu.surroundings), other_(gpu.surroundings.open_context(shares)) {
    if (other_ == nullptr) {
      surroundings_.make_current();
      skip_check("the driver makes no second context{}", shares ? " that shares objects" : "");
    }
  }
  ~Elsewhere() { surroundings_.make_current(); }
  Elsewhere(const Elsewhere&) = delete;
  Elsewhere& operator=(const Elsewhere&) = delete;

  void make_current() const { other_->make_current(); }

 private:
  Surroundings& surroundings_;
  std::unique_ptr<OtherContext> other_;
};

}  // namespace

std::string other_context_current(const Gpu& gpu) {
  const Mapped up(gpu, kCoherentWrite, kBlockBytes);
  const Mapped down(gpu, kCoherentRead, kBlockBytes);
  const auto reads = Reads::of(gpu, Reader::copy);
  const auto writes = Writes::of(gpu, Writer::copy);
  writes->issue(5, down.name(), 0);
  finish(gpu);
  {
    const Elsewhere other(gpu, false);
    if (down.get(0) != words_of(5))
      fail_check("the words of a mapping were lost while another context was current");
    up.put(0, words_of(6));
  }
  reads->issue(up.name(), 0);
  if (reads->results().front() != words_of(6))
    fail_check("words that were written while another context was current did not arrive");
  return "words were read and written through mappings while another context was current";
}

std::string shared_context_reads(const Gpu& gpu) {
  const Mapped up(gpu, kCoherentWrite, kBlockBytes);
  up.put(0, words_of(3));
  const Elsewhere other(gpu, true);
  const auto reads = Reads::of(gpu, Reader::copy);
  reads->issue(up.name(), 0);
  if (reads->results().front() != words_of(3))
    fail_check("a context that shares the buffer did not read the words of its mapping");
  return "a context that shares the buffer read the words of its mapping";
}

std::string shared_context_writes(const Gpu& gpu) {
  const Mapped down(gpu, kCoherentRead, kBlockBytes);
  const Elsewhere other(gpu, true);
  const auto writes = Writes::of(gpu, Writer::copy);
  writes->issue(4, down.name(), 0);
  const Fence fence(gpu);
  gpu.gl.Flush();
  gpu.surroundings.make_current();
  const GLenum answer = fence.wait(gpu.patience);
  const bool arrived = down.get(0) == words_of(4);
  other.make_current();
  if (answer == GL_TIMEOUT_EXPIRED || answer == GL_WAIT_FAILED)
    fail_check("a wait for the flushed fence of another context returned {:#x}", answer);
  if (!arrived) fail_check("the fence of another context had signalled before its words arrived");
  return "words of another context's copy had arrived when its fence signalled";
}

std::string server_waits(const Gpu& gpu) {
  const GlBuffer shared = plain_buffer(gpu, kBlockBytes);
  const auto writes = Writes::of(gpu, Writer::copy);
  writes->issue(9, shared.name(), 0);
  const Fence fence(gpu);
  gpu.gl.Flush();
  const Elsewhere other(gpu, true);
  const auto reads = Reads::of(gpu, Reader::copy);
  gpu.gl.WaitSync(fence.sync(), 0, GL_TIMEOUT_IGNORED);
  reads->issue(shared.name(), 0);
  if (reads->results().front() != words_of(9))
    fail_check("after glWaitSync another context read the bytes from before the copy");
  return "another context read a copy's bytes after glWaitSync for its fence";
}

}  // namespace pmb::tool::verify
