// SPDX-License-Identifier: MIT
//
// The device behind the fake of CUDA: memory, streams and kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fake_cuda.hpp"

namespace fake_cuda {

using DevicePointer = unsigned long long;  // As CUdeviceptr.

// CUresult, as far as the fake returns them.
enum Code : int {
  kSuccess = 0,
  kInvalidValue = 1,
  kNotInitialized = 3,
  kInvalidContext = 201,
  kAlreadyMapped = 208,
  kNotMapped = 211,
  kInvalidGraphicsContext = 219,
  kOperatingSystem = 304,
  kInvalidHandle = 400,
  kNotFound = 500,
  kNotReady = 600,
  kIllegalAddress = 700,
  kAlreadyRegistered = 712,
  kNotRegistered = 713,
};

class Stream {
 public:
  std::uint64_t issue(std::function<void()> work) {
    queue_.push_back(std::move(work));
    return ++issued_;
  }
  [[nodiscard]] bool has_run_to(std::uint64_t position) const { return executed_ >= position; }
  // Runs the work up to `position` and no further.
  void run_to(std::uint64_t position);
  void run_all() { run_to(issued_); }
  [[nodiscard]] std::uint64_t issued() const { return issued_; }
  [[nodiscard]] std::size_t queued() const { return queue_.size(); }
  int expired_polls = 0;

 private:
  std::deque<std::function<void()>> queue_;
  std::uint64_t issued_ = 0;
  std::uint64_t executed_ = 0;
  bool running_ = false;
};

// The work of the streams at the time of the record.
struct Event {
  std::map<void*, std::uint64_t> positions;  // null: the default stream
  int expired_polls = 0;
};

struct Resource {
  unsigned buffer = 0;
  bool mapped = false;  // by the calls so far
  bool usable = false;  // by the work that has run
  void* stream = nullptr;
};

// The launch of one kernel: its name, its three parameters and its threads.
struct Launch {
  std::string kernel;
  std::uint64_t parameters[3] = {};
  std::uint64_t threads = 0;
};

class Device {
 public:
  // --- memory ---
  DevicePointer allocate(std::size_t size, std::map<const std::byte*, std::vector<std::byte>>& in);
  bool free(const void* pointer, std::map<const std::byte*, std::vector<std::byte>>& from);
  int host_register(const std::byte* memory, std::size_t size);
  int host_unregister(const std::byte* memory);
  [[nodiscard]] bool is_pinned(const void* memory, std::size_t size) const;
  // The bytes that a kernel or a copy may use. Null otherwise: every later call then returns kIllegalAddress.
  std::byte* access(DevicePointer pointer, std::size_t size);

  // --- work ---
  Stream* stream(void* handle);  // null: the default stream; no such stream: a violation
  void run(const Launch& launch);
  void run_all();

  bool initialized = false;
  int retained = 0;
  int sticky_error = 0;
  std::map<const std::byte*, std::vector<std::byte>> device_memory;
  std::map<const std::byte*, std::vector<std::byte>> pinned_memory;
  std::map<const std::byte*, std::size_t> registered;
  std::map<void*, std::unique_ptr<Stream>> streams;
  Stream default_stream;
  std::map<void*, std::unique_ptr<Resource>> resources;
  std::map<void*, std::unique_ptr<Event>> events;
  bool endless = false;
  Graphics graphics;
  std::vector<std::string> calls;
  std::map<std::string, std::map<unsigned, int>, std::less<>> failures;
  std::vector<std::string> violations;
  std::uint64_t bytes_up = 0;  // By streams.
  std::uint64_t bytes_down = 0;
};

// The only one.
Device& device();

}  // namespace fake_cuda
