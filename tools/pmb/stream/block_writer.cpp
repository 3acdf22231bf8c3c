// SPDX-License-Identifier: MIT
// writev() on the output.

#include "block_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace pmb::tool {
namespace {

bool same_regular_file(const std::string& name, int descriptor) {
  struct stat output = {};
  struct stat input = {};
  return stat(name.c_str(), &output) == 0 && fstat(descriptor, &input) == 0 && S_ISREG(output.st_mode) &&
         output.st_dev == input.st_dev && output.st_ino == input.st_ino;
}

}  // namespace

Outcome<BlockWriter> BlockWriter::open(const std::string& name, int input_descriptor) {
  if (name == "-") {
    if (isatty(STDOUT_FILENO)) {
      return fail(kUsage, "the output is a terminal; give a file with -o, or pipe the data on");
    }
    widen_pipe(STDOUT_FILENO);
    return BlockWriter(Descriptor(STDOUT_FILENO));
  }
  if (same_regular_file(name, input_descriptor)) {
    return fail(kUsage, "the output {} is the input too and would be destroyed; write to another file", name);
  }
  constexpr mode_t kReadableByAll = 0666;
  Descriptor descriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kReadableByAll));
  if (descriptor.get() < 0)
    return fail(kOutput, "the output {} cannot be opened: {}", name, error_text(errno));
  return BlockWriter(std::move(descriptor));
}

Outcome<void> BlockWriter::write(std::string_view head, std::span<const std::byte> bytes) {
  while (!head.empty() || !bytes.empty()) {
    // writev() takes pointers to non-const for the sake of readv(); it only reads.
    std::array<iovec, 2> parts = {iovec{const_cast<char*>(head.data()), head.size()},
                                  iovec{const_cast<std::byte*>(bytes.data()), bytes.size()}};
    const ssize_t done = writev(descriptor_.get(), parts.data(), static_cast<int>(parts.size()));
    if (done < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        pollfd wait = {.fd = descriptor_.get(), .events = POLLOUT, .revents = 0};
        poll(&wait, 1, -1);
        continue;
      }
      if (errno == EPIPE) {
        return fail(kOutput,
                    "output byte {}: the reader of the output closed it; everything before was written",
                    offset_);
      }
      return fail(kOutput, "output byte {}: writing failed: {}", offset_, error_text(errno));
    }
    auto written = static_cast<std::size_t>(done);
    offset_ += written;
    const std::size_t of_head = std::min(written, head.size());
    head.remove_prefix(of_head);
    bytes = bytes.subspan(written - of_head);
  }
  return {};
}

Outcome<void> BlockWriter::close() {
  if (const int error = descriptor_.close()) {
    return fail(kOutput, "closing the output after {} bytes failed: {}", offset_, error_text(error));
  }
  return {};
}

}  // namespace pmb::tool
