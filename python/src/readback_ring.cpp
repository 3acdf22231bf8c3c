// SPDX-License-Identifier: MIT
#include "readback_ring.hpp"

#include <pybind11/stl.h>

#include "errors.hpp"
#include "place.hpp"
#include "ring_options.hpp"

namespace pmb::python {

namespace {

std::shared_ptr<PyReadbackRing> create_readback_ring(const std::shared_ptr<PyContext>& context,
                                                     const PyRingOptions& options) {
  pmb::Context& open = context->use();
  auto ring = without_lock([&] { return ReadbackRing::create(open, options.get(), options.place); });
  return own<PyReadbackRing>(context, take(std::move(ring)), options.grows());
}

std::shared_ptr<PyPendingReadback> request_readback(const std::shared_ptr<PyReadbackRing>& ring,
                                                    std::uint32_t buffer, std::uint64_t offset_bytes,
                                                    std::uint64_t size_bytes) {
  ReadbackRing& open = ring->use();
  const std::source_location place = python_place();
  const auto pending = without_lock([&] { return open.request(buffer, offset_bytes, size_bytes, place); });
  return std::make_shared<PyPendingReadback>(ring, take(pending));
}

std::shared_ptr<PyPendingReadback> acquire_readback(const std::shared_ptr<PyReadbackRing>& ring,
                                                    std::uint64_t size_bytes, std::uint64_t alignment) {
  ReadbackRing& open = ring->use();
  const std::source_location place = python_place();
  const auto pending = without_lock([&] { return open.acquire(size_bytes, alignment, place); });
  return std::make_shared<PyPendingReadback>(ring, take(pending));
}

void bind_view(py::module_& module) {
  py::class_<PyReadView, Lent, std::shared_ptr<PyReadView>>(
      module, "ReadView", buffer_protocol<PyReadView>(),
      "Bytes that have arrived, in place. It is a read-only buffer until it is released: numpy.asarray(view) "
      "and "
      "memoryview(view) copy nothing. Any thread may read them. The GPU may overwrite them after the "
      "release.\n\n"
      "`with pending.wait() as view:` releases at the end.")
      .def("release", &PyReadView::release,
           "Releases the readback or the block. Copy first what must stay. A second call does nothing.")
      .def_property_readonly(
          "size_bytes", [](const PyReadView& view) { return view.bytes().size(); },
          "Raises BufferError once released.")
      .def("__enter__", [](std::shared_ptr<PyReadView> view) { return view; })
      .def(
          "__exit__",
          [](const PyReadView& view, const py::object&, const py::object&, const py::object&) {
            view.release();
          },
          py::arg("type"), py::arg("value"), py::arg("traceback"))
      .def("__array__", &to_array, py::arg("dtype") = py::none(), py::arg("copy") = py::none(),
           "For numpy. Raises BufferError once released.");
}

void bind_pending(py::module_& module) {
  py::class_<PyPendingReadback, Lent, std::shared_ptr<PyPendingReadback>>(
      module, "PendingReadback", "A readback in flight. Dropping it releases it.")
      .def("try_view", &PyPendingReadback::try_view,
           "Polls, and returns the bytes if they have arrived, else None. Never blocks.")
      .def("wait", &PyPendingReadback::wait, py::arg("timeout") = 10.0,
           "Waits for the bytes, for at most `timeout` seconds, without the GIL. Raises WouldBlock at once "
           "if no mark() "
           "followed the writer, and TimedOut.")
      .def("copy_to", &PyPendingReadback::copy_to, py::arg("target"), py::arg("timeout") = 10.0,
           "Waits for the bytes, copies them to the start of a writable buffer, both without the GIL, and "
           "releases the "
           "readback.")
      .def("release", &PyPendingReadback::release,
           "Makes the memory reusable, at once or when the bytes have arrived. Never waits.")
      .def_property_readonly(
          "buffer", [](const PyPendingReadback& pending) { return pending.use().buffer(); },
          "GL name to write into, for acquire(); 0 once released.")
      .def_property_readonly(
          "offset_bytes", [](const PyPendingReadback& pending) { return pending.use().offset_bytes(); },
          "From the start of the GL buffer.")
      .def_property_readonly(
          "size_bytes", [](const PyPendingReadback& pending) { return pending.use().size_bytes(); },
          "As requested; 0 once released.")
      .def_property_readonly(
          "is_live", [](const PyPendingReadback& pending) { return pending.use().is_live(); },
          "True until released.")
      .def_property_readonly(
          "ticket", [](const PyPendingReadback& pending) { return pending.use().ticket(); },
          "A ticket that passes when the bytes have arrived; an empty one until the mark() that follows the "
          "writer.");
}

}  // namespace

PyPendingReadback::~PyPendingReadback() {
  if (memory_->is_closed() || pending_ == PendingReadback()) return;
  memory_->context().end_safely([memory = std::weak_ptr(memory_), pending = pending_] {
    const auto open = memory.lock();
    if (open && !open->is_closed() && pending.is_live()) static_cast<void>(pending.release());
  });
}

PendingReadback PyPendingReadback::use() const {
  if (memory_->is_closed()) return {};
  static_cast<void>(memory_->context().use());
  return pending_;
}

DeviceBytes PyPendingReadback::on_device(const pmb::Cuda& cuda) const {
  const PendingReadback pending = use();
  return {.pointer = take(cuda.pointer(pending, memory_->context().place())),
          .extents = {static_cast<std::int64_t>(pending.size_bytes())}};
}

DeviceBytes PyReadView::on_device(const pmb::Cuda& cuda) const {
  const auto size = static_cast<std::int64_t>(bytes().size());
  return {.pointer = viewed_->on_device(cuda).pointer, .extents = {size}, .gl_may_write = false};
}

void PyPendingReadback::require_no_views_at_all() const {
  require_no_views();
  if (const auto view = view_.lock()) view->require_no_views();
}

std::shared_ptr<PyReadView> PyPendingReadback::try_view() {
  const PendingReadback pending = use();
  const auto view = take_if_ready(pending.try_view(memory_->context().place()));
  return view ? show(*view) : nullptr;
}

std::shared_ptr<PyReadView> PyPendingReadback::wait(double timeout) {
  const PendingReadback pending = use();
  const std::source_location place = memory_->context().place();
  return show(
      take(wait_in_steps(timeout, [&](std::chrono::nanoseconds step) { return pending.wait(step, place); })));
}

void PyPendingReadback::copy_to(const Target& target, double timeout) {
  const PendingReadback pending = use();
  require_no_views_at_all();
  const std::source_location place = memory_->context().place();
  take(wait_in_steps(timeout, [&](std::chrono::nanoseconds step) {
    return pending.copy_to(bytes_of(target), step, place);
  }));
  end();
}

void PyPendingReadback::release() {
  const PendingReadback pending = use();
  require_no_views_at_all();
  take(pending.release(memory_->context().place()));
  end();
}

std::shared_ptr<PyReadView> PyPendingReadback::show(const ReadView& view) {
  if (const auto shown = view_.lock()) return shown;
  const auto shown = std::make_shared<PyReadView>(memory_, view.bytes(), shared_from_this());
  view_ = shown;
  return shown;
}

void PyPendingReadback::end() noexcept {
  if (const auto view = view_.lock()) view->end_loan("the readback was released; request a new one");
  pending_ = PendingReadback();
}

void bind_readback_ring(py::module_& module) {
  bind_view(module);
  bind_pending(module);
  py::class_<PyReadbackRing, std::shared_ptr<PyReadbackRing>> ring(
      module, "ReadbackRing",
      "Streams bytes from the GPU: request, mark, and later view them in place, with many in flight. All "
      "calls are for the "
      "context's thread; viewed bytes may be read on any.");
  bind_ring<PyReadbackRing>(ring, &create_readback_ring);
  ring.def("request", &request_readback, py::arg("buffer"), py::arg("offset_bytes"), py::arg("size_bytes"),
           "Copies a range of a GL buffer into the ring, on the GPU. It arrives after the next mark(). Waits "
           "for room, "
           "without the GIL, if the ring is full.")
      .def("acquire", &acquire_readback, py::arg("size_bytes"), py::arg("alignment") = 0,
           "Reserves memory that commands write directly: shaders, glReadPixels. Issue them before the next "
           "mark(). Waits as "
           "request() does.");
}

}  // namespace pmb::python
