// SPDX-License-Identifier: MIT
// One vocabulary for C++ and pmb.h, so that a test runs the same program through both. Each call returns the id of its
// error, or ErrorId::none.
#pragma once

#include <pmb.h>

#include <pmb/frame_grabber.hpp>
#include <pmb/pmb.hpp>
#include <utility>

#include "capi_fixture.hpp"

namespace pmb_test {

/// Where lent bytes lie in GL.
struct Place {
  std::uint32_t buffer = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

class CppInterface {
 public:
  using Slice = pmb::Slice;
  using Pending = pmb::PendingReadback;
  using Ticket = pmb::Ticket;

  /// `transfers`: how all transfers travel, through rings of 256 KiB.
  ErrorId open(pmb::Options options, pmb::Path transfers) {
    pmb::TransferPlan plan;
    for (pmb::TransferDirection* direction : {&plan.up, &plan.down}) {
      direction->steps = {{.path = transfers, .chunk_bytes = 64 << 10}};
      direction->ring_bytes = 256 << 10;
    }
    options.transfer = std::make_shared<pmb::TransferPlan>(std::move(plan));
    return keep(context_, pmb::Context::from_current(&strict_gl::get_proc_address, std::move(options)));
  }
  ErrorId make_ring(int i, std::uint64_t bytes) {
    return keep(rings_[i], pmb::UploadRing::create(*context_, {.capacity_bytes = bytes, .label = "ring"}));
  }
  ErrorId make_readback(std::uint64_t bytes) {
    return keep(readback_, pmb::ReadbackRing::create(*context_, {.capacity_bytes = bytes}));
  }
  ErrorId make_buffer(std::uint64_t bytes) {
    return keep(buffer_, pmb::MappedBuffer::create(*context_, {.size_bytes = bytes}));
  }
  ErrorId make_grabber() { return keep(grabber_, pmb::FrameGrabber::create(*context_)); }
  void destroy_objects() {
    frame_.reset();
    grabber_.reset();
    buffer_.reset();
    readback_.reset();
    for (auto& ring : rings_) ring.reset();
  }
  void close() { context_.reset(); }

  ErrorId acquire(int i, std::uint64_t bytes, Slice& slice) { return keep(slice, rings_[i]->acquire(bytes)); }
  ErrorId fill(const Slice& slice, const Bytes& bytes) {
    return slice.copy_from(bytes) ? ErrorId::none : ErrorId::stale_slice;
  }
  ErrorId publish(int i, const Slice& slice, std::uint64_t used) {
    return id_of(rings_[i]->publish(slice, used));
  }
  ErrorId cancel(int i, const Slice& slice) { return id_of(rings_[i]->cancel(slice)); }
  ErrorId retire(int i, const Slice& slice, const Ticket& ticket) {
    return id_of(rings_[i]->retire(slice, ticket));
  }
  ErrorId retire_all(int i, const Ticket& ticket) { return id_of(rings_[i]->retire(ticket)); }
  ErrorId retire_issued(int i) { return id_of(rings_[i]->retire_issued()); }
  template <class Lent>
  static Place place_of(const Lent& lent) {
    return {lent.buffer(), lent.offset_bytes(), lent.size_bytes()};
  }

  ErrorId request(std::uint32_t buffer, std::uint64_t bytes, Pending& pending) {
    return keep(pending, readback_->request(buffer, 0, bytes));
  }
  ErrorId acquire_readback(std::uint64_t bytes, Pending& pending) {
    return keep(pending, readback_->acquire(bytes));
  }
  ErrorId wait(const Pending& pending, Bytes& bytes) {
    const auto view = pending.wait(1ms);
    if (view) bytes = copy(view->bytes());
    return id_of(view);
  }
  ErrorId release(const Pending& pending) { return id_of(pending.release()); }

  ErrorId grab(const pmb::PixelRectangle& pixels) { return id_of(grabber_->grab(pixels)); }
  /// The frame is held until the next one, or until release_frame().
  ErrorId next(std::uint32_t latency) { return keep(frame_, grabber_->next(latency)); }
  Bytes frame_bytes() const { return frame_ ? copy(frame_->bytes()) : Bytes(); }
  void release_frame() { frame_.reset(); }

  ErrorId write(const Bytes& bytes) { return id_of(buffer_->write(0, bytes)); }
  std::uint32_t buffer() const { return buffer_->buffer(); }
  ErrorId upload(std::uint32_t buffer, const Bytes& bytes) {
    return id_of(pmb::upload(*context_, buffer, 0, bytes));
  }
  ErrorId download(std::uint32_t buffer, Bytes& bytes) {
    return id_of(pmb::download(*context_, buffer, 0, bytes));
  }

  ErrorId mark(Ticket& ticket) { return keep(ticket, context_->timeline().mark()); }
  ErrorId wait(const Ticket& ticket) { return id_of(ticket.wait(1ms)); }
  std::uint32_t take_caller_error() { return context_->take_caller_error(); }
  bool lost() const { return context_->lost(); }

 private:
  template <class Kept, class T>
  static ErrorId keep(Kept& kept, pmb::Result<T> result) {
    const ErrorId id = id_of(result);
    if (result) kept = std::move(*result);
    return id;
  }

  std::optional<pmb::Context> context_;
  std::optional<pmb::UploadRing> rings_[2];
  std::optional<pmb::ReadbackRing> readback_;
  std::optional<pmb::MappedBuffer> buffer_;
  std::optional<pmb::FrameGrabber> grabber_;
  std::optional<pmb::Frame> frame_;
};

class CInterface {
 public:
  using Slice = pmb_slice;
  using Pending = pmb_pending_readback;
  using Ticket = pmb_ticket;

  ErrorId open(const pmb::Options& options, pmb::Path transfers) {
    pmb_transfer_step step = {};
    step.path = static_cast<pmb_path>(transfers) + 1;
    step.chunk_bytes = 64 << 10;
    auto plan = sized<pmb_transfer_plan>();
    for (pmb_transfer_direction* direction : {&plan.up, &plan.down}) {
      direction->steps = &step;
      direction->step_count = 1;
      direction->ring_bytes = 256 << 10;
    }
    pmb_options given = c_options();
    given.timeout_ns = options.timeout.count();
    given.transfer = &plan;
    given.bind_to_edit = options.bind_to_edit;
    if (options.model) given.model = static_cast<pmb_model>(*options.model) + 1;
    if (options.path) given.path = static_cast<pmb_path>(*options.path) + 1;
    return id(pmb_context_from_current(&load, &given, &context_));
  }
  ErrorId make_ring(int i, std::uint64_t bytes) {
    const auto options = c_ring_options(static_cast<std::int64_t>(bytes));
    return id(pmb_upload_ring_create(context_, &options, &rings_[i]));
  }
  ErrorId make_readback(std::uint64_t bytes) {
    const auto options = c_ring_options(static_cast<std::int64_t>(bytes));
    return id(pmb_readback_ring_create(context_, &options, &readback_));
  }
  ErrorId make_buffer(std::uint64_t bytes) {
    const auto options = c_buffer_options(static_cast<std::int64_t>(bytes), PMB_ACCESS_SEQUENTIAL_WRITE);
    return id(pmb_mapped_buffer_create(context_, &options, &buffer_));
  }
  ErrorId make_grabber() { return id(pmb_frame_grabber_create(context_, nullptr, &grabber_)); }
  void destroy_objects() {
    release_frame();
    pmb_frame_grabber_destroy(&grabber_);
    static_cast<void>(pmb_mapped_buffer_destroy(&buffer_));
    pmb_readback_ring_destroy(&readback_);
    for (auto& ring : rings_) pmb_upload_ring_destroy(&ring);
  }
  void close() { pmb_context_destroy(&context_); }

  ErrorId acquire(int i, std::uint64_t bytes, Slice& slice) {
    return id(pmb_upload_ring_acquire(rings_[i], static_cast<std::int64_t>(bytes), 0, &slice));
  }
  ErrorId fill(const Slice& slice, const Bytes& bytes) {
    return id(pmb_slice_copy_from(slice, 0, bytes.data(), count(bytes)));
  }
  ErrorId publish(int i, const Slice& slice, std::uint64_t used) {
    return id(pmb_upload_ring_publish(rings_[i], slice, static_cast<std::int64_t>(used)));
  }
  ErrorId cancel(int i, const Slice& slice) { return id(pmb_upload_ring_cancel(rings_[i], slice)); }
  ErrorId retire(int i, const Slice& slice, const Ticket& ticket) {
    return id(pmb_upload_ring_retire(rings_[i], slice, ticket));
  }
  ErrorId retire_all(int i, const Ticket& ticket) {
    return id(pmb_upload_ring_retire_all(rings_[i], ticket));
  }
  ErrorId retire_issued(int i) { return id(pmb_upload_ring_retire_issued(rings_[i])); }
  static Place place_of(const Slice& slice) {
    return {pmb_slice_buffer(slice), static_cast<std::uint64_t>(pmb_slice_offset_bytes(slice)),
            static_cast<std::uint64_t>(pmb_slice_size_bytes(slice))};
  }
  static Place place_of(const Pending& pending) {
    return {pmb_pending_readback_buffer(pending),
            static_cast<std::uint64_t>(pmb_pending_readback_offset_bytes(pending)),
            static_cast<std::uint64_t>(pmb_pending_readback_size_bytes(pending))};
  }

  ErrorId request(std::uint32_t buffer, std::uint64_t bytes, Pending& pending) {
    return id(
        pmb_readback_ring_request(readback_, target(buffer), 0, static_cast<std::int64_t>(bytes), &pending));
  }
  ErrorId acquire_readback(std::uint64_t bytes, Pending& pending) {
    return id(pmb_readback_ring_acquire(readback_, static_cast<std::int64_t>(bytes), 0, &pending));
  }
  ErrorId wait(const Pending& pending, Bytes& bytes) {
    pmb_read_view view = {};
    const ErrorId failed = id(pmb_pending_readback_wait(pending, 1'000'000, &view));
    if (failed == ErrorId::none)
      bytes = strict_gl::copy_of(view.bytes, static_cast<std::size_t>(view.size_bytes));
    return failed;
  }
  ErrorId release(const Pending& pending) { return id(pmb_pending_readback_release(pending)); }

  ErrorId grab(const pmb::PixelRectangle& pixels) {
    const pmb_pixel_rectangle given = {pixels.x, pixels.y, pixels.width, pixels.height};
    return id(pmb_frame_grabber_grab(grabber_, &given));
  }
  ErrorId next(std::uint32_t latency) {
    pmb_frame* frame = nullptr;
    const ErrorId failed = id(pmb_frame_grabber_next(grabber_, latency, &frame));
    if (failed != ErrorId::none) return failed;
    release_frame();
    frame_ = frame;
    return failed;
  }
  Bytes frame_bytes() const {
    return strict_gl::copy_of(pmb_frame_bytes(frame_),
                              static_cast<std::size_t>(pmb_frame_size_bytes(frame_)));
  }
  void release_frame() { pmb_frame_release(&frame_); }

  ErrorId write(const Bytes& bytes) {
    return id(pmb_mapped_buffer_write(buffer_, 0, bytes.data(), count(bytes)));
  }
  std::uint32_t buffer() const { return pmb_mapped_buffer_buffer(buffer_); }
  ErrorId upload(std::uint32_t buffer, const Bytes& bytes) {
    return id(pmb_upload(context_, target(buffer), 0, bytes.data(), count(bytes)));
  }
  ErrorId download(std::uint32_t buffer, Bytes& bytes) {
    return id(pmb_download(context_, target(buffer), 0, bytes.data(), count(bytes)));
  }

  ErrorId mark(Ticket& ticket) { return id(pmb_timeline_mark(context_, &ticket)); }
  ErrorId wait(const Ticket& ticket) { return id(pmb_ticket_wait(ticket, 1'000'000)); }
  std::uint32_t take_caller_error() { return pmb_context_take_caller_error(context_); }
  bool lost() const { return pmb_context_lost(context_); }

 private:
  static std::int64_t count(const Bytes& bytes) { return static_cast<std::int64_t>(bytes.size()); }
  static pmb_buffer_target target(std::uint32_t buffer) {
    pmb_buffer_target named = {};
    named.buffer = buffer;
    return named;
  }
  static ErrorId id(pmb_status status) {
    return status == PMB_OK ? ErrorId::none : static_cast<ErrorId>(pmb_last_error_id());
  }

  pmb_context* context_ = nullptr;
  pmb_upload_ring* rings_[2] = {};
  pmb_readback_ring* readback_ = nullptr;
  pmb_mapped_buffer* buffer_ = nullptr;
  pmb_frame_grabber* grabber_ = nullptr;
  pmb_frame* frame_ = nullptr;
};

}  // namespace pmb_test
