// SPDX-License-Identifier: MIT
#include "texture/texel_source.hpp"

#include <optional>

#include "gl/read_framebuffer.hpp"

namespace pmb::detail {
namespace {

void* pointer_of(std::uint64_t at) noexcept {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(at));
}

void read_framebuffer(const GladGLContext& gl, const TextureRegion& part, const TexelLayout& layout,
                      std::uint64_t at) noexcept {
  gl.ReadPixels(static_cast<GLint>(part.x), static_cast<GLint>(part.y), static_cast<GLsizei>(part.width),
                static_cast<GLsizei>(part.height), layout.format, layout.type, pointer_of(at));
}

class Pixels final : public TexelSource {
 public:
  Pixels(const ContextState& context, const TexelLayout& layout) noexcept
      : context_(context), layout_(layout) {}
  void read(const TextureRegion& part, std::uint64_t at, std::uint64_t) noexcept override {
    read_framebuffer(context_.gl, part, layout_, at);
  }
  BandLimit limit(const ImageShape& given) const noexcept override { return {1, given.rows}; }

 private:
  const ContextState& context_;
  TexelLayout layout_;
};

class Parts final : public TexelSource {
 public:
  Parts(const TextureCalls& calls, const TextureTarget& target, const TexelLayout& layout) noexcept
      : calls_(calls), target_(target), layout_(layout) {}
  void read(const TextureRegion& part, std::uint64_t at, std::uint64_t) noexcept override {
    calls_.read_part(part, layout_.format, layout_.type, at);
  }
  BandLimit limit(const ImageShape& given) const noexcept override { return {given.images, given.rows}; }
  bool has_images() const noexcept override { return heeds_images(target_); }

 private:
  TextureCalls calls_;
  const TextureTarget& target_;
  TexelLayout layout_;
};

class Level final : public TexelSource {
 public:
  Level(const TextureCalls& calls, const TextureTarget& target, const TexelLayout& layout) noexcept
      : calls_(calls), target_(target), layout_(layout) {}
  void read(const TextureRegion& part, std::uint64_t at, std::uint64_t image_stride) noexcept override {
    calls_.read_level(part, layout_.format, layout_.type, at, image_stride);
  }
  BandLimit limit(const ImageShape& given) const noexcept override {
    return {target_.target == GL_TEXTURE_CUBE_MAP ? 1 : given.images, given.rows};
  }
  bool is_whole() const noexcept override { return true; }
  // NVIDIA (580.159) counts the faces of a cube map as images, though each is read by itself.
  bool has_images() const noexcept override { return heeds_images(target_); }

 private:
  TextureCalls calls_;
  const TextureTarget& target_;
  TexelLayout layout_;
};

class ThroughFramebuffer final : public TexelSource {
 public:
  ThroughFramebuffer(const ContextState& context, const TextureTarget& target, const TexelLayout& layout,
                     TexelKind kind) noexcept
      : context_(context), target_(target), layout_(layout), framebuffer_(context.gl, kind) {}
  bool show(const TextureRegion& part) noexcept { return framebuffer_.show(target_, part, part.y, part.z); }
  void read(const TextureRegion& part, std::uint64_t at, std::uint64_t) noexcept override {
    show(part);
    TextureRegion shown = part;
    if (is_layer_a_row()) shown.y = 0;
    read_framebuffer(context_.gl, shown, layout_, at);
  }
  BandLimit limit(const ImageShape& given) const noexcept override {
    return {1, is_layer_a_row() ? 1 : given.rows};
  }

 private:
  bool is_layer_a_row() const noexcept { return target_.target == GL_TEXTURE_1D_ARRAY; }

  const ContextState& context_;
  const TextureTarget& target_;
  TexelLayout layout_;
  TextureFramebuffer framebuffer_;
};

/// One read() can take everything that the source takes at once, as the shape lies.
bool is_arranged(const TexelSource& source, const ImageShape& shape) noexcept {
  const BandLimit whole = source.limit(shape);
  const BandLimit said = arrange(shape, source.has_images()).limit;
  return said.images >= whole.images && said.rows >= whole.rows;
}

}  // namespace

Result<std::unique_ptr<TexelSource>> source_of_pixels(ContextState& context, const PixelRectangle& rectangle,
                                                      const TexelLayout& layout, std::source_location where) {
  if (auto current = context.check_current(where); !current) return pass_on(current);
  const Api api = context.gl.limits.gles ? Api::gles : Api::desktop;
  auto shape = shape_of(rectangle.width, rectangle.height, 1, layout, api, where);
  if (!shape) return pass_on(shape);
  // The edge of the rectangle is an int for GL.
  constexpr std::uint32_t kMost = INT32_MAX;
  for (const std::uint32_t size : {rectangle.width, rectangle.height}) {
    if (size > kMost) return fail(ErrorId::region_outside, where, {.numbers = {size, 0, kMost}});
  }
  if (auto readable = check_readable(context.gl, layout.format, layout.type, shape->texel.kind, where);
      !readable)
    return pass_on(readable);
  auto source = std::make_unique<Pixels>(context, layout);
  source->shape = *shape;
  source->region = {.x = static_cast<std::uint32_t>(rectangle.x),
                    .y = static_cast<std::uint32_t>(rectangle.y),
                    .width = rectangle.width,
                    .height = rectangle.height};
  return source;
}

Result<std::unique_ptr<TexelSource>> source_of_texture(ContextState& context, TextureBindings& bindings,
                                                       const TextureRegion& region, const TexelLayout& layout,
                                                       std::source_location where) {
  auto checked = check_region(context, bindings, region, layout, Transfer::read, where);
  if (!checked) return pass_on(checked);
  const TextureTarget& target = *checked->target;
  const TextureCalls calls(context.gl, bindings, target, region.texture);
  const auto with_region = [&](std::unique_ptr<TexelSource> source) {
    source->region = region;
    source->shape = checked->shape;
    return source;
  };
  if (has_get_sub_image(context.gl)) return with_region(std::make_unique<Parts>(calls, target, layout));
  if (!context.gl.limits.gles && checked->whole_level) {
    auto level = with_region(std::make_unique<Level>(calls, target, layout));
    if (is_arranged(*level, checked->shape)) return level;
  }
  const TexelKind kind = checked->shape.texel.kind;
  const TexelKind held =
      checked->internal_format == 0 ? kind : kind_of_internal_format(checked->internal_format);
  if (held != TexelKind::compressed && kind != TexelKind::compressed) {
    auto through = std::make_unique<ThroughFramebuffer>(context, target, layout, held);
    if (through->show(region)) {
      if (auto readable = check_readable(context.gl, layout.format, layout.type, kind, where); !readable)
        return pass_on(readable);
      return with_region(std::move(through));
    }
  }
  const Limits& limits = context.gl.limits;
  return fail(ErrorId::texture_unreadable, where,
              {.numbers = {static_cast<std::uint64_t>(limits.gl_major),
                           static_cast<std::uint64_t>(limits.gl_minor), layout.format}});
}

}  // namespace pmb::detail
