// SPDX-License-Identifier: MIT
// poll() and readv() on the input.

#include "byte_source.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace pmb::tool {

Descriptor::~Descriptor() {
  close();
}

int Descriptor::close() noexcept {
  const int value = std::exchange(value_, -1);
  if (value <= STDERR_FILENO) return 0;
  return ::close(value) == 0 ? 0 : errno;
}

void widen_pipe(int descriptor) noexcept {
  constexpr int kPipeBytes = 1 << 20;  // The default of /proc/sys/fs/pipe-max-size.
  fcntl(descriptor, F_SETPIPE_SZ, kPipeBytes);
}

std::string error_text(int error_number) {
  return std::generic_category().message(error_number);
}

Outcome<ByteSource> ByteSource::open(const std::string& name, const StopSignal& stop) {
  if (name == "-") {
    if (isatty(STDIN_FILENO)) {
      return fail(kUsage, "the input is a terminal; give a file with -i, or pipe data in");
    }
    widen_pipe(STDIN_FILENO);
    return ByteSource(Descriptor(STDIN_FILENO), stop);
  }
  Descriptor descriptor(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (descriptor.get() < 0) {
    if (errno == EINTR && stop.requested())
      return fail(kInterrupted, "interrupted while opening the input {}", name);
    return fail(kInput, "the input {} cannot be opened: {}", name, error_text(errno));
  }
  widen_pipe(descriptor.get());
  return ByteSource(std::move(descriptor), stop);
}

std::optional<std::uint64_t> ByteSource::remaining_bytes() const {
  struct stat status = {};
  if (fstat(descriptor_.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const off_t at = lseek(descriptor_.get(), 0, SEEK_CUR);
  if (at < 0 || at > status.st_size) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size - at);
}

Outcome<ReadResult> ByteSource::read(std::span<std::byte> first, std::span<std::byte> second) {
  ReadResult result;
  while (result.first_bytes < first.size()) {
    std::array<pollfd, 2> waits = {pollfd{.fd = descriptor_.get(), .events = POLLIN, .revents = 0},
                                   pollfd{.fd = stop_->descriptor(), .events = POLLIN, .revents = 0}};
    if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) {
      return fail(kInput, "input byte {}: waiting for data failed: {}", offset_, error_text(errno));
    }
    if (stop_->requested()) {
      result.stopped = true;
      return result;
    }
    if (waits[0].revents == 0) continue;

    const std::span<std::byte> rest = first.subspan(result.first_bytes);
    const std::array<iovec, 2> parts = {iovec{rest.data(), rest.size()}, iovec{second.data(), second.size()}};
    const ssize_t got = readv(descriptor_.get(), parts.data(), second.empty() ? 1 : 2);
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return fail(kInput, "input byte {}: reading failed: {}", offset_, error_text(errno));
    }
    if (got == 0) {
      result.ended = true;
      return result;
    }
    const auto bytes = static_cast<std::size_t>(got);
    offset_ += bytes;
    const std::size_t into_first = std::min(bytes, rest.size());
    result.first_bytes += into_first;
    result.second_bytes += bytes - into_first;
  }
  return result;
}

}  // namespace pmb::tool
