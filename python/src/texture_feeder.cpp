// SPDX-License-Identifier: MIT
#include <pmb/texture_feeder.hpp>

#include <deque>

#include "block_pool.hpp"
#include "bytes.hpp"
#include "context.hpp"
#include "errors.hpp"
#include "frame_grabber.hpp"
#include "place.hpp"
#include "ring_options.hpp"
#include "upload_ring.hpp"

namespace pmb::python {

namespace {

/// Keeps the Python objects whose bytes are queued.
struct PyTextureFeeder : Owner<TextureFeeder> {
  using Owner::Owner;
  struct Kept {
    std::uint64_t number;
    std::shared_ptr<void> source;
  };
  std::deque<Kept> kept;
};

std::shared_ptr<PyTextureFeeder> create_feeder(const std::shared_ptr<PyContext>& context,
                                               std::uint64_t bytes_per_feed, const std::string& label) {
  pmb::Context& open = context->use();
  const std::source_location place = python_place();
  auto feeder = without_lock(
      [&] { return TextureFeeder::create(open, {.bytes_per_feed = bytes_per_feed, .label = label}, place); });
  return own<PyTextureFeeder>(context, take(std::move(feeder)));
}

std::uint64_t queue_texels(PyTextureFeeder& feeder, const TextureRegion& region, const TexelLayout& layout,
                           Source source) {
  const auto held = std::make_shared<Source>(std::move(source));
  const std::uint64_t number =
      take(feeder.use().queue(TextureUpload{region, layout, bytes_of(*held)}, python_place()));
  feeder.kept.push_back({number, held});
  return number;
}

/// From a PySlice or a PyBlock.
template <class Kind>
std::uint64_t queue_lent(PyTextureFeeder& feeder, const TextureRegion& region, const TexelLayout& layout,
                         const std::shared_ptr<Kind>& source) {
  const std::uint64_t number = take(feeder.use().queue(region, layout, source->use(), python_place()));
  feeder.kept.push_back({number, source});
  return number;
}

std::uint64_t feed(PyTextureFeeder& feeder) {
  TextureFeeder& open = feeder.use();
  const std::source_location place = python_place();
  const auto fed = without_lock([&] { return open.feed(place); });
  while (!feeder.kept.empty() && open.is_fed(feeder.kept.front().number)) feeder.kept.pop_front();
  return take(fed);
}

}  // namespace

void bind_texture_feeder(py::module_& module) {
  py::class_<PyTextureFeeder, std::shared_ptr<PyTextureFeeder>> feeder(
      module, "TextureFeeder",
      "Images into textures, a budget of bytes at a time: a large image costs many frames a little, and no "
      "frame much. All calls "
      "are for the context's thread.");
  feeder
      .def(py::init(&create_feeder), py::arg("context").none(false), py::arg("bytes_per_feed"), py::kw_only(),
           py::arg("label") = "", "The budget counts whole rows. Maps a ring of three times the budget.")
      .def("queue", &queue_lent<PySlice>, py::arg("region"), py::arg("layout"), py::arg("source"),
           "Queues an image in a published Slice, which is not copied, and returns its number. Retire the "
           "slice "
           "once it is fed.")
      .def("queue", &queue_lent<PyBlock>, py::arg("region"), py::arg("layout"), py::arg("source"),
           "The same from a published Block.")
      .def("queue", &queue_texels, py::arg("region"), py::arg("layout"), py::arg("source"),
           "Queues an image in a Python buffer, which is kept and must not change until it is fed.")
      .def("feed", &feed,
           "Uploads the next rows, without the GIL, and returns their bytes: 0 if nothing is queued, or if "
           "the "
           "GPU still reads what "
           "earlier calls gave it. Never waits for the GPU. An image that fails is dropped.")
      .def(
          "is_fed", [](PyTextureFeeder& self, std::uint64_t number) { return self.use().is_fed(number); },
          py::arg("number"), "True once all rows were uploaded: commands issued from now on see the image.")
      .def_property_readonly(
          "queued_bytes", [](PyTextureFeeder& self) { return self.use().queued_bytes(); },
          "Bytes of queued images that were not uploaded.")
      .def_property_readonly(
          "ticket", [](PyTextureFeeder& self) { return self.use().ticket(); },
          "Passes once the GPU has all that was fed so far; an empty one before the first upload.");
  bind_closing<PyTextureFeeder>(feeder);
}

}  // namespace pmb::python
