// SPDX-License-Identifier: MIT
#include "upload_ring.hpp"

#include <pybind11/stl.h>

#include <cstring>
#include <functional>
#include <pmb/copy.hpp>
#include <vector>

#include "bytes.hpp"
#include "errors.hpp"
#include "place.hpp"
#include "ring_options.hpp"

namespace pmb::python {

namespace {

constexpr const char* kPublished = "the slice is published, so that the GPU may read it; acquire a new one";
constexpr const char* kCancelled = "the slice was cancelled; acquire a new one";

std::shared_ptr<PyUploadRing> create_upload_ring(const std::shared_ptr<PyContext>& context,
                                                 const PyRingOptions& options) {
  pmb::Context& open = context->use();
  auto ring = without_lock([&] { return UploadRing::create(open, options.get(), options.place); });
  return own<PyUploadRing>(context, take(std::move(ring)), options.grows());
}

std::shared_ptr<PySlice> acquire_slice(const std::shared_ptr<PyUploadRing>& ring, std::uint64_t size_bytes,
                                       std::uint64_t alignment) {
  UploadRing& open = ring->use();
  auto slice = open.try_acquire(size_bytes, alignment, ring->context().place());
  if (status_of(slice) == StatusCode::would_block) {
    const std::source_location place = python_place();
    slice = without_lock([&] { return open.acquire(size_bytes, alignment, place); });
  }
  return std::make_shared<PySlice>(ring, take(slice));
}

std::shared_ptr<PySlice> try_acquire_slice(const std::shared_ptr<PyUploadRing>& ring,
                                           std::uint64_t size_bytes, std::uint64_t alignment) {
  const auto slice = take_if_ready(ring->use().try_acquire(size_bytes, alignment, ring->context().place()));
  return slice ? std::make_shared<PySlice>(ring, *slice) : nullptr;
}

void publish_all(PyUploadRing& ring, const std::vector<std::reference_wrapper<PySlice>>& slices,
                 const std::vector<std::uint64_t>& used_bytes) {
  UploadRing& open = ring.use();
  std::vector<Slice> handles;
  for (const PySlice& slice : slices) handles.push_back(slice.use());
  take(open.publish(handles, used_bytes, ring.context().place()));
  for (PySlice& slice : slices) slice.end_loan(kPublished);
}

void retire_slice(PyUploadRing& ring, const PySlice& slice, const Ticket& ticket) {
  UploadRing& open = ring.use();
  slice.require_no_views();
  take(open.retire(slice.use(), ticket, ring.context().place()));
}

void retire_published(PyUploadRing& ring, const Ticket& ticket) {
  UploadRing& open = ring.use();
  require_no_ended_views(ring);
  take(open.retire(ticket, ring.context().place()));
}

void retire_issued(PyUploadRing& ring) {
  UploadRing& open = ring.use();
  require_no_ended_views(ring);
  take(open.retire_issued(ring.context().place()));
}

/// Copies at an offset, on any thread.
void copy_to_slice(const py::object& self, const Source& source, std::uint64_t offset_bytes) {
  const Target target(self);
  if (offset_bytes > target.size() || source.size() > target.size() - offset_bytes) {
    raise(ErrorId::range_outside, {offset_bytes, offset_bytes + source.size(), target.size()});
  }
  const auto rest = std::span<std::byte>(bytes_of(target)).subspan(offset_bytes);
  without_lock([&] { copy_to_mapped(rest, bytes_of(source)); });
}

void fill_slice(const py::object& self, std::uint8_t value) {
  const Target target(self);
  without_lock([&] { std::memset(target.data(), value, target.size()); });
}

void leave_slice(PySlice& slice, const py::object& exception, const py::object&, const py::object&) {
  if (!slice.is_lent()) return;
  if (exception.is_none()) {
    slice.publish(std::nullopt);
  } else if (!slice.memory().is_closed()) {
    slice.cancel();
  }
}

void bind_slice(py::module_& module) {
  py::class_<PySlice, Lent, std::shared_ptr<PySlice>>(
      module, "Slice", buffer_protocol<PySlice>(),
      "A byte range of an upload ring, lent for one use. It is a writable buffer until it is published: "
      "numpy.asarray(slice) and memoryview(slice) copy nothing. Write only: reading these bytes is "
      "undefined, and slow.\n\n"
      "`with ring.acquire(n) as slice:` publishes all bytes at the end, and cancels the slice on an "
      "exception.")
      .def_property_readonly(
          "buffer", [](const PySlice& slice) { return slice.use().buffer(slice.memory().context().place()); },
          "The GL name for binding calls; 0 once the slice is stale.")
      .def_property_readonly(
          "offset_bytes",
          [](const PySlice& slice) { return slice.use().offset_bytes(slice.memory().context().place()); },
          "From the start of the GL buffer.")
      .def_property_readonly(
          "size_bytes", [](const PySlice& slice) { return slice.use().size_bytes(); },
          "As acquired; as used once published.")
      .def_property_readonly(
          "is_live", [](const PySlice& slice) { return slice.use().is_live(); },
          "True while acquired or published.")
      .def("copy_from", &copy_to_slice, py::arg("source"), py::arg("offset_bytes") = 0,
           "Copies a buffer into the slice, without the GIL, on any thread. Raises InvalidArgument if it "
           "does not fit, and "
           "BufferError once published.")
      .def("fill", &fill_slice, py::arg("value"), "Sets every byte, without the GIL, on any thread.")
      .def("__enter__", [](std::shared_ptr<PySlice> slice) { return slice; })
      .def("__exit__", &leave_slice, py::arg("type"), py::arg("value"), py::arg("traceback"))
      .def("__array__", &to_array, py::arg("dtype") = py::none(), py::arg("copy") = py::none(),
           "For numpy. Raises BufferError once published.");
}

}  // namespace

PySlice::~PySlice() {
  if (!is_lent() || memory().is_closed()) return;
  memory().context().end_safely([ring = std::weak_ptr(ring_), slice = slice_] {
    const auto open = ring.lock();
    if (open && !open->is_closed()) static_cast<void>(open->unchecked().cancel(slice));
  });
}

Slice PySlice::use() const {
  if (memory().is_closed()) return {};
  static_cast<void>(memory().context().use());
  return slice_;
}

DeviceBytes PySlice::on_device(const pmb::Cuda& cuda) const {
  const Slice slice = use();
  return {.pointer = take(cuda.pointer(slice, memory().context().place())),
          .extents = {static_cast<std::int64_t>(slice.size_bytes())},
          .gl_may_write = false};
}

void PySlice::publish(std::optional<std::uint64_t> used_bytes) {
  take(ring_->use().publish(slice_, used_bytes.value_or(slice_.size_bytes()), memory().context().place()));
  end_loan(kPublished);
}

void PySlice::cancel() {
  UploadRing& open = ring_->use();
  require_no_views();
  take(open.cancel(slice_, memory().context().place()));
  end_loan(kCancelled);
}

void bind_upload_ring(py::module_& module) {
  bind_slice(module);
  py::class_<PyUploadRing, std::shared_ptr<PyUploadRing>> ring(
      module, "UploadRing",
      "Streams bytes to the GPU: acquire, fill, publish, issue the commands that read, mark, retire. All "
      "calls are for the "
      "context's thread; the bytes of a slice may be filled on any.");
  bind_ring<PyUploadRing>(ring, &create_upload_ring);
  ring.def("acquire", &acquire_slice, py::arg("size_bytes"), py::arg("alignment") = 0,
           "Reserves bytes, at an offset that is a multiple of `alignment`; 0 suits every indexed binding. "
           "Waits for the "
           "oldest retired slice, without the GIL, if the ring is full. Raises WouldBlock if no wait would "
           "help, TimedOut or "
           "TooLarge.")
      .def("try_acquire", &try_acquire_slice, py::arg("size_bytes"), py::arg("alignment") = 0,
           "As acquire(), but returns None instead of waiting.")
      .def(
          "publish",
          [](PyUploadRing& self, PySlice& slice, std::optional<std::uint64_t> used_bytes) {
            static_cast<void>(self.use());
            if (&slice.ring() != &self) raise(ErrorId::stale_slice);
            slice.publish(used_bytes);
          },
          py::arg("slice"), py::arg("used_bytes") = py::none(),
          "Ends filling: the first `used_bytes`, or all, become visible to commands issued from now on.")
      .def("publish_all", &publish_all, py::arg("slices"),
           py::arg("used_bytes") = std::vector<std::uint64_t>(),
           "Publishes many slices, with as few flushes as possible; of each the bytes that `used_bytes` "
           "lists, or all.")
      .def(
          "cancel",
          [](PyUploadRing& self, PySlice& slice) {
            static_cast<void>(self.use());
            if (&slice.ring() != &self) raise(ErrorId::stale_slice);
            slice.cancel();
          },
          py::arg("slice"), "Undoes an acquire.")
      .def("retire", &retire_published, py::arg("ticket"),
           "Makes every published slice reusable once the ticket has passed. Issue their readers before the "
           "mark.")
      .def("retire", &retire_slice, py::arg("slice"), py::arg("ticket"), "The same for one slice.")
      .def("retire_issued", &retire_issued,
           "As retire(mark()), but the ring makes its own fences, and few of them. Issue all readers of the "
           "published "
           "slices before.");
}

}  // namespace pmb::python
