// SPDX-License-Identifier: MIT
// A file or stdin as a stream of bytes whose reads end when a stop is requested.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "common/failure.hpp"
#include "common/stop_signal.hpp"

namespace pmb::tool {

/// A descriptor that is closed with its owner, unless it is one that the process was started with.
class Descriptor {
 public:
  Descriptor() noexcept = default;
  explicit Descriptor(int value) noexcept : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor();
  int get() const noexcept { return value_; }
  /// Closes now; the errno of it, or 0.
  int close() noexcept;

 private:
  int value_ = -1;
};

/// What a read ended with.
struct ReadResult {
  std::size_t first_bytes = 0;
  std::size_t second_bytes = 0;
  bool ended = false;    ///< The input is at its end.
  bool stopped = false;  ///< A stop was requested.
};

class ByteSource {
 public:
  /// "-" is stdin, which must not be a terminal. `stop` must outlive the source. Failures: kInput, kUsage.
  static Outcome<ByteSource> open(const std::string& name, const StopSignal& stop);
  /// Takes over a descriptor.
  ByteSource(Descriptor descriptor, const StopSignal& stop) noexcept
      : descriptor_(std::move(descriptor)), stop_(&stop) {}

  /// Reads until `first` is full; what is there already behind it goes into `second`, with the same call of
  /// the kernel. Failures: kInput with the byte offset.
  Outcome<ReadResult> read(std::span<std::byte> first, std::span<std::byte> second = {});

  /// Bytes read so far.
  std::uint64_t offset() const noexcept { return offset_; }
  /// Bytes from here to the end, where the input is a file that knows.
  std::optional<std::uint64_t> remaining_bytes() const;
  int descriptor() const noexcept { return descriptor_.get(); }

 private:
  Descriptor descriptor_;
  const StopSignal* stop_ = nullptr;
  std::uint64_t offset_ = 0;
};

/// Asks for a pipe that holds more than 64 KiB, so that reader and writer switch less often. Harmless
/// elsewhere.
void widen_pipe(int descriptor) noexcept;

/// "No such file or directory" and its like.
std::string error_text(int error_number);

}  // namespace pmb::tool
