// SPDX-License-Identifier: MIT
#include "texture/texel_source.hpp"

#include <memory>

#include "gl/read_framebuffer.hpp"
#include "texture/texel_commands.hpp"
#include "texture/texture_check.hpp"

namespace pmb::detail {
namespace {

void read_framebuffer(const GladGLContext& gl, const TextureRegion& box, const TexelLayout& layout,
                      std::uint64_t at) noexcept {
  gl.ReadPixels(static_cast<GLint>(box.x), static_cast<GLint>(box.y), static_cast<GLsizei>(box.width),
                static_cast<GLsizei>(box.height), layout.format, layout.type,
                reinterpret_cast<void*>(static_cast<std::uintptr_t>(at)));
}

/// True if one command can read all that the limit allows.
bool is_one_command(const Texels& texels) noexcept {
  Band most;
  texels.shape.next(most, texels.limit);
  const BandLimit arranged = arrange(texels.shape, texels.has_images).limit;
  return arranged.images >= most.images && arranged.rows >= most.rows;
}

}  // namespace

Result<TexelSource> source_of_pixels(ContextState& context, const PixelRectangle& rectangle,
                                     const TexelLayout& layout, std::source_location where) {
  if (auto current = context.check_current(where); !current) return pass_on(current);
  const GlTable& gl = context.gl;
  auto shape = shape_of(rectangle.width, rectangle.height, 1, layout,
                        gl.limits.gles ? Api::gles : Api::desktop, where);
  if (!shape) return pass_on(shape);
  // The edge of the rectangle is an int for GL.
  constexpr std::uint32_t kMost = INT32_MAX;
  for (const std::uint32_t size : {rectangle.width, rectangle.height}) {
    if (size > kMost) return fail(ErrorId::region_outside, where, {.numbers = {size, 0, kMost}});
  }
  if (auto readable = check_readable(gl, layout.format, layout.type, shape->texel.kind, where); !readable)
    return pass_on(readable);
  const TextureRegion region = {.x = static_cast<std::uint32_t>(rectangle.x),
                                .y = static_cast<std::uint32_t>(rectangle.y),
                                .width = rectangle.width,
                                .height = rectangle.height};
  return TexelSource{{.region = region, .shape = *shape},
                     false,
                     [&gl, layout](const TextureRegion& box, std::uint64_t at, std::uint64_t) {
                       read_framebuffer(gl, box, layout, at);
                     }};
}

Result<TexelSource> source_of_texture(ContextState& context, TextureBindings& bindings,
                                      const TextureRegion& region, const TexelLayout& layout,
                                      std::source_location where) {
  auto checked = check_region(context, bindings, region, layout, Transfer::read, where);
  if (!checked) return pass_on(checked);
  const GlTable& gl = context.gl;
  const TextureTarget& target = checked->target;
  Texels texels = checked->texels;
  if (has_get_sub_image(gl)) {
    return TexelSource{
        texels, false,
        [calls = checked->calls, layout](const TextureRegion& box, std::uint64_t at, std::uint64_t) {
          calls.read_part(box, layout.format, layout.type, at);
        }};
  }
  if (!gl.limits.gles && checked->whole_level) {
    // NVIDIA (580.159) counts the faces of a cube map as images, though a command reads one face.
    if (target.target == GL_TEXTURE_CUBE_MAP) texels.limit.images = 1;
    if (is_one_command(texels)) {
      return TexelSource{texels, true,
                         [calls = checked->calls, layout](const TextureRegion& box, std::uint64_t at,
                                                          std::uint64_t image_stride) {
                           calls.read_level(box, layout.format, layout.type, at, image_stride);
                         }};
    }
  }
  const TexelKind kind = texels.shape.texel.kind;
  const TexelKind held =
      checked->internal_format == 0 ? kind : kind_of_internal_format(checked->internal_format);
  if (held != TexelKind::compressed && kind != TexelKind::compressed) {
    auto framebuffer = std::make_shared<TextureFramebuffer>(gl, held);
    if (framebuffer->show(target, region, region.y, region.z)) {
      if (auto readable = check_readable(gl, layout.format, layout.type, kind, where); !readable)
        return pass_on(readable);
      const bool rows_are_layers = target.target == GL_TEXTURE_1D_ARRAY;
      texels.limit = {1, rows_are_layers ? 1 : UINT64_MAX};
      texels.has_images = false;
      return TexelSource{texels, false,
                         [=, &gl, &target](TextureRegion box, std::uint64_t at, std::uint64_t) {
                           framebuffer->show(target, box, box.y, box.z);
                           if (rows_are_layers) box.y = 0;
                           read_framebuffer(gl, box, layout, at);
                         }};
    }
  }
  return fail(ErrorId::texture_unreadable, where,
              {.numbers = {static_cast<std::uint64_t>(gl.limits.gl_major),
                           static_cast<std::uint64_t>(gl.limits.gl_minor), layout.format}});
}

}  // namespace pmb::detail
