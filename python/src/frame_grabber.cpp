// SPDX-License-Identifier: MIT
#include "frame_grabber.hpp"

#include <pybind11/stl.h>

#include <array>
#include <pmb/frame_grabber.hpp>

#include "context.hpp"
#include "errors.hpp"
#include "lent.hpp"
#include "place.hpp"
#include "ring_options.hpp"

namespace pmb::python {

namespace {

/// One component of a texel; without a format for packed types.
Component component_of(std::uint32_t type) noexcept {
  switch (type) {
    case 0x1400:  // GL_BYTE
      return {"b", 1};
    case 0x1401:  // GL_UNSIGNED_BYTE
      return {"B", 1};
    case 0x1402:  // GL_SHORT
      return {"h", 2};
    case 0x1403:  // GL_UNSIGNED_SHORT
      return {"H", 2};
    case 0x1404:  // GL_INT
      return {"i", 4};
    case 0x1405:  // GL_UNSIGNED_INT
      return {"I", 4};
    case 0x1406:  // GL_FLOAT
      return {"f", 4};
    case 0x140B:  // GL_HALF_FLOAT
      return {"e", 2};
    default:
      return {nullptr, 1};
  }
}

/// The shape of a frame without gaps between its rows: height, width, and components if there are several.
struct FrameShape {
  FrameShape(const Frame& frame, const TexelLayout& layout) : component(component_of(layout.type)) {
    const auto row_bytes = static_cast<Py_ssize_t>(
        texel_bytes({.width = frame.width()}, {.format = layout.format, .type = layout.type}).value_or(0));
    const auto size = static_cast<Py_ssize_t>(frame.bytes().size());
    const auto width = static_cast<Py_ssize_t>(frame.width());
    const auto height = static_cast<Py_ssize_t>(frame.height());
    if (!component.format || layout.offset_bytes != 0 || row_bytes * height != size) return;
    const Py_ssize_t components = row_bytes / width / component.bytes;
    extents = {height, width, components};
    strides = {row_bytes, row_bytes / width, component.bytes};
    dimensions = components == 1 ? 2 : 3;
  }

  Component component;
  std::array<Py_ssize_t, 3> extents = {};
  std::array<Py_ssize_t, 3> strides = {};
  int dimensions = 0;  ///< 0: bytes without a shape.
};

struct PyFrameGrabber : Owner<FrameGrabber> {
  PyFrameGrabber(std::shared_ptr<PyContext> context, FrameGrabber grabber, const TexelLayout& its_layout)
      : Owner(std::move(context), std::move(grabber)), layout(its_layout) {}
  TexelLayout layout;
};

/// Goes back to its grabber when it is released and no array of it is left, on whichever thread that is.
class PyFrame : public Lent {
 public:
  PyFrame(const std::shared_ptr<PyFrameGrabber>& grabber, Frame frame)
      : Lent(grabber, {const_cast<std::byte*>(frame.bytes().data()), frame.bytes().size()}, false),
        frame_(std::move(frame)),
        shape_(frame_, grabber->layout) {}

  const Frame& facts() const noexcept { return frame_; }
  void release() noexcept {
    end_loan("the frame was released; take the next one");
    if (views_ == 0) frame_.release();
  }

  void give_view(PyObject* self, Py_buffer* view, int flags) {
    Lent::give_view(self, view, flags);
    if (shape_.dimensions == 0 || (flags & (PyBUF_ND | PyBUF_FORMAT)) != (PyBUF_ND | PyBUF_FORMAT)) return;
    view->itemsize = shape_.component.bytes;
    view->format = const_cast<char*>(shape_.component.format);
    view->ndim = shape_.dimensions;
    view->shape = shape_.extents.data();
    view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? shape_.strides.data() : nullptr;
  }
  DeviceBytes on_device(const pmb::Cuda& cuda) const override {
    const auto size = static_cast<std::int64_t>(bytes().size());
    DeviceBytes found = {.pointer = take(cuda.pointer(frame_, memory().context().place())),
                         .extents = {size},
                         .gl_may_write = false};
    if (shape_.dimensions == 0) return found;
    found.component = shape_.component;
    found.extents.assign(shape_.extents.begin(), shape_.extents.begin() + shape_.dimensions);
    return found;
  }
  void begin_view() noexcept override {
    Lent::begin_view();
    ++views_;
  }
  void end_view() noexcept override {
    if (--views_ == 0 && !is_lent()) frame_.release();
    Lent::end_view();
  }

 private:
  Frame frame_;
  FrameShape shape_;
  std::size_t views_ = 0;
};

std::shared_ptr<PyFrameGrabber> create_grabber(const std::shared_ptr<PyContext>& context,
                                               const TexelLayout& layout, bool bottom_up,
                                               std::uint32_t frames, const std::string& label,
                                               std::optional<double> timeout) {
  FrameGrabberOptions options = {.layout = layout, .bottom_up = bottom_up, .frames = frames, .label = label};
  if (timeout) options.timeout = to_duration(*timeout);
  auto grabber = std::make_shared<PyFrameGrabber>(
      context, take(FrameGrabber::create(context->use(), options, python_place())), layout);
  context->add(grabber);
  return grabber;
}

void grab_pixels(PyFrameGrabber& grabber, const PixelRectangle& source) {
  FrameGrabber& open = grabber.use();
  const std::source_location place = python_place();
  take(without_lock([&] { return open.grab(source, place); }));
}

void grab_texels(PyFrameGrabber& grabber, const TextureRegion& source) {
  FrameGrabber& open = grabber.use();
  const std::source_location place = python_place();
  take(without_lock([&] { return open.grab_texture(source, place); }));
}

bool was_grabbed(const Result<void>& grabbed) {
  if (!grabbed && grabbed.error().status == StatusCode::would_block) return false;
  take(grabbed);
  return true;
}

std::shared_ptr<PyFrame> next_frame(const std::shared_ptr<PyFrameGrabber>& grabber, std::uint32_t latency) {
  FrameGrabber& open = grabber->use();
  const std::source_location place = python_place();
  auto frame = take_if_ready(without_lock([&] { return open.next(latency, place); }));
  return frame ? std::make_shared<PyFrame>(grabber, std::move(*frame)) : nullptr;
}

void bind_frame(py::module_& module) {
  py::class_<PyFrame, Lent, std::shared_ptr<PyFrame>>(
      module, "Frame", buffer_protocol<PyFrame>(),
      "A frame that has arrived, in place. It is a read-only buffer of shape (height, width, components) "
      "until "
      "it is released, so "
      "numpy.asarray(frame) and pipe.write(frame) copy nothing. Any thread may read and release it.\n\n"
      "An array that was taken before the release keeps its pixels, and the memory of the frame, until it is "
      "deleted.")
      .def("release", &PyFrame::release,
           "Makes the memory reusable, once no array of it is left. A second call does nothing.")
      .def_property_readonly(
          "width", [](const PyFrame& frame) { return frame.facts().width(); }, "In pixels.")
      .def_property_readonly(
          "height", [](const PyFrame& frame) { return frame.facts().height(); }, "In pixels.")
      .def_property_readonly(
          "number", [](const PyFrame& frame) { return frame.facts().number(); },
          "Counts the grabs from 0, the dropped ones too.")
      .def_property_readonly(
          "size_bytes", [](const PyFrame& frame) { return frame.bytes().size(); },
          "Raises BufferError once released.")
      .def("__enter__", [](std::shared_ptr<PyFrame> frame) { return frame; })
      .def(
          "__exit__",
          [](PyFrame& frame, const py::object&, const py::object&, const py::object&) { frame.release(); },
          py::arg("type"), py::arg("value"), py::arg("traceback"))
      .def("__array__", &to_array, py::arg("dtype") = py::none(), py::arg("copy") = py::none(),
           "For numpy. Raises BufferError once released.");
}

void bind_grabber_stats(py::module_& module) {
  py::class_<FrameGrabberStats>(module, "FrameGrabberStats", "Counts of a grabber since its creation.")
      .def_readonly("grabbed", &FrameGrabberStats::grabbed, "Frames.")
      .def_readonly("dropped", &FrameGrabberStats::dropped, "Grabs that found no memory for their frame.")
      .def_readonly("waits", &FrameGrabberStats::waits,
                    "Calls that had to wait: next() for the GPU, grab() for a release.")
      .def_property_readonly(
          "waited", [](const FrameGrabberStats& stats) { return to_seconds(stats.waited); },
          "Seconds in all waits.")
      .def_readonly("in_flight", &FrameGrabberStats::in_flight, "Frames that next() has not returned.")
      .def_readonly("held", &FrameGrabberStats::held,
                    "Frames that next() has returned and that are not released.");
}

}  // namespace

void bind_frame_grabber(py::module_& module) {
  bind_frame(module);
  bind_grabber_stats(module);
  py::class_<PyFrameGrabber, std::shared_ptr<PyFrameGrabber>> grabber(
      module, "FrameGrabber",
      "Rendered frames on the CPU, in order and without a stall. pmb.grab() is a loop around it. All calls "
      "are "
      "for the context's "
      "thread; frames are for any.");
  grabber
      .def(py::init(&create_grabber), py::arg("context").none(false), py::kw_only(),
           py::arg_v("layout", TexelLayout::rgba8(), "TexelLayout.rgba8"), py::arg("bottom_up") = false,
           py::arg("frames") = 4, py::arg("label") = "", py::arg("timeout") = py::none(),
           "`frames` of memory: in flight, arrived, and held by the program. Rows come from the top down, or "
           "in GL's order with "
           "`bottom_up`. `timeout` (seconds) bounds every wait.")
      .def("grab", &grab_pixels, py::arg("source"),
           "Starts copying pixels of the current read framebuffer. Waits, without the GIL, only while the "
           "program holds all "
           "memory. Raises WouldBlock if all frames were grabbed and not taken, and TimedOut.")
      .def("grab", &grab_texels, py::arg("source"), "The same from one image of a texture.")
      .def(
          "try_grab",
          [](PyFrameGrabber& self, const PixelRectangle& source) {
            return was_grabbed(self.use().try_grab(source, python_place()));
          },
          py::arg("source"), "As grab(), but returns False instead of waiting: the new frame is dropped.")
      .def(
          "try_grab",
          [](PyFrameGrabber& self, const TextureRegion& source) {
            return was_grabbed(self.use().try_grab_texture(source, python_place()));
          },
          py::arg("source"), "The same from one image of a texture.")
      .def("next", &next_frame, py::arg("latency"),
           "Returns the oldest frame. If more than `latency` are in flight, waits for it, without the GIL; "
           "else returns None if "
           "it has not arrived. None, too, if none is in flight. So next(0) waits for each frame.")
      .def(
          "stats", [](PyFrameGrabber& self) { return self.use().stats(); }, "See FrameGrabberStats.");
  bind_closing<PyFrameGrabber>(grabber);
}

}  // namespace pmb::python
