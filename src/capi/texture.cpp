// SPDX-License-Identifier: MIT
#include <pmb/texture.hpp>

#include "capi/texels.hpp"

namespace pmb::capi {
namespace {

/// For calls whose ticket is optional.
Result<void> give(const Result<Ticket>& result, pmb_ticket* ticket) {
  if (!result) return tl::unexpected<Error>(result.error());
  if (ticket) *ticket = to_c(*result);
  return {};
}

}  // namespace
}  // namespace pmb::capi

using namespace pmb::capi;

pmb_status pmb_texel_bytes(const pmb_texture_region* region, const pmb_texel_layout* layout,
                           int64_t* size_bytes) {
  return answer(size_bytes,
                [&](auto where) { return pmb::texel_bytes(value_of(region), value_of(layout), where); });
}

pmb_status pmb_upload_texture(pmb_context* context, const pmb_texture_region* region,
                              const pmb_texel_layout* layout, const void* bytes, int64_t size_bytes,
                              pmb_ticket* ticket) {
  return answer([&](auto where) {
    return give(pmb::upload_texture(object(context), value_of(region), value_of(layout),
                                    bytes_of(bytes, size_bytes), where),
                ticket);
  });
}

pmb_status pmb_upload_textures(pmb_context* context, const pmb_texture_upload* uploads, int64_t count,
                               pmb_ticket* ticket) {
  return answer([&](auto where) {
    pmb::Context& owner = object(context);
    std::vector<pmb::TextureUpload> images;
    images.reserve(number(count));
    for (const pmb_texture_upload& one : values_of(uploads, count)) {
      images.push_back({value_of(&one.region), value_of(&one.layout), bytes_of(one.bytes, one.size_bytes)});
    }
    return give(pmb::upload_textures(owner, images, where), ticket);
  });
}

pmb_status pmb_upload_texture_from_slice(pmb_context* context, const pmb_texture_region* region,
                                         const pmb_texel_layout* layout, pmb_slice slice) {
  return answer([&](auto where) {
    return pmb::upload_texture(object(context), value_of(region), value_of(layout), from_c(slice), where);
  });
}

pmb_status pmb_upload_texture_from_block(pmb_context* context, const pmb_texture_region* region,
                                         const pmb_texel_layout* layout, pmb_block block) {
  return answer([&](auto where) {
    return pmb::upload_texture(object(context), value_of(region), value_of(layout), from_c(block), where);
  });
}

pmb_status pmb_read_pixels(pmb_context* context, const pmb_pixel_rectangle* rectangle,
                           const pmb_texel_layout* layout, void* target, int64_t target_bytes) {
  return answer([&](auto where) {
    return pmb::read_pixels(object(context), value_of(rectangle), value_of(layout),
                            bytes_of(target, target_bytes), where);
  });
}

pmb_status pmb_read_pixels_into_ring(pmb_context* context, const pmb_pixel_rectangle* rectangle,
                                     const pmb_texel_layout* layout, pmb_readback_ring* ring,
                                     pmb_pending_readback* pending) {
  return answer(pending, [&](auto where) {
    return pmb::read_pixels(object(context), value_of(rectangle), value_of(layout), object(ring), where);
  });
}

pmb_status pmb_read_pixels_into_block(pmb_context* context, const pmb_pixel_rectangle* rectangle,
                                      const pmb_texel_layout* layout, pmb_block block) {
  return answer([&](auto where) {
    return pmb::read_pixels(object(context), value_of(rectangle), value_of(layout), from_c(block), where);
  });
}

pmb_status pmb_read_texture(pmb_context* context, const pmb_texture_region* region,
                            const pmb_texel_layout* layout, void* target, int64_t target_bytes) {
  return answer([&](auto where) {
    return pmb::read_texture(object(context), value_of(region), value_of(layout),
                             bytes_of(target, target_bytes), where);
  });
}

pmb_status pmb_read_texture_into_ring(pmb_context* context, const pmb_texture_region* region,
                                      const pmb_texel_layout* layout, pmb_readback_ring* ring,
                                      pmb_pending_readback* pending) {
  return answer(pending, [&](auto where) {
    return pmb::read_texture(object(context), value_of(region), value_of(layout), object(ring), where);
  });
}

pmb_status pmb_read_texture_into_block(pmb_context* context, const pmb_texture_region* region,
                                       const pmb_texel_layout* layout, pmb_block block) {
  return answer([&](auto where) {
    return pmb::read_texture(object(context), value_of(region), value_of(layout), from_c(block), where);
  });
}
