// SPDX-License-Identifier: MIT
// A fake of CUDA's driver library, as a shared object. Device memory is process memory, streams run immediately, and
// kernels are recognised by name. It does not run the PTX; it only checks that the PTX has each kernel.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

using DevicePointer = unsigned long long;  // As CUdeviceptr.

constexpr int kSuccess = 0;
constexpr int kInvalidValue = 1;
constexpr int kNotFound = 500;
int context_storage;
int live_objects;
std::uint64_t bytes_up;  // By streams.
std::uint64_t bytes_down;

enum class Kernel : std::uintptr_t { read = 1, write, copy };

void run_read(std::uint32_t* sums, const std::uint32_t* source, std::uint64_t units, std::uint64_t threads) {
  std::memset(sums, 0, threads * sizeof(*sums));
  for (std::uint64_t i = 0; i < units * 4; ++i) sums[i / 4 % threads] += source[i];
}

void run_write(std::uint32_t* target, std::uint64_t seed, std::uint64_t units) {
  for (std::uint64_t i = 0; i < units * 4; ++i) target[i] = static_cast<std::uint32_t>(i + seed);
}

}  // namespace

#define FAKE extern "C" __attribute__((visibility("default"))) int

FAKE cuInit(unsigned flags) {
  return flags == 0 ? kSuccess : kInvalidValue;
}
FAKE cuDriverGetVersion(int* version) {
  *version = 13000;
  return kSuccess;
}
FAKE cuGetErrorName(int error, const char** name) {
  *name = error == kNotFound ? "CUDA_ERROR_NOT_FOUND" : "CUDA_ERROR_INVALID_VALUE";
  return kSuccess;
}
FAKE cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return ordinal == 0 ? kSuccess : kInvalidValue;
}
FAKE cuDeviceGetName(char* name, int size, int) {
  std::strncpy(name, "Fake GPU", static_cast<std::size_t>(size));
  return kSuccess;
}
FAKE cuDevicePrimaryCtxRetain(void** context, int) {
  *context = &context_storage;
  return kSuccess;
}
FAKE cuDevicePrimaryCtxRelease_v2(int) {
  return kSuccess;
}
FAKE cuCtxSetCurrent(void* context) {
  return context == &context_storage ? kSuccess : kInvalidValue;
}
FAKE cuMemAlloc_v2(DevicePointer* pointer, std::size_t size) {
  ++live_objects;
  *pointer = reinterpret_cast<DevicePointer>(std::malloc(size));
  return *pointer != 0 ? kSuccess : kInvalidValue;
}
FAKE cuMemFree_v2(DevicePointer pointer) {
  --live_objects;
  std::free(reinterpret_cast<void*>(pointer));
  return kSuccess;
}
FAKE cuMemHostAlloc(void** pointer, std::size_t size, unsigned) {
  ++live_objects;
  *pointer = std::malloc(size);
  return *pointer != nullptr ? kSuccess : kInvalidValue;
}
FAKE cuMemFreeHost(void* pointer) {
  --live_objects;
  std::free(pointer);
  return kSuccess;
}
FAKE cuMemHostGetDevicePointer_v2(DevicePointer* device, void* host, unsigned flags) {
  *device = reinterpret_cast<DevicePointer>(host);
  return flags == 0 ? kSuccess : kInvalidValue;
}
FAKE cuMemsetD8_v2(DevicePointer pointer, unsigned char value, std::size_t size) {
  std::memset(reinterpret_cast<void*>(pointer), value, size);
  return kSuccess;
}
FAKE cuMemcpyHtoD_v2(DevicePointer to, const void* from, std::size_t size) {
  std::memcpy(reinterpret_cast<void*>(to), from, size);
  return kSuccess;
}
FAKE cuMemcpyDtoH_v2(void* to, DevicePointer from, std::size_t size) {
  std::memcpy(to, reinterpret_cast<const void*>(from), size);
  return kSuccess;
}
FAKE cuMemcpyHtoDAsync_v2(DevicePointer to, const void* from, std::size_t size, void* stream) {
  bytes_up += size;
  return stream != nullptr ? cuMemcpyHtoD_v2(to, from, size) : kInvalidValue;
}
FAKE cuMemcpyDtoHAsync_v2(void* to, DevicePointer from, std::size_t size, void* stream) {
  bytes_down += size;
  return stream != nullptr ? cuMemcpyDtoH_v2(to, from, size) : kInvalidValue;
}
FAKE cuStreamCreate(void** stream, unsigned) {
  ++live_objects;
  *stream = std::malloc(1);
  return kSuccess;
}
FAKE cuStreamDestroy_v2(void* stream) {
  --live_objects;
  std::free(stream);
  return kSuccess;
}
FAKE cuStreamSynchronize(void* stream) {
  return stream != nullptr ? kSuccess : kInvalidValue;
}
FAKE cuModuleLoadData(void** module, const void* image) {
  *module = const_cast<void*>(image);
  return kSuccess;
}
FAKE cuModuleUnload(void*) {
  return kSuccess;
}
FAKE cuModuleGetFunction(void** function, void* module, const char* name) {
  constexpr std::string_view kNames[] = {"pmb_read", "pmb_write", "pmb_copy"};
  for (std::uintptr_t i = 0; i < 3; ++i) {
    if (name != kNames[i] || std::strstr(static_cast<const char*>(module), name) == nullptr) continue;
    *function = reinterpret_cast<void*>(i + 1);
    return kSuccess;
  }
  return kNotFound;
}
FAKE cuLaunchKernel(void* function, unsigned groups, unsigned, unsigned, unsigned group_size, unsigned,
                    unsigned, unsigned, void*, void** parameters, void**) {
  std::uint64_t values[3] = {};
  for (int i = 0; i < 3; ++i) std::memcpy(&values[i], parameters[i], sizeof(values[i]));
  auto* const first = reinterpret_cast<std::uint32_t*>(values[0]);
  const auto* const second = reinterpret_cast<const std::uint32_t*>(values[1]);
  constexpr std::uint64_t kUnitBytes = 16;
  switch (static_cast<Kernel>(reinterpret_cast<std::uintptr_t>(function))) {
    case Kernel::read:
      run_read(first, second, values[2], std::uint64_t{groups} * group_size);
      return kSuccess;
    case Kernel::write:
      run_write(first, values[1], values[2]);
      return kSuccess;
    case Kernel::copy:
      std::memcpy(first, second, values[2] * kUnitBytes);
      return kSuccess;
  }
  return kInvalidValue;
}

/// For tests: the copies of all streams since the last call.
FAKE fake_cuda_take_copied(std::uint64_t* up, std::uint64_t* down) {
  *up = bytes_up;
  *down = bytes_down;
  bytes_up = bytes_down = 0;
  return kSuccess;
}
/// Objects that were not freed.
FAKE fake_cuda_live_objects() {
  return live_objects;
}
