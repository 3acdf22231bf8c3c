// SPDX-License-Identifier: MIT
#include "cuda.hpp"

#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/cuda.hpp>
#include <string>
#include <utility>
#include <vector>

#include "context.hpp"
#include "dlpack.hpp"
#include "errors.hpp"
#include "lent.hpp"
#include "place.hpp"
#include "ring_options.hpp"

namespace pmb::python {

namespace {

using PyCuda = Owner<pmb::Cuda>;

/// A CUstream as libraries of Python pass it: 1 is the default stream by another name.
void* stream_of(std::intptr_t stream) noexcept {
  constexpr std::intptr_t kLegacyDefault = 1;
  return stream == kLegacyDefault ? nullptr : reinterpret_cast<void*>(stream);
}

void order(PyCuda& cuda, std::intptr_t stream) {
  const pmb::Cuda& open = cuda.use();
  const std::source_location place = cuda.context().place();
  take(without_lock([&] { return open.order(stream_of(stream), place); }));
}

class PyCudaArray {
 public:
  PyCudaArray(std::shared_ptr<PyCuda> cuda, DeviceBytes bytes)
      : cuda_(std::move(cuda)), bytes_(std::move(bytes)) {}
  PyCudaArray(const PyCudaArray&) = delete;
  PyCudaArray& operator=(const PyCudaArray&) = delete;
  virtual ~PyCudaArray() = default;

  PyCuda& cuda() const noexcept { return *cuda_; }
  /// Throws BufferError once ended.
  const DeviceBytes& bytes() const {
    if (ended_) raise_buffer_error("the array has ended; make or map a new one");
    return bytes_;
  }
  void end() noexcept { ended_ = true; }
  /// The end of a with statement.
  virtual void leave() { end(); }

 private:
  std::shared_ptr<PyCuda> cuda_;
  DeviceBytes bytes_;
  bool ended_ = false;
};

/// Of memory that the CPU and GL share.
class SharedArray : public PyCudaArray {
 public:
  SharedArray(std::shared_ptr<PyCuda> cuda, std::shared_ptr<Lent> memory)
      : PyCudaArray(cuda, memory->on_device(cuda->use())), memory_(std::move(memory)) {
    memory_->begin_view();
  }
  ~SharedArray() override { memory_->end_view(); }

 private:
  std::shared_ptr<Lent> memory_;
};

struct PyCudaBuffer : Owner<pmb::CudaBuffer> {
  PyCudaBuffer(std::shared_ptr<PyCuda> its_cuda, pmb::CudaBuffer buffer)
      : Owner(its_cuda->shared_context(), std::move(buffer)), cuda(std::move(its_cuda)) {}

  void unmap() {
    take(use().unmap(context().place()));
    if (const auto array = mapped.lock()) array->end();
  }

  std::shared_ptr<PyCuda> cuda;
  std::weak_ptr<PyCudaArray> mapped;
};

/// Of a buffer in VRAM.
class MappedArray : public PyCudaArray {
 public:
  MappedArray(std::shared_ptr<PyCudaBuffer> buffer, DeviceBytes bytes)
      : PyCudaArray(buffer->cuda, std::move(bytes)), buffer_(std::move(buffer)) {
    buffer_->add_view();
  }
  ~MappedArray() override { buffer_->remove_view(); }
  void leave() override { buffer_->unmap(); }

 private:
  std::shared_ptr<PyCudaBuffer> buffer_;
};

std::shared_ptr<PyCudaArray> map_buffer(const std::shared_ptr<PyCudaBuffer>& buffer, std::intptr_t stream) {
  const std::uint64_t pointer = take(buffer->use().map(stream_of(stream), buffer->context().place()));
  const auto size = static_cast<std::int64_t>(buffer->use().size_bytes());
  const auto array =
      std::make_shared<MappedArray>(buffer, DeviceBytes{.pointer = pointer, .extents = {size}});
  buffer->mapped = array;
  return array;
}

py::dict array_interface(const PyCudaArray& array) {
  const DeviceBytes& bytes = array.bytes();
  const char format = *bytes.component.format;
  const char kind = format == 'e' || format == 'f' ? 'f' : format >= 'a' ? 'i' : 'u';
  const char order = bytes.component.bytes == 1 ? '|' : '<';
  py::dict interface;
  interface["version"] = 3;
  interface["shape"] = py::tuple(py::cast(bytes.extents));
  interface["typestr"] = std::string({order, kind}) + std::to_string(bytes.component.bytes);
  interface["data"] = py::make_tuple(bytes.pointer, false);
  interface["strides"] = py::none();
  interface["stream"] = py::none();
  return interface;
}

std::pair<int, int> dlpack_device(const PyCudaArray& array) {
  return {kDlpackCuda, array.cuda().use().device()};
}

py::capsule to_dlpack(const std::shared_ptr<PyCudaArray>& array, std::optional<std::intptr_t> stream,
                      std::optional<std::pair<int, int>> max_version,
                      std::optional<std::pair<int, int>> dl_device, std::optional<bool> copy) {
  constexpr std::intptr_t kNoOrder = -1;
  const DeviceBytes& bytes = array->bytes();
  const std::pair<int, int> device = dlpack_device(*array);
  if (dl_device.value_or(device) != device) raise_buffer_error("this memory is on one CUDA device alone");
  if (copy.value_or(false)) raise_buffer_error("an array of mapped memory is never a copy; copy the result");
  if (bytes.gl_may_write && stream != kNoOrder) order(array->cuda(), stream.value_or(0));
  const bool is_versioned = max_version && max_version->first >= 1;
  return make_dlpack_capsule(bytes, device.second, array, is_versioned);
}

void bind_array(py::module_& module) {
  py::class_<PyCudaArray, std::shared_ptr<PyCudaArray>>(
      module, "CudaArray",
      "Memory of pmb as an array on a CUDA device, without a copy: torch.from_dlpack(array), "
      "cupy.asarray(array). Its memory stays mapped as long as it or a tensor of it exists. Kernels may "
      "write it.")
      .def_property_readonly("__cuda_array_interface__", &array_interface,
                             "Version 3. It has no stream: call order() after GL commands that write the "
                             "bytes. Raises BufferError once unmapped.")
      .def("__dlpack__", &to_dlpack, py::kw_only(), py::arg("stream") = py::none(),
           py::arg("max_version") = py::none(), py::arg("dl_device") = py::none(),
           py::arg("copy") = py::none(),
           "A capsule of CUDA memory (kDLCUDA). Orders `stream` after the GL commands that may still write "
           "the bytes. Raises BufferError once unmapped, and for a copy or another device.")
      .def("__dlpack_device__", &dlpack_device, "kDLCUDA and the device's number.")
      .def("__enter__", [](std::shared_ptr<PyCudaArray> array) { return array; })
      .def(
          "__exit__",
          [](PyCudaArray& array, const py::object&, const py::object&, const py::object&) { array.leave(); },
          py::arg("type"), py::arg("value"), py::arg("traceback"));
}

void bind_buffer(py::module_& module) {
  py::class_<PyCudaBuffer, std::shared_ptr<PyCudaBuffer>> buffer(
      module, "CudaBuffer",
      "A buffer of the program in VRAM that CUDA maps for a time. The GL buffer must outlive it.");
  buffer
      .def(py::init([](const std::shared_ptr<PyCuda>& cuda, std::uint32_t name) {
             const std::source_location place = python_place();
             auto made = std::make_shared<PyCudaBuffer>(
                 cuda, take(pmb::CudaBuffer::create(cuda->use(), name, place)));
             cuda->context().add(made);
             return made;
           }),
           py::arg("cuda").none(false), py::arg("buffer"),
           "Registers a buffer that GL has not mapped and will not map. Raises Refused (mapped), "
           "InvalidArgument, and GlError if the GL context is not on this device.")
      .def("map", &map_buffer, py::arg("stream") = 0,
           "Returns its bytes as an array. What the stream gets from now on is after all GL commands so far. "
           "GL must not use the buffer until unmap().\n\n"
           "`with buffer.map(stream) as array:` unmaps at the end.")
      .def("unmap", &PyCudaBuffer::unmap,
           "GL commands issued from now on are after all that the stream of map() has got so far. The array "
           "ends; no kernel may use a tensor of it any more.")
      .def_property_readonly(
          "size_bytes", [](PyCudaBuffer& self) { return self.use().size_bytes(); }, "Of the GL buffer.");
  bind_closing<PyCudaBuffer>(buffer);
}

}  // namespace

void bind_cuda(py::module_& module) {
  bind_array(module);
  py::class_<PyCuda, std::shared_ptr<PyCuda>>(
      module, "Cuda", "A CUDA device beside a context. Its calls are for the context's thread.")
      .def(py::init([](const std::shared_ptr<PyContext>& context, int device) {
             pmb::Context& open = context->use();
             const std::source_location place = python_place();
             return own<PyCuda>(context,
                                take(without_lock([&] { return pmb::Cuda::open(open, device, place); })));
           }),
           py::arg("context").none(false), py::arg("device") = 0,
           "Opens the device as PyTorch and CuPy do (the primary context). Context.gpu.cuda_device is the "
           "number of a headless context's GPU. Raises Unsupported without CUDA.")
      .def(
          "pointer", [](PyCuda& self, const Lent& memory) { return memory.on_device(self.use()).pointer; },
          py::arg("memory"),
          "The device pointer of memory that pmb maps: a MappedBuffer, Slice, PendingReadback, ReadView, "
          "Block or Frame. The first of a mapping pins it, which takes milliseconds. Raises StaleHandle or "
          "BufferError once retired or released.")
      .def(
          "array",
          [](const std::shared_ptr<PyCuda>& self, const std::shared_ptr<Lent>& memory)
              -> std::shared_ptr<PyCudaArray> { return std::make_shared<SharedArray>(self, memory); },
          py::arg("memory").none(false),
          "The same memory as an array for torch.from_dlpack() and cupy.asarray(). A Frame has its shape; "
          "other memory is bytes.")
      .def("order", &order, py::arg("stream") = 0,
           "Orders a stream and the GL context, in both directions, as in C++. `stream` is the number of a "
           "CUstream, such as torch.cuda.current_stream().cuda_stream. Does not block where "
           "`orders_on_gpu`.")
      .def_property_readonly(
          "orders_on_gpu", [](PyCuda& self) { return self.use().orders_on_gpu(); },
          "True if the GL context is on this device.")
      .def_property_readonly(
          "device", [](PyCuda& self) { return self.use().device(); }, "CUDA's number of the device.");
  bind_buffer(module);
}

}  // namespace pmb::python
