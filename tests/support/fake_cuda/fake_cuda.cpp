// SPDX-License-Identifier: MIT
//
// The functions of CUDA's driver library, and those for tests.
#include "fake_cuda.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "fake_device.hpp"

namespace fake_cuda {
namespace {

int context_storage;
thread_local std::vector<void*> t_contexts;  // the current one is last

constexpr std::array kKernels = {"pmb_read", "pmb_write", "pmb_copy", "pmb_add", "pmb_spin"};

// Logs a call, and returns the code that it must return at once: a scripted one, or that of a missing context.
enum class Needs { nothing, initialized, context };
int enter(const char* name, Needs needs) {
  Device& gpu = device();
  gpu.calls.emplace_back(name);
  if (const auto script = gpu.failures.find(name); script != gpu.failures.end()) {
    const auto nth = static_cast<unsigned>(std::ranges::count(gpu.calls, name));
    if (const auto due = script->second.find(nth); due != script->second.end()) return due->second;
  }
  if (needs != Needs::nothing && !gpu.initialized) return kNotInitialized;
  if (needs != Needs::context) return kSuccess;
  if (t_contexts.empty() || t_contexts.back() == nullptr || gpu.retained == 0) return kInvalidContext;
  return gpu.sticky_error;
}

// The resource, or null.
Resource* resource_of(void* handle) {
  const auto found = device().resources.find(handle);
  return found == device().resources.end() ? nullptr : found->second.get();
}

template <class Object>
void* keep(std::map<void*, std::unique_ptr<Object>>& objects) {
  auto object = std::make_unique<Object>();
  void* const handle = object.get();
  objects.emplace(handle, std::move(object));
  return handle;
}

int copy(DevicePointer to, DevicePointer from, std::size_t size, bool to_host) {
  Device& gpu = device();
  const std::byte* const source = to_host ? gpu.access(from, size) : reinterpret_cast<const std::byte*>(from);
  std::byte* const target = to_host ? reinterpret_cast<std::byte*>(to) : gpu.access(to, size);
  if (source != nullptr && target != nullptr) std::memcpy(target, source, size);
  return gpu.sticky_error;
}

// Copies between pinned memory and the device are late; others are done before the call returns.
int copy_later(DevicePointer to, DevicePointer from, std::size_t size, bool to_host, void* stream) {
  Device& gpu = device();
  Stream* const queue = gpu.stream(stream);
  if (queue == nullptr) return kInvalidHandle;
  queue->issue([=] { copy(to, from, size, to_host); });
  if (!gpu.is_pinned(reinterpret_cast<void*>(to_host ? to : from), size)) queue->run_all();
  return gpu.sticky_error;
}

}  // namespace

void set_graphics(Graphics graphics) {
  device().graphics = std::move(graphics);
}

void fail(std::string_view call, unsigned nth, int error) {
  Device& gpu = device();
  const auto before = static_cast<unsigned>(std::ranges::count(gpu.calls, call));
  gpu.failures[std::string(call)][before + nth] = error;
}

const std::vector<std::string>& calls() {
  return device().calls;
}

void never_end(bool endless) {
  device().endless = endless;
}

void reset() {
  never_end(false);
  forgive();
  Device& gpu = device();
  gpu.retained = 0;
  gpu.streams.clear();
  gpu.graphics = {};
  gpu.calls.clear();
  gpu.failures.clear();
}

void forgive() {
  Device& gpu = device();
  gpu.run_all();
  gpu.registered.clear();
  gpu.resources.clear();
  gpu.events.clear();
  gpu.retained = 1;
  gpu.sticky_error = 0;
  gpu.violations.clear();
}

int live_objects() {
  const Device& gpu = device();
  return static_cast<int>(gpu.device_memory.size() + gpu.pinned_memory.size() + gpu.registered.size() +
                          gpu.streams.size() + gpu.resources.size() + gpu.events.size()) +
         gpu.retained;
}

const std::vector<std::string>& violations() {
  return device().violations;
}

std::size_t queued() {
  std::size_t count = device().default_stream.queued();
  for (const auto& [handle, stream] : device().streams) count += stream->queued();
  return count;
}

}  // namespace fake_cuda

using namespace fake_cuda;

#define FAKE extern "C" FAKE_CUDA_API int
#define ENTER(name, needs) \
  if (const int code = enter(name, needs); code != kSuccess) return code

FAKE cuInit(unsigned flags) {
  ENTER("cuInit", Needs::nothing);
  if (flags != 0) return kInvalidValue;
  device().initialized = true;
  return kSuccess;
}
FAKE cuDriverGetVersion(int* version) {
  ENTER("cuDriverGetVersion", Needs::nothing);
  *version = 13000;
  return kSuccess;
}
FAKE cuGetErrorName(int error, const char** name) {
  *name = error == kNotFound ? "CUDA_ERROR_NOT_FOUND" : "CUDA_ERROR_INVALID_VALUE";
  return kSuccess;
}
FAKE cuDeviceGet(int* found, int ordinal) {
  ENTER("cuDeviceGet", Needs::initialized);
  *found = ordinal;
  return ordinal == 0 ? kSuccess : kInvalidValue;
}
FAKE cuDeviceGetName(char* name, int size, int) {
  ENTER("cuDeviceGetName", Needs::initialized);
  std::strncpy(name, "Fake GPU", static_cast<std::size_t>(size));
  return kSuccess;
}

// --- contexts ---

FAKE cuDevicePrimaryCtxRetain(void** context, int) {
  ENTER("cuDevicePrimaryCtxRetain", Needs::initialized);
  ++device().retained;
  *context = &context_storage;
  return kSuccess;
}
FAKE cuDevicePrimaryCtxRelease_v2(int) {
  ENTER("cuDevicePrimaryCtxRelease_v2", Needs::initialized);
  Device& gpu = device();
  if (gpu.retained == 0) return kInvalidContext;
  if (--gpu.retained == 0 && !gpu.registered.empty())
    gpu.violations.emplace_back("the context ended before its host memory was unregistered");
  return kSuccess;
}
FAKE cuCtxSetCurrent(void* context) {
  ENTER("cuCtxSetCurrent", Needs::initialized);
  t_contexts = {context};
  return kSuccess;
}
FAKE cuCtxGetCurrent(void** context) {
  ENTER("cuCtxGetCurrent", Needs::initialized);
  *context = t_contexts.empty() ? nullptr : t_contexts.back();
  return kSuccess;
}
FAKE cuCtxPushCurrent_v2(void* context) {
  ENTER("cuCtxPushCurrent_v2", Needs::initialized);
  t_contexts.push_back(context);
  return kSuccess;
}
FAKE cuCtxPopCurrent_v2(void** context) {
  ENTER("cuCtxPopCurrent_v2", Needs::initialized);
  if (t_contexts.empty()) return kInvalidContext;
  *context = t_contexts.back();
  t_contexts.pop_back();
  return kSuccess;
}
FAKE cuCtxSynchronize() {
  ENTER("cuCtxSynchronize", Needs::context);
  device().run_all();
  return device().sticky_error;
}

// --- memory ---

FAKE cuMemAlloc_v2(DevicePointer* pointer, std::size_t size) {
  ENTER("cuMemAlloc_v2", Needs::context);
  *pointer = device().allocate(size, device().device_memory);
  return kSuccess;
}
FAKE cuMemFree_v2(DevicePointer pointer) {
  ENTER("cuMemFree_v2", Needs::context);
  return device().free(reinterpret_cast<void*>(pointer), device().device_memory) ? kSuccess : kInvalidValue;
}
FAKE cuMemHostAlloc(void** pointer, std::size_t size, unsigned) {
  ENTER("cuMemHostAlloc", Needs::context);
  *pointer = reinterpret_cast<void*>(device().allocate(size, device().pinned_memory));
  return kSuccess;
}
FAKE cuMemFreeHost(void* pointer) {
  ENTER("cuMemFreeHost", Needs::context);
  return device().free(pointer, device().pinned_memory) ? kSuccess : kInvalidValue;
}
FAKE cuMemHostRegister_v2(void* memory, std::size_t size, unsigned flags) {
  ENTER("cuMemHostRegister_v2", Needs::context);
  constexpr unsigned kPortableAndDeviceMap = 3;
  if (flags != kPortableAndDeviceMap)
    device().violations.emplace_back("registered without PORTABLE and DEVICEMAP");
  return device().host_register(static_cast<const std::byte*>(memory), size);
}
FAKE cuMemHostUnregister(void* memory) {
  ENTER("cuMemHostUnregister", Needs::context);
  return device().host_unregister(static_cast<const std::byte*>(memory));
}
FAKE cuMemHostGetDevicePointer_v2(DevicePointer* found, void* host, unsigned flags) {
  ENTER("cuMemHostGetDevicePointer_v2", Needs::context);
  if (flags != 0 || !device().is_pinned(host, 1)) return kInvalidValue;
  *found = reinterpret_cast<DevicePointer>(host);
  return kSuccess;
}
FAKE cuMemsetD8_v2(DevicePointer pointer, unsigned char value, std::size_t size) {
  ENTER("cuMemsetD8_v2", Needs::context);
  device().run_all();
  if (std::byte* const bytes = device().access(pointer, size); bytes != nullptr)
    std::memset(bytes, value, size);
  return device().sticky_error;
}
FAKE cuMemcpyHtoD_v2(DevicePointer to, const void* from, std::size_t size) {
  ENTER("cuMemcpyHtoD_v2", Needs::context);
  device().run_all();
  return copy(to, reinterpret_cast<DevicePointer>(from), size, false);
}
FAKE cuMemcpyDtoH_v2(void* to, DevicePointer from, std::size_t size) {
  ENTER("cuMemcpyDtoH_v2", Needs::context);
  device().run_all();
  return copy(reinterpret_cast<DevicePointer>(to), from, size, true);
}
FAKE cuMemcpyHtoDAsync_v2(DevicePointer to, const void* from, std::size_t size, void* stream) {
  ENTER("cuMemcpyHtoDAsync_v2", Needs::context);
  device().bytes_up += size;
  return copy_later(to, reinterpret_cast<DevicePointer>(from), size, false, stream);
}
FAKE cuMemcpyDtoHAsync_v2(void* to, DevicePointer from, std::size_t size, void* stream) {
  ENTER("cuMemcpyDtoHAsync_v2", Needs::context);
  device().bytes_down += size;
  return copy_later(reinterpret_cast<DevicePointer>(to), from, size, true, stream);
}

// --- streams and kernels ---

FAKE cuStreamCreate(void** stream, unsigned) {
  ENTER("cuStreamCreate", Needs::context);
  *stream = keep(device().streams);
  return kSuccess;
}
FAKE cuStreamDestroy_v2(void* stream) {
  ENTER("cuStreamDestroy_v2", Needs::context);
  Stream* const queue = device().stream(stream);
  if (stream == nullptr || queue == nullptr) return kInvalidHandle;
  queue->run_all();
  device().streams.erase(stream);
  return kSuccess;
}
FAKE cuStreamSynchronize(void* stream) {
  ENTER("cuStreamSynchronize", Needs::context);
  Stream* const queue = device().stream(stream);
  if (queue == nullptr) return kInvalidHandle;
  queue->run_all();
  return device().sticky_error;
}
FAKE cuStreamQuery(void* stream) {
  ENTER("cuStreamQuery", Needs::context);
  Stream* const queue = device().stream(stream);
  if (queue == nullptr) return kInvalidHandle;
  // The first poll finds work undone.
  if (queue->queued() > 0 && (device().endless || ++queue->expired_polls % 2 == 1)) return kNotReady;
  queue->run_all();
  return device().sticky_error;
}
FAKE cuEventCreate(void** event, unsigned) {
  ENTER("cuEventCreate", Needs::context);
  *event = keep(device().events);
  return kSuccess;
}
FAKE cuEventDestroy_v2(void* event) {
  ENTER("cuEventDestroy_v2", Needs::context);
  return device().events.erase(event) == 1 ? kSuccess : kInvalidHandle;
}
FAKE cuCtxRecordEvent(void* context, void* event) {
  ENTER("cuCtxRecordEvent", Needs::context);
  const auto found = device().events.find(event);
  if (found == device().events.end() || context != &context_storage) return kInvalidHandle;
  auto& positions = found->second->positions;
  positions = {{nullptr, device().default_stream.issued()}};
  for (const auto& [handle, stream] : device().streams) positions.emplace(handle, stream->issued());
  return kSuccess;
}
FAKE cuEventQuery(void* event) {
  ENTER("cuEventQuery", Needs::context);
  const auto found = device().events.find(event);
  if (found == device().events.end()) return kInvalidHandle;
  Event& recorded = *found->second;
  const bool has_passed = std::ranges::all_of(recorded.positions, [](const auto& entry) {
    const Stream* const stream = device().stream(entry.first);
    return stream == nullptr || stream->has_run_to(entry.second);
  });
  // The first poll finds work undone.
  if (!has_passed && (device().endless || ++recorded.expired_polls % 2 == 1)) return kNotReady;
  for (const auto& [handle, position] : recorded.positions) {
    if (Stream* const stream = device().stream(handle)) stream->run_to(position);
  }
  return device().sticky_error;
}
FAKE cuModuleLoadData(void** module, const void* image) {
  ENTER("cuModuleLoadData", Needs::context);
  *module = const_cast<void*>(image);
  return kSuccess;
}
FAKE cuModuleUnload(void*) {
  ENTER("cuModuleUnload", Needs::context);
  return kSuccess;
}
FAKE cuModuleGetFunction(void** function, void* module, const char* name) {
  ENTER("cuModuleGetFunction", Needs::context);
  for (const char* const& kernel : kKernels) {
    if (std::strcmp(name, kernel) != 0 || std::strstr(static_cast<const char*>(module), name) == nullptr)
      continue;
    *function = const_cast<const char**>(&kernel);
    return kSuccess;
  }
  return kNotFound;
}
FAKE cuLaunchKernel(void* function, unsigned groups, unsigned, unsigned, unsigned group_size, unsigned,
                    unsigned, unsigned, void* stream, void** parameters, void**) {
  ENTER("cuLaunchKernel", Needs::context);
  Stream* const queue = device().stream(stream);
  if (queue == nullptr) return kInvalidHandle;
  Launch launch = {.kernel = *static_cast<const char* const*>(function),
                   .threads = std::uint64_t{groups} * group_size};
  for (int i = 0; i < 3; ++i) std::memcpy(&launch.parameters[i], parameters[i], sizeof launch.parameters[i]);
  queue->issue([launch] { device().run(launch); });
  return kSuccess;
}

// --- graphics ---

FAKE cuGraphicsGLRegisterBuffer(void** resource, unsigned buffer, unsigned flags) {
  ENTER("cuGraphicsGLRegisterBuffer", Needs::context);
  const Graphics& gl = device().graphics;
  if (!gl.is_current) return kOperatingSystem;
  if (!gl.is_current()) return kInvalidGraphicsContext;
  if (flags != 0 || gl.memory_of(buffer).empty()) return kInvalidValue;
  if (gl.leaves_its_mapping(buffer)) gl.move_away(buffer);
  *resource = keep(device().resources);
  resource_of(*resource)->buffer = buffer;
  return kSuccess;
}
FAKE cuGraphicsUnregisterResource(void* handle) {
  ENTER("cuGraphicsUnregisterResource", Needs::context);
  const Resource* const resource = resource_of(handle);
  if (resource == nullptr) return kInvalidHandle;
  if (resource->mapped) return kAlreadyMapped;
  device().resources.erase(handle);
  return kSuccess;
}
FAKE cuGraphicsMapResources(unsigned count, void** handles, void* stream) {
  ENTER("cuGraphicsMapResources", Needs::context);
  const Graphics& gl = device().graphics;
  Resource* const resource = count == 1 ? resource_of(handles[0]) : nullptr;
  Stream* const queue = device().stream(stream);
  if (resource == nullptr || queue == nullptr) return kInvalidHandle;
  if (!gl.is_current()) return kInvalidGraphicsContext;
  if (resource->mapped) return kAlreadyMapped;
  resource->mapped = true;
  resource->stream = stream;
  queue->issue([before = gl.commands_so_far(), handle = handles[0]] {
    if (!before()) device().violations.emplace_back("a stream waits for GL commands that cannot end");
    if (Resource* const still = resource_of(handle); still != nullptr) still->usable = true;
  });
  return kSuccess;
}
FAKE cuGraphicsUnmapResources(unsigned count, void** handles, void* stream) {
  ENTER("cuGraphicsUnmapResources", Needs::context);
  const Graphics& gl = device().graphics;
  Resource* const resource = count == 1 ? resource_of(handles[0]) : nullptr;
  Stream* const queue = device().stream(stream);
  if (resource == nullptr || queue == nullptr) return kInvalidHandle;
  if (!gl.is_current()) return kInvalidGraphicsContext;
  if (!resource->mapped) return kNotMapped;
  if (resource->stream != stream)
    device().violations.emplace_back("mapped on one stream and unmapped on another: real drivers can hang");
  resource->mapped = false;
  queue->issue([handle = handles[0]] {
    if (Resource* const still = resource_of(handle); still != nullptr) still->usable = false;
  });
  gl.wait_for([stream, position = queue->issued()] {
    if (Stream* const still = device().stream(stream); still != nullptr) still->run_to(position);
  });
  return kSuccess;
}
FAKE cuGraphicsResourceGetMappedPointer_v2(DevicePointer* pointer, std::size_t* size, void* handle) {
  ENTER("cuGraphicsResourceGetMappedPointer_v2", Needs::context);
  const Resource* const resource = resource_of(handle);
  if (resource == nullptr) return kInvalidHandle;
  if (!resource->mapped) return kNotMapped;
  const std::span<std::byte> bytes = device().graphics.memory_of(resource->buffer);
  *pointer = reinterpret_cast<DevicePointer>(bytes.data());
  *size = bytes.size();
  return kSuccess;
}

// --- for tests that open the library by its path ---

/// The copies of all streams since the last call.
FAKE fake_cuda_take_copied(std::uint64_t* up, std::uint64_t* down) {
  *up = std::exchange(device().bytes_up, 0);
  *down = std::exchange(device().bytes_down, 0);
  return kSuccess;
}
/// As if the GL context of the program were on the device, always idle, with these bytes in every buffer. Null ends that.
FAKE fake_cuda_serve_buffers(std::byte* bytes, std::size_t size) {
  device().graphics = {};
  if (bytes == nullptr) return kSuccess;
  device().graphics = {.is_current = [] { return true; },
                       .memory_of = [=](unsigned) { return std::span(bytes, size); },
                       .leaves_its_mapping = [](unsigned) { return false; },
                       .move_away = {},
                       .commands_so_far = [] { return [] { return true; }; },
                       .wait_for = [](const std::function<void()>& done) { done(); }};
  return kSuccess;
}
/// Objects that were not freed, without contexts.
FAKE fake_cuda_live_objects() {
  return live_objects() - device().retained;
}
