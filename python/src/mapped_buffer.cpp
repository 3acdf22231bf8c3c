// SPDX-License-Identifier: MIT
#include "mapped_buffer.hpp"

#include <pybind11/stl.h>

#include <pmb/mapped_buffer.hpp>

#include "bytes.hpp"
#include "context.hpp"
#include "errors.hpp"
#include "lent.hpp"
#include "place.hpp"

namespace pmb::python {

namespace {

/// A buffer, and the Python memory below it, which is let go after the buffer.
struct HeldBuffer {
  std::shared_ptr<const Target> memory;  ///< Null unless adopted.
  MappedBuffer buffer;
};
using BufferMemory = Owner<HeldBuffer>;

/// The buffer lends its own bytes, until it is destroyed.
class PyMappedBuffer : public Lent {
 public:
  explicit PyMappedBuffer(const std::shared_ptr<BufferMemory>& memory, bool is_writable)
      : Lent(memory, memory->use().buffer.raw_bytes(), is_writable), buffer_(memory) {}
  MappedBuffer& use() const { return buffer_->use().buffer; }
  std::source_location place() const { return memory().context().place(); }
  DeviceBytes on_device(const pmb::Cuda& cuda) const override {
    return {.pointer = take(cuda.pointer(use(), place())),
            .extents = {static_cast<std::int64_t>(use().size_bytes())}};
  }

 private:
  std::shared_ptr<BufferMemory> buffer_;
};

std::shared_ptr<PyMappedBuffer> create_mapped_buffer(const std::shared_ptr<PyContext>& context,
                                                     std::uint64_t size_bytes, Access access,
                                                     const std::string& label, std::optional<Model> model,
                                                     bool prefault) {
  pmb::Context& open = context->use();
  MappedBufferOptions options = {.size_bytes = size_bytes, .access = access, .label = label};
  options.model = model;
  options.prefault = prefault;
  const std::source_location place = python_place();
  auto buffer = take(without_lock([&] { return MappedBuffer::create(open, options, place); }));
  const auto memory = own<BufferMemory>(context, HeldBuffer{.memory = {}, .buffer = std::move(buffer)});
  return std::make_shared<PyMappedBuffer>(memory, access != Access::read);
}

/// Keeps the bytes of a Python object. The last owner may be a thread without the GIL.
std::shared_ptr<const Target> hold(Target target) {
  return {new Target(std::move(target)), [](const Target* held) {
            // Without an interpreter there is nothing to give back.
            if (Py_IsInitialized() == 0) return;
            const py::gil_scoped_acquire lock;
            delete held;
          }};
}

std::shared_ptr<PyMappedBuffer> adopt_memory(const std::shared_ptr<PyContext>& context, Target target,
                                             Access access, const std::string& label) {
  pmb::Context& open = context->use();
  const std::source_location place = python_place();
  const auto held = hold(std::move(target));
  const std::span<std::byte> bytes(held->data(), held->size());
  auto buffer =
      take(without_lock([&] { return MappedBuffer::adopt_memory(open, bytes, access, label, place); }));
  const auto memory = own<BufferMemory>(context, HeldBuffer{.memory = held, .buffer = std::move(buffer)});
  return std::make_shared<PyMappedBuffer>(memory, access != Access::read);
}

void write_bytes(PyMappedBuffer& self, std::uint64_t offset_bytes, const Source& source) {
  MappedBuffer& buffer = self.use();
  const std::source_location place = self.place();
  take(without_lock([&] { return buffer.write(offset_bytes, bytes_of(source), place); }));
}

void read_bytes(PyMappedBuffer& self, std::uint64_t offset_bytes, const Target& target,
                const Ticket& after_writer) {
  MappedBuffer& buffer = self.use();
  const std::source_location place = self.place();
  take(without_lock([&] { return buffer.read(offset_bytes, bytes_of(target), after_writer, place); }));
}

}  // namespace

void bind_mapped_buffer(py::module_& module) {
  py::class_<PyMappedBuffer, Lent, std::shared_ptr<PyMappedBuffer>>(
      module, "MappedBuffer", buffer_protocol<PyMappedBuffer>(),
      "One GL buffer that stays mapped for its whole life, for programs that order CPU and GPU with tickets "
      "themselves. It "
      "is a buffer: numpy.asarray(mapped) copies nothing. Before the CPU touches bytes that the GPU uses, "
      "wait for a ticket "
      "marked after that use. Reading memory of Access.sequential_write is undefined.")
      .def(py::init(&create_mapped_buffer), py::arg("context").none(false), py::arg("size_bytes"),
           py::arg_v("access", Access::sequential_write, "Access.sequential_write"), py::kw_only(),
           py::arg("label") = "", py::arg("model") = py::none(), py::arg("prefault") = false,
           "Creates storage and maps it. Raises Unsupported without buffer storage, TooLarge, OutOfMemory or "
           "MapFailed.")
      .def_static(
          "adopt_memory", &adopt_memory, py::arg("context").none(false), py::arg("memory"),
          py::arg_v("access", Access::bidirectional, "Access.bidirectional"), py::kw_only(),
          py::arg("label") = "",
          "Makes whole pages of writable memory, such as an mmap.mmap, a GL buffer without a copy "
          "(GL_AMD_pinned_memory). Keeps the memory until the buffer has ended, which waits until the "
          "GPU is idle. Raises Unsupported, InvalidArgument (no whole pages), Refused (pmb uses a part "
          "of it already), MapFailed or OutOfMemory.")
      .def("write", &write_bytes, py::arg("offset_bytes"), py::arg("source"),
           "Copies bytes in, without the GIL, and makes them visible to commands issued from now on.")
      .def("read", &read_bytes, py::arg("offset_bytes"), py::arg("target"), py::arg("after_writer"),
           "Copies bytes out, without the GIL. The ticket is marked after the command that writes them. "
           "Raises WouldBlock "
           "if it has not passed.")
      .def(
          "flush",
          [](PyMappedBuffer& self, std::uint64_t offset, std::uint64_t size) {
            take(self.use().flush(offset, size, self.place()));
          },
          py::arg("offset_bytes"), py::arg("size_bytes"),
          "Makes bytes visible that were written through an array or a memoryview.")
      .def(
          "destroy", [](PyMappedBuffer& self) { self.memory().close(); },
          "Ends it. It is unmapped as soon as no array or memoryview of it is left. A second call does "
          "nothing.")
      .def_property_readonly(
          "buffer", [](PyMappedBuffer& self) { return self.use().buffer(); }, "GL name.")
      .def_property_readonly(
          "size_bytes", [](PyMappedBuffer& self) { return self.use().size_bytes(); }, "Mapped bytes.")
      .def_property_readonly(
          "is_mapped",
          [](PyMappedBuffer& self) { return !self.memory().is_closed() && self.use().is_mapped(); },
          "False once destroyed.")
      .def_property_readonly(
          "plan", [](PyMappedBuffer& self) { return self.use().plan(); }, "How it is mapped, and why.")
      .def_property_readonly(
          "label", [](PyMappedBuffer& self) { return std::string(self.use().label()); }, "As created.")
      .def("__enter__", [](std::shared_ptr<PyMappedBuffer> self) { return self; })
      .def(
          "__exit__",
          [](PyMappedBuffer& self, const py::object&, const py::object&, const py::object&) {
            self.memory().close();
          },
          py::arg("type"), py::arg("value"), py::arg("traceback"))
      .def("__array__", &to_array, py::arg("dtype") = py::none(), py::arg("copy") = py::none(),
           "For numpy. Raises BufferError once destroyed.");
}

}  // namespace pmb::python
