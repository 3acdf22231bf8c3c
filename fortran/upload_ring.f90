! SPDX-License-Identifier: MIT
! Upload rings and their slices.
submodule (gpu_persistent_buffers) upload_ring
  use, intrinsic :: iso_c_binding, only: c_char, c_loc, c_sizeof
  use gpu_persistent_buffers_c
  implicit none
contains

  module procedure upload_create
    type(c_ring_options) :: options
    character(kind=c_char), allocatable, target :: text(:)
    call this%destroy()
    options = c_ring_options(c_sizeof(options), capacity_bytes, given_bytes(max_capacity_bytes), &
                             given_bytes(timeout_ns), model=given_choice(model))
    call to_c(label, text, options%label)
    call report(pmb_upload_ring_create(context%handle, options, this%handle), stat, errmsg)
  end procedure upload_create

  module procedure upload_destroy
    call pmb_upload_ring_destroy(this%handle)
  end procedure upload_destroy

  module procedure upload_final
    call ring%destroy()
  end procedure upload_final

  module procedure upload_acquire
    call report(pmb_upload_ring_acquire(this%handle, size_bytes, given_bytes(alignment), slice%words), stat, errmsg)
  end procedure upload_acquire

  module procedure upload_try_acquire
    call report(pmb_upload_ring_try_acquire(this%handle, size_bytes, given_bytes(alignment), slice%words), stat, errmsg)
  end procedure upload_try_acquire

  module procedure upload_publish
    integer(c_int64_t) :: bytes
    bytes = slice%size_bytes()
    if (present(used_bytes)) bytes = used_bytes
    call report(pmb_upload_ring_publish(this%handle, slice%words, bytes), stat, errmsg)
  end procedure upload_publish

  module procedure upload_cancel
    call report(pmb_upload_ring_cancel(this%handle, slice%words), stat, errmsg)
  end procedure upload_cancel

  module procedure upload_retire
    call report(pmb_upload_ring_retire(this%handle, slice%words, ticket%words), stat, errmsg)
  end procedure upload_retire

  module procedure upload_retire_all
    call report(pmb_upload_ring_retire_all(this%handle, ticket%words), stat, errmsg)
  end procedure upload_retire_all

  module procedure upload_retire_issued
    call report(pmb_upload_ring_retire_issued(this%handle), stat, errmsg)
  end procedure upload_retire_issued

  module procedure upload_drain
    call report(pmb_upload_ring_drain(this%handle, timeout_ns), stat, errmsg)
  end procedure upload_drain

  module procedure upload_stats
    stats%struct_bytes = c_sizeof(stats)
    call report(pmb_upload_ring_stats(this%handle, c_loc(stats)), stat, errmsg)
  end procedure upload_stats

  module procedure slice_raw_bytes
    bytes = pmb_slice_raw_bytes(this%words)
  end procedure slice_raw_bytes

  module procedure slice_buffer
    buffer = pmb_slice_buffer(this%words)
  end procedure slice_buffer

  module procedure slice_offset_bytes
    bytes = pmb_slice_offset_bytes(this%words)
  end procedure slice_offset_bytes

  module procedure slice_size_bytes
    bytes = pmb_slice_size_bytes(this%words)
  end procedure slice_size_bytes

  module procedure slice_is_live
    live = pmb_slice_is_live(this%words)
  end procedure slice_is_live

  module procedure slice_copy_from
    type(c_ptr) :: first
    integer(c_int64_t) :: bytes
    integer(c_int32_t) :: status
    call locate(data, first=first, bytes=bytes, status=status)
    if (status == pmb_ok) status = pmb_slice_copy_from(this%words, given_bytes(offset_bytes), first, bytes)
    call report(status, stat, errmsg)
  end procedure slice_copy_from
end submodule upload_ring
