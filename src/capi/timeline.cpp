// SPDX-License-Identifier: MIT
#include <pmb/timeline.hpp>

#include "capi/border.hpp"

using namespace pmb::capi;

pmb_status pmb_timeline_mark(pmb_context* context, pmb_ticket* ticket) {
  return answer(ticket, [&](auto where) { return object(context).timeline().mark(where); });
}

pmb_status pmb_timeline_adopt(pmb_context* context, void* gl_sync, pmb_ticket* ticket) {
  return answer(ticket,
                [&](auto where) { return object(context).timeline().adopt(not_null(gl_sync), where); });
}

pmb_status pmb_timeline_poll(pmb_context* context) {
  return answer([&](auto where) { return object(context).timeline().poll(where); });
}

pmb_status pmb_timeline_flush(pmb_context* context) {
  return answer([&](auto where) { return object(context).timeline().flush(where); });
}

uint64_t pmb_timeline_marked_serial(const pmb_context* context) {
  // Context::timeline() is not const, because marking changes it; this call does not.
  return answer_or(const_cast<pmb_context*>(context), uint64_t{0},
                   [](pmb::Context& owner) { return owner.timeline().marked_serial(); });
}

bool pmb_ticket_passed(pmb_ticket ticket) {
  return from_c(ticket).passed();
}

pmb_status pmb_ticket_wait(pmb_ticket ticket, int64_t timeout_ns) {
  return answer([&](auto where) { return from_c(ticket).wait(timeout(timeout_ns), where); });
}

pmb_status pmb_ticket_wait_on_gpu(pmb_ticket ticket, pmb_context* other) {
  return answer([&](auto where) { return from_c(ticket).wait_on_gpu(object(other), where); });
}

uint64_t pmb_ticket_serial(pmb_ticket ticket) {
  return from_c(ticket).serial();
}

pmb_status pmb_wait_any(const pmb_ticket* tickets, int64_t count, int64_t timeout_ns, int64_t* index) {
  return answer(index, [&](auto where) {
    std::vector<pmb::Ticket> all;
    all.reserve(number(count));
    for (const pmb_ticket& ticket : values_of(tickets, count)) all.push_back(from_c(ticket));
    return pmb::wait_any(all, timeout(timeout_ns), where);
  });
}
