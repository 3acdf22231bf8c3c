// SPDX-License-Identifier: MIT
#include "timeline.hpp"

#include <pybind11/stl.h>

#include <pmb/timeline.hpp>
#include <vector>

#include "callbacks.hpp"
#include "errors.hpp"

namespace pmb::python {

namespace {

void wait_for_ticket(const Ticket& ticket, double timeout) {
  refuse_in_callback();
  take(wait_in_steps(timeout, [&](std::chrono::nanoseconds step) { return ticket.wait(step); }));
}

std::size_t wait_for_any_ticket(const std::vector<Ticket>& tickets, double timeout) {
  refuse_in_callback();
  return take(
      wait_in_steps(timeout, [&](std::chrono::nanoseconds step) { return pmb::wait_any(tickets, step); }));
}

void bind_ticket(py::module_& module) {
  py::class_<Ticket>(
      module, "Ticket",
      "A point on a timeline: all GPU work issued before the mark. Any thread may ask and wait.")
      .def_property_readonly(
          "passed", &Ticket::passed,
          "True once the context's thread has noticed, by poll() or a wait, that the GPU is past the "
          "mark. Never blocks.")
      .def("wait", &wait_for_ticket, py::arg("timeout") = 10.0,
           "Waits until the ticket has passed, for at most `timeout` seconds, without the GIL. Other threads "
           "sleep until "
           "the context's thread calls poll() or waits. Raises TimedOut, ContextLost, WaitFailed or "
           "StaleHandle.")
      .def(
          "wait_on_gpu",
          [](const Ticket& ticket, PyContext& other) {
            take(ticket.wait_on_gpu(other.use(), other.place()));
          },
          py::arg("other"),
          "Lets the commands that `other` issues from now on wait on the GPU for this ticket. Both contexts "
          "need the same "
          "Options(share_group=...), and timeline.flush() must follow the mark. Never blocks.")
      .def_property_readonly("serial", &Ticket::serial, "The number of its mark, growing.")
      .def(
          "__eq__", [](const Ticket& a, const Ticket& b) { return a == b; }, py::arg("other"),
          py::is_operator());
  module.def("wait_any", &wait_for_any_ticket, py::arg("tickets"), py::arg("timeout") = 10.0,
             "Waits until any of the tickets has passed, without the GIL, and returns its index.");
}

}  // namespace

void bind_timeline(py::module_& module) {
  bind_ticket(module);
  py::class_<PyTimeline>(module, "Timeline", "The order of a context's GPU work.")
      .def(
          "mark",
          [](const PyTimeline& timeline) { return take(timeline.use().mark(timeline.context->place())); },
          "Inserts one fence after all commands issued so far and returns its ticket. Requested readbacks "
          "arrive with it.")
      .def(
          "poll", [](const PyTimeline& timeline) { take(timeline.use().poll(timeline.context->place())); },
          "Finds out which tickets have passed. Never blocks.")
      .def(
          "flush", [](const PyTimeline& timeline) { take(timeline.use().flush(timeline.context->place())); },
          "Flushes everything marked so far, which Ticket.wait_on_gpu() of other contexts needs. Never "
          "blocks.")
      .def_property_readonly(
          "marked_serial", [](const PyTimeline& timeline) { return timeline.use().marked_serial(); },
          "Ticket.serial of the last mark.");
}

}  // namespace pmb::python
