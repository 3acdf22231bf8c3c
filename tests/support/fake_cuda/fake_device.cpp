// SPDX-License-Identifier: MIT
//
// Late execution, and kernels recognised by name: the fake does not run PTX.
#include "fake_device.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace fake_cuda {
namespace {

constexpr std::byte kNewMemory{0xA5};
constexpr std::uintptr_t kPage = 4096;
constexpr std::uint64_t kUnit = 16;  // Bytes that a thread of these kernels works on at once.

// True if the range lies in one of the blocks.
template <class Blocks, class SizeOf>
bool lies_in(const Blocks& blocks, const std::byte* begin, std::size_t size, SizeOf size_of) {
  auto block = blocks.upper_bound(begin);
  if (block == blocks.begin()) return false;
  --block;
  const auto offset = static_cast<std::size_t>(begin - block->first);
  return offset <= size_of(block->second) && size <= size_of(block->second) - offset;
}

constexpr auto kSizeOfVector = [](const auto& bytes) { return bytes.size(); };
constexpr auto kSize = [](std::size_t size) { return size; };

std::uint32_t load(const std::byte* at) {
  std::uint32_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}
void store(std::byte* at, std::uint64_t value) {
  const auto word = static_cast<std::uint32_t>(value);
  std::memcpy(at, &word, sizeof word);
}

}  // namespace

Device& device() {
  static Device only;
  return only;
}

void Stream::run_to(std::uint64_t position) {
  // GL waits for this stream, which waits for GL.
  if (running_) return;
  running_ = true;
  while (executed_ < position) {
    const auto work = std::move(queue_.front());
    queue_.pop_front();
    ++executed_;
    work();
  }
  running_ = false;
}

DevicePointer Device::allocate(std::size_t size, std::map<const std::byte*, std::vector<std::byte>>& in) {
  std::vector<std::byte> bytes(size, kNewMemory);
  const std::byte* const begin = bytes.data();
  in.emplace(begin, std::move(bytes));
  return reinterpret_cast<DevicePointer>(begin);
}

bool Device::free(const void* pointer, std::map<const std::byte*, std::vector<std::byte>>& from) {
  run_all();
  return from.erase(static_cast<const std::byte*>(pointer)) == 1;
}

int Device::host_register(const std::byte* memory, std::size_t size) {
  if (memory == nullptr || size == 0) return kInvalidValue;
  for (const auto& [begin, bytes] : registered) {
    if (memory < begin + bytes && begin < memory + size) return kAlreadyRegistered;
  }
  registered.emplace(memory, size);
  return kSuccess;
}

int Device::host_unregister(const std::byte* memory) {
  const auto found = registered.find(memory);
  if (found == registered.end()) return kNotRegistered;
  // msync fails where no page is mapped.
  const auto page = reinterpret_cast<std::uintptr_t>(memory) / kPage * kPage;
  if (msync(reinterpret_cast<void*>(page), found->second, MS_ASYNC) != 0)
    violations.emplace_back("memory was unmapped before it was unregistered");
  if (default_stream.queued() > 0 ||
      std::ranges::any_of(streams, [](const auto& entry) { return entry.second->queued() > 0; }))
    violations.emplace_back("memory was unregistered while work was queued");
  registered.erase(found);
  return kSuccess;
}

bool Device::is_pinned(const void* memory, std::size_t size) const {
  const auto* const begin = static_cast<const std::byte*>(memory);
  return lies_in(registered, begin, size, kSize) || lies_in(pinned_memory, begin, size, kSizeOfVector);
}

std::byte* Device::access(DevicePointer pointer, std::size_t size) {
  auto* const begin = reinterpret_cast<std::byte*>(pointer);
  bool legal = is_pinned(begin, size) || lies_in(device_memory, begin, size, kSizeOfVector);
  for (const auto& [handle, resource] : resources) {
    if (legal || !resource->usable) continue;
    const std::span<std::byte> bytes = graphics.memory_of(resource->buffer);
    legal = begin >= bytes.data() && size <= bytes.size() && begin <= bytes.data() + (bytes.size() - size);
  }
  if (legal) return begin;
  sticky_error = kIllegalAddress;
  return nullptr;
}

Stream* Device::stream(void* handle) {
  if (handle == nullptr) return &default_stream;
  const auto found = streams.find(handle);
  return found == streams.end() ? nullptr : found->second.get();
}

void Device::run_all() {
  default_stream.run_all();
  for (const auto& [handle, stream] : streams) stream->run_all();
}

void Device::run(const Launch& launch) {
  if (launch.kernel == "pmb_spin") return;
  const auto [first, second, units] = launch.parameters;
  const std::size_t bytes = units * kUnit;
  if (launch.kernel == "pmb_read") {
    std::byte* const sums = access(first, launch.threads * sizeof(std::uint32_t));
    const std::byte* const source = access(second, bytes);
    if (sums == nullptr || source == nullptr) return;
    std::memset(sums, 0, launch.threads * sizeof(std::uint32_t));
    for (std::uint64_t i = 0; i < units * 4; ++i) {
      std::byte* const sum = sums + i / 4 % launch.threads * 4;
      store(sum, load(sum) + std::uint64_t{load(source + i * 4)});
    }
    return;
  }
  std::byte* const target = access(first, bytes);
  if (target == nullptr) return;
  if (launch.kernel == "pmb_copy") {
    const std::byte* const source = access(second, bytes);
    if (source != nullptr) std::memmove(target, source, bytes);
    return;
  }
  for (std::uint64_t i = 0; i < units * 4; ++i) {
    store(target + i * 4, launch.kernel == "pmb_write" ? i + second : load(target + i * 4) + second);
  }
}

}  // namespace fake_cuda
