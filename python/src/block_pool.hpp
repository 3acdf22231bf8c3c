// SPDX-License-Identifier: MIT
// BlockPool and Block.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <pmb/block_pool.hpp>

#include "context.hpp"
#include "lent.hpp"
#include "readback_ring.hpp"

namespace pmb::python {

using PyBlockPool = Owner<BlockPool>;

class PyBlock : public Viewed, public std::enable_shared_from_this<PyBlock> {
 public:
  PyBlock(std::shared_ptr<PyBlockPool> pool, Block block);
  /// Releases a block that the program dropped. One that is published and was not viewed stays taken.
  ~PyBlock() override;

  /// The handle, on the context's thread; a stale one once the pool is closed.
  Block use() const;
  DeviceBytes on_device(const pmb::Cuda& cuda) const override;
  PyBlockPool& pool() const noexcept { return *pool_; }
  void publish(std::optional<std::uint64_t> used_bytes);
  void retire(const Ticket& ticket);
  std::shared_ptr<PyReadView> try_view(const Ticket& ticket);
  std::shared_ptr<PyReadView> wait_view(const Ticket& ticket, double timeout);
  void release() override;

 private:
  std::shared_ptr<PyReadView> show(const ReadView& view);
  void end() noexcept;

  std::shared_ptr<PyBlockPool> pool_;
  Block block_;
  bool is_published_ = false;
  std::weak_ptr<PyReadView> view_;
};

void bind_block_pool(pybind11::module_& module);

}  // namespace pmb::python
