// SPDX-License-Identifier: MIT
#include <pmb/texture_feeder.hpp>

#include "capi/texels.hpp"

using namespace pmb::capi;

pmb_status pmb_texture_feeder_create(pmb_context* context, const pmb_texture_feeder_options* options,
                                     pmb_texture_feeder** feeder) {
  return answer(feeder, [&](auto where) {
    pmb::Context& owner = object(context);
    const pmb_texture_feeder_options given = checked_or_default(options);
    pmb::TextureFeederOptions chosen = {.label = text_or_empty(given.label)};
    if (given.bytes_per_feed != 0) chosen.bytes_per_feed = number(given.bytes_per_feed);
    return pmb::TextureFeeder::create(owner, chosen, where);
  });
}

void pmb_texture_feeder_destroy(pmb_texture_feeder** feeder) {
  destroy(feeder);
}

pmb_status pmb_texture_feeder_queue(pmb_texture_feeder* feeder, const pmb_texture_upload* image,
                                    int64_t* number) {
  return answer(number, [&](auto where) {
    const pmb_texture_upload& given = *not_null(image);
    return object(feeder).queue(pmb::TextureUpload{value_of(&given.region), value_of(&given.layout),
                                                   bytes_of(given.bytes, given.size_bytes)},
                                where);
  });
}

pmb_status pmb_texture_feeder_queue_slice(pmb_texture_feeder* feeder, const pmb_texture_region* region,
                                          const pmb_texel_layout* layout, pmb_slice slice, int64_t* number) {
  return answer(number, [&](auto where) {
    return object(feeder).queue(value_of(region), value_of(layout), from_c(slice), where);
  });
}

pmb_status pmb_texture_feeder_queue_block(pmb_texture_feeder* feeder, const pmb_texture_region* region,
                                          const pmb_texel_layout* layout, pmb_block block, int64_t* number) {
  return answer(number, [&](auto where) {
    return object(feeder).queue(value_of(region), value_of(layout), from_c(block), where);
  });
}

pmb_status pmb_texture_feeder_feed(pmb_texture_feeder* feeder, int64_t* fed_bytes) {
  return answer([&](auto where) -> pmb::Result<void> {
    const auto fed = object(feeder).feed(where);
    if (!fed) return tl::unexpected<pmb::Error>(fed.error());
    if (fed_bytes) *fed_bytes = to_c(*fed);
    return {};
  });
}

bool pmb_texture_feeder_is_fed(const pmb_texture_feeder* feeder, int64_t number) {
  return answer_or(feeder, false, [number](const pmb::TextureFeeder& owner) {
    return number >= 0 && owner.is_fed(static_cast<uint64_t>(number));
  });
}

int64_t pmb_texture_feeder_queued_bytes(const pmb_texture_feeder* feeder) {
  return answer_or(feeder, int64_t{0},
                   [](const pmb::TextureFeeder& owner) { return to_c(owner.queued_bytes()); });
}

pmb_ticket pmb_texture_feeder_ticket(const pmb_texture_feeder* feeder) {
  return answer_or(feeder, pmb_ticket{},
                   [](const pmb::TextureFeeder& owner) { return to_c(owner.ticket()); });
}
