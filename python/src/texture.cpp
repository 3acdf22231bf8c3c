// SPDX-License-Identifier: MIT
#include <pmb/texture.hpp>

#include "block_pool.hpp"
#include "bytes.hpp"
#include "context.hpp"
#include "errors.hpp"
#include "place.hpp"
#include "readback_ring.hpp"
#include "transfer.hpp"
#include "upload_ring.hpp"

namespace pmb::python {

namespace {

Ticket upload_texels(PyContext& context, const TextureRegion& region, const TexelLayout& layout,
                     const Source& source) {
  pmb::Context& open = context.use();
  const std::source_location place = context.place();
  return take(
      without_lock([&] { return pmb::upload_texture(open, region, layout, bytes_of(source), place); }));
}

/// From a PySlice or a PyBlock.
template <class Kind>
void upload_lent(PyContext& context, const TextureRegion& region, const TexelLayout& layout,
                 const Kind& source) {
  take(pmb::upload_texture(context.use(), region, layout, source.use(), context.place()));
}

/// What PixelRectangle and TextureRegion have in common: pmb::read_pixels and pmb::read_texture.
struct Read {
  static auto from(pmb::Context& context, const PixelRectangle& from, const TexelLayout& layout, auto&& into,
                   std::source_location place) {
    return pmb::read_pixels(context, from, layout, into, place);
  }
  static auto from(pmb::Context& context, const TextureRegion& from, const TexelLayout& layout, auto&& into,
                   std::source_location place) {
    return pmb::read_texture(context, from, layout, into, place);
  }
};

template <class From>
void read_to_target(PyContext& context, const From& from, const TexelLayout& layout, const Target& target) {
  pmb::Context& open = context.use();
  const std::source_location place = context.place();
  take(without_lock([&] { return Read::from(open, from, layout, bytes_of(target), place); }));
}

TextureRegion region_of(const TextureRegion& region) {
  return region;
}
TextureRegion region_of(const PixelRectangle& rectangle) {
  return {.width = rectangle.width, .height = rectangle.height};
}

template <class From>
py::bytearray read_to_bytes(PyContext& context, const From& from, const TexelLayout& layout) {
  py::bytearray bytes = new_bytearray(take(texel_bytes(region_of(from), layout)));
  read_to_target(context, from, layout, Target(bytes));
  return bytes;
}

template <class From>
std::shared_ptr<PyPendingReadback> read_to_ring(PyContext& context, const From& from,
                                                const TexelLayout& layout,
                                                const std::shared_ptr<PyReadbackRing>& ring) {
  pmb::Context& open = context.use();
  ReadbackRing& target = ring->use();
  const std::source_location place = python_place();
  const auto pending = without_lock([&] { return Read::from(open, from, layout, target, place); });
  return std::make_shared<PyPendingReadback>(ring, take(pending));
}

template <class From>
void read_to_block(PyContext& context, const From& from, const TexelLayout& layout, const PyBlock& block) {
  take(Read::from(context.use(), from, layout, block.use(), context.place()));
}

template <class From>
void bind_read(py::module_& module, const char* name, const char* from) {
  module.def(
      name, &read_to_bytes<From>, py::arg("context"), py::arg(from), py::arg("layout"),
      "Returns texels as a bytearray in this layout, after all earlier commands. Waits without the GIL.");
  module.def(name, &read_to_ring<From>, py::arg("context"), py::arg(from), py::arg("layout"),
             py::arg("target").none(false),
             "Starts a readback into a ReadbackRing. It arrives after the next mark().");
  module.def(name, &read_to_block<From>, py::arg("context"), py::arg(from), py::arg("layout"),
             py::arg("target"),
             "The same into a Block of a readable pool; in a bidirectional pool, publish the block first.");
  module.def(name, &read_to_target<From>, py::arg("context"), py::arg(from), py::arg("layout"),
             py::arg("target"), "Fills a writable Python buffer, and waits without the GIL.");
}

void bind_values(py::module_& module) {
  py::class_<TextureRegion>(module, "TextureRegion",
                            "A box of texels of one level of a texture: GL name, GL target, and texels.")
      .def(py::init([](std::uint32_t texture, std::uint32_t target, std::uint32_t width, std::uint32_t height,
                       std::uint32_t depth, std::uint32_t x, std::uint32_t y, std::uint32_t z,
                       std::uint32_t level) {
             return TextureRegion{texture, target, level, x, y, z, width, height, depth};
           }),
           py::arg("texture"), py::arg("target"), py::arg("width"), py::arg("height") = 1,
           py::arg("depth") = 1, py::kw_only(), py::arg("x") = 0, py::arg("y") = 0, py::arg("z") = 0,
           py::arg("level") = 0, "`target` is that of the texture, such as GL_TEXTURE_2D.");
  py::class_<PixelRectangle>(module, "PixelRectangle",
                             "A rectangle of a framebuffer, from its lower left corner.")
      .def(py::init([](std::uint32_t width, std::uint32_t height, std::int32_t x, std::int32_t y) {
             return PixelRectangle{x, y, width, height};
           }),
           py::arg("width"), py::arg("height"), py::kw_only(), py::arg("x") = 0, py::arg("y") = 0,
           "In pixels.");
  py::class_<TexelLayout> layout(
      module, "TexelLayout",
      "How texels lie in memory. Class attributes are layouts without gaps: r8, rgb8, rgba8, bgra8, rgba16f, "
      "rgba32f, depth32f.");
  layout.def(
      py::init([](std::uint32_t format, std::uint32_t type, std::uint64_t offset_bytes,
                  std::uint64_t row_stride_bytes, std::uint64_t image_stride_bytes) {
        return TexelLayout{format, type, offset_bytes, row_stride_bytes, image_stride_bytes};
      }),
      py::arg("format"), py::arg("type") = 0, py::kw_only(), py::arg("offset_bytes") = 0,
      py::arg("row_stride_bytes") = 0, py::arg("image_stride_bytes") = 0,
      "GL enumerants: GL_RGBA with GL_UNSIGNED_BYTE, and so on; or a compressed format, without a type. "
      "A stride of 0 "
      "leaves no gaps.");
  layout.attr("r8") = TexelLayout::r8();
  layout.attr("rgb8") = TexelLayout::rgb8();
  layout.attr("rgba8") = TexelLayout::rgba8();
  layout.attr("bgra8") = TexelLayout::bgra8();
  layout.attr("rgba16f") = TexelLayout::rgba16f();
  layout.attr("rgba32f") = TexelLayout::rgba32f();
  layout.attr("depth32f") = TexelLayout::depth32f();
}

}  // namespace

void bind_texture(py::module_& module) {
  bind_values(module);
  module.def(
      "texel_bytes",
      [](const TextureRegion& region, const TexelLayout& layout) {
        return take(texel_bytes(region, layout));
      },
      py::arg("region"), py::arg("layout"),
      "Bytes from the start of the memory to the end of the region's last texel.");
  module.def("upload_texture", &upload_lent<PySlice>, py::arg("context"), py::arg("region"),
             py::arg("layout"), py::arg("source"),
             "Writes texels from a published Slice, without a copy. Retire the slice afterwards.");
  module.def("upload_texture", &upload_lent<PyBlock>, py::arg("context"), py::arg("region"),
             py::arg("layout"), py::arg("source"), "The same from a published Block.");
  module.def("upload_texture", &upload_texels, py::arg("context"), py::arg("region"), py::arg("layout"),
             py::arg("source"),
             "Writes texels from a Python buffer, without the GIL. The source is free on return. The ticket "
             "passes once the "
             "GPU has the texels.");
  bind_read<PixelRectangle>(module, "read_pixels", "rectangle");
  bind_read<TextureRegion>(module, "read_texture", "region");
}

}  // namespace pmb::python
