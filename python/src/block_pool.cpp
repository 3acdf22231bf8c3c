// SPDX-License-Identifier: MIT
#include "block_pool.hpp"

#include <pybind11/stl.h>

#include "errors.hpp"
#include "place.hpp"
#include "ring_options.hpp"

namespace pmb::python {

namespace {

std::shared_ptr<PyBlockPool> create_block_pool(const std::shared_ptr<PyContext>& context,
                                               std::uint64_t block_bytes, std::uint32_t count, Access access,
                                               const std::string& label, std::optional<Model> model,
                                               std::optional<double> timeout, bool prefault) {
  pmb::Context& open = context->use();
  BlockPoolOptions options = {.block_bytes = block_bytes, .count = count, .access = access, .label = label};
  options.model = model;
  if (timeout) options.timeout = to_duration(*timeout);
  options.prefault = prefault;
  const std::source_location place = python_place();
  return own<PyBlockPool>(context,
                          take(without_lock([&] { return BlockPool::create(open, options, place); })));
}

std::shared_ptr<PyBlock> acquire_block(const std::shared_ptr<PyBlockPool>& pool) {
  BlockPool& open = pool->use();
  const std::source_location place = pool->context().place();
  return std::make_shared<PyBlock>(pool, take(without_lock([&] { return open.acquire(place); })));
}

std::shared_ptr<PyBlock> try_acquire_block(const std::shared_ptr<PyBlockPool>& pool) {
  const auto block = take_if_ready(pool->use().try_acquire(pool->context().place()));
  return block ? std::make_shared<PyBlock>(pool, *block) : nullptr;
}

/// `block`, if it is of this pool, which is open.
PyBlock& block_of(PyBlockPool& pool, PyBlock& block) {
  static_cast<void>(pool.use());
  if (&block.pool() != &pool) raise(ErrorId::stale_slice);
  return block;
}

void leave_block(PyBlock& block, const py::object& exception, const py::object&, const py::object&) {
  if (!block.is_lent()) return;
  if (exception.is_none()) {
    block.publish(std::nullopt);
  } else if (!block.memory().is_closed()) {
    block.release();
  }
}

void bind_block(py::module_& module) {
  py::class_<PyBlock, Lent, std::shared_ptr<PyBlock>>(
      module, "Block", buffer_protocol<PyBlock>(),
      "One block of a pool, lent for one use. In writable pools it is a writable buffer until it is "
      "published.\n\n"
      "`with pool.acquire() as block:` publishes all bytes at the end, and releases the block on an "
      "exception. A block of a "
      "read-only pool is filled by the GPU, so there the statement does nothing.")
      .def_property_readonly(
          "buffer", [](const PyBlock& block) { return block.use().buffer(); },
          "The GL name; the block starts at its byte 0.")
      .def_property_readonly(
          "size_bytes", [](const PyBlock& block) { return block.use().size_bytes(); },
          "As created; as used once published.")
      .def_property_readonly(
          "is_live", [](const PyBlock& block) { return block.use().is_live(); },
          "True until retired or released.")
      .def("__enter__", [](std::shared_ptr<PyBlock> block) { return block; })
      .def("__exit__", &leave_block, py::arg("type"), py::arg("value"), py::arg("traceback"))
      .def("__array__", &to_array, py::arg("dtype") = py::none(), py::arg("copy") = py::none(),
           "For numpy. Raises BufferError once published.");
}

}  // namespace

PyBlock::PyBlock(std::shared_ptr<PyBlockPool> pool, Block block)
    : Viewed(pool, block.raw_bytes(), true), pool_(std::move(pool)), block_(block) {
  if (block.raw_bytes().empty()) end_loan("the GPU fills the blocks of a read-only pool; view them");
}

PyBlock::~PyBlock() {
  const bool is_ended = block_ == Block() || (is_published_ && view_.expired());
  if (is_ended || memory().is_closed()) return;
  memory().context().end_safely([pool = std::weak_ptr(pool_), block = block_] {
    const auto open = pool.lock();
    if (open && !open->is_closed()) static_cast<void>(open->unchecked().release(block));
  });
}

Block PyBlock::use() const {
  if (memory().is_closed()) return {};
  static_cast<void>(memory().context().use());
  return block_;
}

DeviceBytes PyBlock::on_device(const pmb::Cuda& cuda) const {
  const Block block = use();
  return {.pointer = take(cuda.pointer(block, memory().context().place())),
          .extents = {static_cast<std::int64_t>(block.size_bytes())}};
}

void PyBlock::publish(std::optional<std::uint64_t> used_bytes) {
  BlockPool& pool = pool_->use();
  take(pool.publish(block_, used_bytes.value_or(block_.size_bytes()), memory().context().place()));
  is_published_ = true;
  end_loan("the block is published, so that the GPU may use it; acquire another");
}

void PyBlock::retire(const Ticket& ticket) {
  take(pool_->use().retire(block_, ticket, memory().context().place()));
  end();
}

std::shared_ptr<PyReadView> PyBlock::try_view(const Ticket& ticket) {
  const auto view = take_if_ready(pool_->use().try_view(block_, ticket, memory().context().place()));
  return view ? show(*view) : nullptr;
}

std::shared_ptr<PyReadView> PyBlock::wait_view(const Ticket& ticket, double timeout) {
  BlockPool& pool = pool_->use();
  const std::source_location place = memory().context().place();
  return show(take(wait_in_steps(
      timeout, [&](std::chrono::nanoseconds step) { return pool.wait_view(block_, ticket, step, place); })));
}

void PyBlock::release() {
  take(pool_->use().release(block_, memory().context().place()));
  end();
}

std::shared_ptr<PyReadView> PyBlock::show(const ReadView& view) {
  if (const auto shown = view_.lock()) return shown;
  const auto shown = std::make_shared<PyReadView>(pool_, view.bytes(), shared_from_this());
  view_ = shown;
  return shown;
}

void PyBlock::end() noexcept {
  constexpr const char* kEnded = "the block was retired or released; acquire another";
  end_loan(kEnded);
  if (const auto view = view_.lock()) view->end_loan(kEnded);
  block_ = Block();
}

void bind_block_pool(py::module_& module) {
  bind_block(module);
  py::class_<PyBlockPool, std::shared_ptr<PyBlockPool>> pool(
      module, "BlockPool",
      "Equal blocks, each in its own GL buffer, held as long as needed and returned in any order. All calls "
      "are for the "
      "context's thread; the bytes of a block may be used on any.");
  pool.def(py::init(&create_block_pool), py::arg("context").none(false), py::arg("block_bytes"),
           py::arg("count"), py::arg_v("access", Access::bidirectional, "Access.bidirectional"),
           py::kw_only(), py::arg("label") = "", py::arg("model") = py::none(),
           py::arg("timeout") = py::none(), py::arg("prefault") = false,
           "Allocates all blocks. `timeout` (seconds) bounds the waits of acquire().")
      .def("acquire", &acquire_block,
           "Returns a free block. Waits for the oldest retired one, without the GIL, if there is none. "
           "Raises WouldBlock if "
           "no block was retired, and TimedOut.")
      .def("try_acquire", &try_acquire_block, "As acquire(), but returns None instead of waiting.")
      .def(
          "publish",
          [](PyBlockPool& self, PyBlock& block, std::optional<std::uint64_t> used) {
            block_of(self, block).publish(used);
          },
          py::arg("block"), py::arg("used_bytes") = py::none(),
          "Ends filling: the first `used_bytes`, or all, become visible to commands issued from now on.")
      .def(
          "retire",
          [](PyBlockPool& self, PyBlock& block, const Ticket& ticket) {
            block_of(self, block).retire(ticket);
          },
          py::arg("block"), py::arg("ticket"), "Makes the block free once the ticket has passed.")
      .def(
          "try_view",
          [](PyBlockPool& self, PyBlock& block, const Ticket& ticket) {
            return block_of(self, block).try_view(ticket);
          },
          py::arg("block"), py::arg("ticket"),
          "Polls, and returns the block that the GPU wrote if the ticket, marked after the writer, has "
          "passed; else None.")
      .def(
          "wait_view",
          [](PyBlockPool& self, PyBlock& block, const Ticket& ticket, double timeout) {
            return block_of(self, block).wait_view(ticket, timeout);
          },
          py::arg("block"), py::arg("ticket"), py::arg("timeout") = 10.0,
          "The same, but waits for at most `timeout` seconds, without the GIL.")
      .def(
          "release", [](PyBlockPool& self, PyBlock& block) { block_of(self, block).release(); },
          py::arg("block"), "Makes a viewed or unpublished block free.")
      .def_property_readonly(
          "count", [](PyBlockPool& self) { return self.use().count(); }, "The number of blocks.")
      .def_property_readonly(
          "free_count", [](PyBlockPool& self) { return self.use().free_count(); },
          "Free blocks. Retired ones count once a poll or a wait has noticed their ticket.");
  bind_closing<PyBlockPool>(pool);
}

}  // namespace pmb::python
