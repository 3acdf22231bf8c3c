// SPDX-License-Identifier: MIT
// ReadbackRing, PendingReadback and ReadView.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <pmb/readback_ring.hpp>

#include "bytes.hpp"
#include "context.hpp"
#include "lent.hpp"

namespace pmb::python {

using PyReadbackRing = Owner<ReadbackRing>;

/// What the GPU writes and a view shows: a readback or a block.
class Viewed : public Lent {
 public:
  using Lent::Lent;
  virtual void release() = 0;
};

/// Bytes that have arrived. Holds the readback or the block that they belong to.
class PyReadView : public Lent {
 public:
  PyReadView(std::shared_ptr<Memory> memory, std::span<const std::byte> bytes, std::shared_ptr<Viewed> viewed)
      : Lent(std::move(memory), {const_cast<std::byte*>(bytes.data()), bytes.size()}, false),
        viewed_(std::move(viewed)) {}
  /// Does nothing if that has happened.
  void release() const {
    if (is_lent() && !memory().is_closed()) viewed_->release();
  }
  DeviceBytes on_device(const pmb::Cuda& cuda) const override;

 private:
  std::shared_ptr<Viewed> viewed_;
};

/// Lends nothing to the CPU itself.
class PyPendingReadback : public Viewed, public std::enable_shared_from_this<PyPendingReadback> {
 public:
  PyPendingReadback(std::shared_ptr<Memory> memory, PendingReadback pending)
      : Viewed(memory, {}, false), memory_(std::move(memory)), pending_(pending) {}
  /// Releases a readback that the program dropped.
  ~PyPendingReadback() override;

  /// The handle, on the context's thread; a stale one once the ring is closed.
  PendingReadback use() const;
  DeviceBytes on_device(const pmb::Cuda& cuda) const override;
  std::shared_ptr<PyReadView> try_view();
  std::shared_ptr<PyReadView> wait(double timeout);
  void copy_to(const Target& target, double timeout);
  void release() override;

 private:
  /// Throws BufferError if the next call may free bytes that have views.
  void require_no_views_at_all() const;
  std::shared_ptr<PyReadView> show(const ReadView& view);
  void end() noexcept;

  std::shared_ptr<Memory> memory_;
  PendingReadback pending_;
  std::weak_ptr<PyReadView> view_;
};

void bind_readback_ring(pybind11::module_& module);

}  // namespace pmb::python
