// SPDX-License-Identifier: MIT
#include "context.hpp"

#include "callbacks.hpp"
#include "errors.hpp"
#include "place.hpp"

namespace pmb::python {

PyContext::PyContext(std::optional<HeadlessContext> headless, pmb::Context context)
    : headless_(std::move(headless)), context_(std::move(context)) {}

PyContext::~PyContext() {
  if (context_) end();
}

const pmb::Context& PyContext::facts() const {
  if (closed_) raise(ErrorId::context_gone);
  return *context_;
}

pmb::Context& PyContext::use() {
  if (closed_) raise(ErrorId::context_gone);
  if (!on_own_thread()) raise(ErrorId::wrong_thread);
  refuse_in_callback();
  if (!delayed_.empty()) run_delayed();
  return *context_;
}

std::source_location PyContext::place() const {
  static constexpr std::source_location kUnknown = std::source_location::current();
  return context_ && context_->options().validation ? python_place() : kUnknown;
}

void PyContext::claim_thread() {
  if (closed_) raise(ErrorId::context_gone);
  if (auto claimed = context_->claim_thread(); !claimed) raise(claimed.error());
  thread_ = std::this_thread::get_id();
}

HeadlessContext& PyContext::headless() {
  if (closed_) raise(ErrorId::context_gone);
  if (headless_) return *headless_;
  PyErr_SetString(PyExc_RuntimeError,
                  "the program made this GL context; make it current as its library does");
  throw py::error_already_set();
}

void PyContext::close() {
  if (closed_) return;
  static_cast<void>(use());
  for (const std::weak_ptr<Memory>& memory : std::exchange(memories_, {})) {
    if (const auto open = memory.lock()) open->close();
  }
  closed_ = true;
  if (views_ == 0) {
    end();
  } else if (headless_) {
    // EGL destroys a context only if it is current on no thread, and the last view may end anywhere.
    static_cast<void>(headless_->release_current());
  }
}

void PyContext::add(const std::shared_ptr<Memory>& memory) {
  std::erase_if(memories_, [](const std::weak_ptr<Memory>& known) { return known.expired(); });
  memories_.push_back(memory);
}

void PyContext::remove_view() noexcept {
  --views_;
  if (closed_ && views_ == 0) end();
}

void PyContext::end_safely(std::function<void()> work) {
  if (closed_ || (on_own_thread() && !in_callback())) {
    work();
  } else {
    delayed_.push_back(std::move(work));
  }
}

void PyContext::run_delayed() noexcept {
  for (const auto& work : std::exchange(delayed_, {})) work();
}

void PyContext::end() noexcept {
  closed_ = true;
  run_delayed();
  without_lock([&] {
    context_.reset();
    headless_.reset();
  });
}

void Memory::require_usable() const {
  static_cast<void>(context_->use());
  if (closed_) raise(ErrorId::not_mapped);
}

void Memory::close() {
  if (closed_) return;
  static_cast<void>(context_->use());
  closed_ = true;
  if (views_ == 0) end();
}

void Memory::add_view() noexcept {
  ++views_;
  context_->add_view();
}

void Memory::remove_view() noexcept {
  --views_;
  if (closed_ && views_ == 0) end();
  context_->remove_view();
}

}  // namespace pmb::python
