// SPDX-License-Identifier: MIT
// UploadRing and Slice.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/upload_ring.hpp>

#include "context.hpp"
#include "lent.hpp"

namespace pmb::python {

using PyUploadRing = Owner<UploadRing>;

class PySlice : public Lent {
 public:
  PySlice(std::shared_ptr<PyUploadRing> ring, Slice slice)
      : Lent(ring, slice.raw_bytes(), true), ring_(std::move(ring)), slice_(slice) {}
  /// Cancels a slice that the program dropped unpublished.
  ~PySlice() override;

  /// The handle, on the context's thread; a stale one once the ring is closed.
  Slice use() const;
  DeviceBytes on_device(const pmb::Cuda& cuda) const override;
  PyUploadRing& ring() const noexcept { return *ring_; }
  void publish(std::optional<std::uint64_t> used_bytes);
  void cancel();

 private:
  std::shared_ptr<PyUploadRing> ring_;
  Slice slice_;
};

void bind_upload_ring(pybind11::module_& module);

}  // namespace pmb::python
