! SPDX-License-Identifier: MIT
! Readback rings and their readbacks.
submodule (gpu_persistent_buffers) readback_ring
  use, intrinsic :: iso_c_binding, only: c_char, c_loc, c_sizeof
  use gpu_persistent_buffers_c
  implicit none
contains

  module procedure readback_create
    type(c_ring_options) :: options
    character(kind=c_char), allocatable, target :: text(:)
    call this%destroy()
    options = c_ring_options(c_sizeof(options), capacity_bytes, given_bytes(max_capacity_bytes), &
                             given_bytes(timeout_ns), model=given_choice(model))
    call to_c(label, text, options%label)
    call report(pmb_readback_ring_create(context%handle, options, this%handle), stat, errmsg)
  end procedure readback_create

  module procedure readback_destroy
    call pmb_readback_ring_destroy(this%handle)
  end procedure readback_destroy

  module procedure readback_final
    call ring%destroy()
  end procedure readback_final

  module procedure readback_request
    call report(pmb_readback_ring_request(this%handle, c_buffer_target(buffer), given_bytes(offset_bytes), size_bytes, &
                                          pending%words), stat, errmsg)
  end procedure readback_request

  module procedure readback_acquire
    call report(pmb_readback_ring_acquire(this%handle, size_bytes, given_bytes(alignment), pending%words), stat, errmsg)
  end procedure readback_acquire

  module procedure readback_drain
    call report(pmb_readback_ring_drain(this%handle, timeout_ns), stat, errmsg)
  end procedure readback_drain

  module procedure readback_stats
    stats%struct_bytes = c_sizeof(stats)
    call report(pmb_readback_ring_stats(this%handle, c_loc(stats)), stat, errmsg)
  end procedure readback_stats

  module procedure pending_try_view
    call report(pmb_pending_readback_try_view(this%words, c_loc(view)), stat, errmsg)
  end procedure pending_try_view

  module procedure pending_wait
    call report(pmb_pending_readback_wait(this%words, timeout_ns, c_loc(view)), stat, errmsg)
  end procedure pending_wait

  module procedure pending_copy_to
    type(c_ptr) :: first
    integer(c_int64_t) :: bytes
    integer(c_int32_t) :: status
    call locate(data, first=first, bytes=bytes, status=status)
    if (status == pmb_ok) status = pmb_pending_readback_copy_to(this%words, first, bytes, timeout_ns)
    call report(status, stat, errmsg)
  end procedure pending_copy_to

  module procedure pending_release
    call report(pmb_pending_readback_release(this%words), stat, errmsg)
  end procedure pending_release

  module procedure pending_buffer
    buffer = pmb_pending_readback_buffer(this%words)
  end procedure pending_buffer

  module procedure pending_offset_bytes
    bytes = pmb_pending_readback_offset_bytes(this%words)
  end procedure pending_offset_bytes

  module procedure pending_size_bytes
    bytes = pmb_pending_readback_size_bytes(this%words)
  end procedure pending_size_bytes

  module procedure pending_is_live
    live = pmb_pending_readback_is_live(this%words)
  end procedure pending_is_live

  module procedure pending_ticket
    ticket%words = pmb_pending_readback_ticket(this%words)
  end procedure pending_ticket
end submodule readback_ring
