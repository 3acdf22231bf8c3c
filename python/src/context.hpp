// SPDX-License-Identifier: MIT
// A context as Python holds it, and the memory that is mapped on it.
//
// Memory stays mapped as long as an array or a memoryview of it exists. close() therefore has two steps: at once it refuses
// further calls; when the last of these views ends, it unmaps. The views may end on any thread.
//
// Threads: with the lock of the interpreter. C++ objects of a context are destroyed on its thread; if Python drops one
//          on another thread, it waits for the next call on the context's thread.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <pmb/context.hpp>
#include <pmb/headless.hpp>
#include <source_location>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gil.hpp"

namespace pmb::python {

class Memory;

class PyContext {
 public:
  PyContext(std::optional<HeadlessContext> headless, pmb::Context context);
  PyContext(const PyContext&) = delete;
  PyContext& operator=(const PyContext&) = delete;
  ~PyContext();

  /// The context, open and on its own thread. Throws otherwise, and in callbacks.
  pmb::Context& use();
  /// The context, open, for facts that never change.
  const pmb::Context& facts() const;
  /// The line of the program that calls, if validation is on, which reports it.
  std::source_location place() const;
  /// Moves it to this thread.
  void claim_thread();
  /// The GL context, if it is one without a window. Throws otherwise.
  HeadlessContext& headless();
  void close();
  bool is_closed() const noexcept { return closed_; }

  void add(const std::shared_ptr<Memory>& memory);
  void add_view() noexcept { ++views_; }
  void remove_view() noexcept;
  /// Runs `work`, which ends C++ objects of this context and does not throw: now if this is the context's thread and no
  /// callback runs, else with the next call there.
  void end_safely(std::function<void()> work);

 private:
  bool on_own_thread() const noexcept { return thread_ == std::this_thread::get_id(); }
  void run_delayed() noexcept;
  /// Destroys the C++ objects.
  void end() noexcept;

  std::optional<HeadlessContext> headless_;
  std::optional<pmb::Context> context_;
  std::thread::id thread_ = std::this_thread::get_id();
  std::vector<std::weak_ptr<Memory>> memories_;
  std::vector<std::function<void()>> delayed_;
  std::size_t views_ = 0;
  bool closed_ = false;
};

/// The memory of one ring, pool or mapped buffer.
class Memory {
 public:
  Memory(std::shared_ptr<PyContext> context, bool may_grow) : grows(may_grow), context_(std::move(context)) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  virtual ~Memory() = default;

  PyContext& context() const noexcept { return *context_; }
  const std::shared_ptr<PyContext>& shared_context() const noexcept { return context_; }
  void close();
  bool is_closed() const noexcept { return closed_; }
  void add_view() noexcept;
  void remove_view() noexcept;

  const bool grows;  ///< A ring that frees storage while it lives.
  /// Views whose loans have ended: those of published slices, in an upload ring.
  std::size_t views_of_ended = 0;

 protected:
  /// Destroys the C++ object.
  virtual void end() noexcept = 0;
  /// Throws unless calls are allowed here and now.
  void require_usable() const;

 private:
  std::shared_ptr<PyContext> context_;
  std::size_t views_ = 0;
  bool closed_ = false;
};

/// Memory that `Object` owns: UploadRing, ReadbackRing, BlockPool or MappedBuffer.
template <class Object>
class Owner : public Memory {
 public:
  Owner(std::shared_ptr<PyContext> context, Object object, bool may_grow = false)
      : Memory(std::move(context), may_grow), object_(std::move(object)) {}
  ~Owner() override {
    if (!is_closed()) Owner::end();
  }

  /// The object, open and on the context's thread. Throws otherwise.
  Object& use() {
    require_usable();
    return object_;
  }
  /// For end_safely(), which has checked.
  Object& unchecked() noexcept { return object_; }

 protected:
  void end() noexcept override {
    context().end_safely([kept = std::make_shared<Object>(std::move(object_))]() mutable {
      // Destroying may log, and a callback takes the lock.
      without_lock([&] { kept.reset(); });
    });
  }

 private:
  Object object_;
};

/// Makes the Python object of `object`, and closes it with its context.
template <class Kind, class Object>
std::shared_ptr<Kind> own(const std::shared_ptr<PyContext>& context, Object object, bool grows = false) {
  auto owner = std::make_shared<Kind>(context, std::move(object), grows);
  context->add(owner);
  return owner;
}

using ContextClass = pybind11::class_<PyContext, std::shared_ptr<PyContext>>;
/// The class alone, for the signatures of others.
ContextClass declare_context(pybind11::module_& module);
void bind_context(pybind11::module_& module, ContextClass& context);

}  // namespace pmb::python
