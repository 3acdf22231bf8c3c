// SPDX-License-Identifier: MIT
// ReadbackRing, PendingReadback and ReadView.
#pragma once

#include <pybind11/pybind11.h>

#include <functional>
#include <memory>
#include <pmb/readback_ring.hpp>

#include "bytes.hpp"
#include "context.hpp"
#include "lent.hpp"

namespace pmb::python {

using PyReadbackRing = Owner<ReadbackRing>;

/// Bytes that have arrived. `release` ends the readback or the block that they belong to, and holds it.
class PyReadView : public Lent {
 public:
  PyReadView(std::shared_ptr<Memory> memory, std::span<const std::byte> bytes, std::function<void()> release)
      : Lent(std::move(memory), {const_cast<std::byte*>(bytes.data()), bytes.size()}, false),
        release_(std::move(release)) {}
  /// Does nothing if that has happened.
  void release() const {
    if (is_lent() && !memory().is_closed()) release_();
  }

 private:
  std::function<void()> release_;
};

class PyPendingReadback : public std::enable_shared_from_this<PyPendingReadback> {
 public:
  PyPendingReadback(std::shared_ptr<Memory> memory, PendingReadback pending)
      : memory_(std::move(memory)), pending_(pending) {}
  PyPendingReadback(const PyPendingReadback&) = delete;
  PyPendingReadback& operator=(const PyPendingReadback&) = delete;
  /// Releases a readback that the program dropped.
  ~PyPendingReadback();

  /// The handle, on the context's thread; a stale one once the ring is closed.
  PendingReadback use() const;
  std::shared_ptr<PyReadView> try_view();
  std::shared_ptr<PyReadView> wait(double timeout);
  void copy_to(const Target& target, double timeout);
  void release();

 private:
  std::shared_ptr<PyReadView> show(const ReadView& view);
  void end() noexcept;

  std::shared_ptr<Memory> memory_;
  PendingReadback pending_;
  std::weak_ptr<PyReadView> view_;
};

void bind_readback_ring(pybind11::module_& module);

}  // namespace pmb::python
