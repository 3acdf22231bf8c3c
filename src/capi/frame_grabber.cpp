// SPDX-License-Identifier: MIT
#include <pmb/frame_grabber.hpp>

#include "capi/texels.hpp"

using namespace pmb::capi;

pmb_status pmb_frame_grabber_create(pmb_context* context, const pmb_frame_grabber_options* options,
                                    pmb_frame_grabber** grabber) {
  return answer(grabber, [&](auto where) {
    pmb::Context& owner = object(context);
    const pmb_frame_grabber_options given = checked_or_default(options);
    pmb::FrameGrabberOptions chosen = {.bottom_up = given.bottom_up,
                                       .label = text_or_empty(given.label),
                                       .timeout = timeout_or_default(given.timeout_ns)};
    if (given.layout.format != 0) chosen.layout = from_c(given.layout);
    if (given.frames != 0) chosen.frames = given.frames;
    return pmb::FrameGrabber::create(owner, chosen, where);
  });
}

void pmb_frame_grabber_destroy(pmb_frame_grabber** grabber) {
  destroy(grabber);
}

pmb_status pmb_frame_grabber_grab(pmb_frame_grabber* grabber, const pmb_pixel_rectangle* pixels) {
  return answer([&](auto where) { return object(grabber).grab(value_of(pixels), where); });
}

pmb_status pmb_frame_grabber_grab_texture(pmb_frame_grabber* grabber, const pmb_texture_region* texels) {
  return answer([&](auto where) { return object(grabber).grab_texture(value_of(texels), where); });
}

pmb_status pmb_frame_grabber_try_grab(pmb_frame_grabber* grabber, const pmb_pixel_rectangle* pixels) {
  return answer([&](auto where) { return object(grabber).try_grab(value_of(pixels), where); });
}

pmb_status pmb_frame_grabber_try_grab_texture(pmb_frame_grabber* grabber, const pmb_texture_region* texels) {
  return answer([&](auto where) { return object(grabber).try_grab_texture(value_of(texels), where); });
}

pmb_status pmb_frame_grabber_next(pmb_frame_grabber* grabber, uint32_t latency, pmb_frame** frame) {
  return answer(frame, [&](auto where) { return object(grabber).next(latency, where); });
}

pmb_status pmb_frame_grabber_stats(const pmb_frame_grabber* grabber, pmb_grabber_stats* stats) {
  return answer([&](auto) {
    const pmb::FrameGrabberStats found = object(grabber).stats();
    fill(stats, {.struct_bytes = 0,
                 .grabbed = to_c(found.grabbed),
                 .dropped = to_c(found.dropped),
                 .waits = to_c(found.waits),
                 .waited_ns = to_c(found.waited),
                 .in_flight = found.in_flight,
                 .held = found.held});
  });
}

const void* pmb_frame_bytes(const pmb_frame* frame) {
  return answer_or(frame, static_cast<const void*>(nullptr),
                   [](const pmb::Frame& one) { return static_cast<const void*>(one.bytes().data()); });
}

int64_t pmb_frame_size_bytes(const pmb_frame* frame) {
  return answer_or(frame, int64_t{0}, [](const pmb::Frame& one) { return to_c(one.bytes().size()); });
}

uint32_t pmb_frame_width(const pmb_frame* frame) {
  return answer_or(frame, 0U, [](const pmb::Frame& one) { return one.width(); });
}

uint32_t pmb_frame_height(const pmb_frame* frame) {
  return answer_or(frame, 0U, [](const pmb::Frame& one) { return one.height(); });
}

int64_t pmb_frame_number(const pmb_frame* frame) {
  return answer_or(frame, int64_t{0}, [](const pmb::Frame& one) { return to_c(one.number()); });
}

pmb_status pmb_frame_write_to(pmb_frame* frame, int descriptor, int64_t timeout_ns) {
  return answer([&](auto where) { return object(frame).write_to(descriptor, timeout(timeout_ns), where); });
}

void pmb_frame_release(pmb_frame** frame) {
  destroy(frame);
}
