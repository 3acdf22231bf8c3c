// SPDX-License-Identifier: MIT
#include "transfer.hpp"

#include <pmb/transfer.hpp>

#include "bytes.hpp"
#include "context.hpp"
#include "errors.hpp"
#include "readback_ring.hpp"

namespace pmb::python {

namespace {

/// The ring of pending downloads, which the context owns and keeps until it is closed.
class ContextMemory : public Memory {
 public:
  explicit ContextMemory(std::shared_ptr<PyContext> context) : Memory(std::move(context), false) {}

 private:
  void end() noexcept override {}
};

void upload_bytes(PyContext& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                  const Source& source) {
  pmb::Context& open = context.use();
  const std::source_location place = context.place();
  take(without_lock([&] { return pmb::upload(open, buffer, offset_bytes, bytes_of(source), place); }));
}

void download_to_target(PyContext& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                        const Target& target) {
  pmb::Context& open = context.use();
  const std::source_location place = context.place();
  take(without_lock([&] { return pmb::download(open, buffer, offset_bytes, bytes_of(target), place); }));
}

py::bytearray download_bytes(PyContext& context, std::uint32_t buffer, std::uint64_t offset_bytes,
                             std::size_t size_bytes) {
  py::bytearray bytes = new_bytearray(size_bytes);
  download_to_target(context, buffer, offset_bytes, Target(bytes));
  return bytes;
}

std::shared_ptr<PyPendingReadback> start_download(const std::shared_ptr<PyContext>& context,
                                                  std::uint32_t buffer, std::uint64_t offset_bytes,
                                                  std::uint64_t size_bytes) {
  pmb::Context& open = context->use();
  const std::source_location place = context->place();
  const auto pending =
      take(without_lock([&] { return pmb::download_async(open, buffer, offset_bytes, size_bytes, place); }));
  auto memory = std::make_shared<ContextMemory>(context);
  context->add(memory);
  return std::make_shared<PyPendingReadback>(std::move(memory), pending);
}

}  // namespace

void bind_transfer(py::module_& module) {
  module.def("upload", &upload_bytes, py::arg("context"), py::arg("buffer"), py::arg("offset_bytes"),
             py::arg("source"),
             "Copies a Python buffer into a GL buffer, as glBufferSubData does, without the GIL. Later "
             "commands see the new "
             "bytes. The source is free on return.");
  module.def("download", &download_to_target, py::arg("context"), py::arg("buffer"), py::arg("offset_bytes"),
             py::arg("target"),
             "Fills a writable Python buffer from a GL buffer, as glGetBufferSubData does, without the GIL.");
  module.def("download", &download_bytes, py::arg("context"), py::arg("buffer"), py::arg("offset_bytes"),
             py::arg("size_bytes"),
             "Returns a range of a GL buffer, after all earlier commands, as a bytearray.");
  module.def("download_async", &start_download, py::arg("context").none(false), py::arg("buffer"),
             py::arg("offset_bytes"), py::arg("size_bytes"),
             "Starts a download, and does not wait for its bytes. It needs no mark(). Release the readback, "
             "or copy_to() it.");
}

}  // namespace pmb::python
