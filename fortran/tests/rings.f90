! SPDX-License-Identifier: MIT
! Streams through upload and readback rings: every byte that went up comes down, while both rings wrap many times.
program rings
  use, intrinsic :: iso_c_binding, only: c_associated, c_f_pointer
  use, intrinsic :: iso_fortran_env, only: int8, int64
  use gpu_persistent_buffers
  use checks
  implicit none

  integer, parameter :: count = 256
  integer(int64), parameter :: bytes = count, capacity = 4 * bytes
  type(pmb_context) :: context

  call open_context(context)
  call stream()
  call slices()
  call readbacks()
  call full_ring()

contains

  subroutine stream()
    type(pmb_upload_ring) :: up
    type(pmb_readback_ring) :: down
    type(pmb_slice) :: slice
    type(pmb_pending_readback) :: pending
    type(pmb_ticket) :: ticket
    type(pmb_read_view) :: view
    type(pmb_ring_stats) :: stats
    integer(int8), pointer :: mapped(:), arrived(:)
    integer :: step
    call up%create(context, capacity, timeout_ns=10 * pmb_second, label="up")
    call down%create(context, capacity, label="down")
    do step = 1, 100
      call up%acquire(slice, bytes)
      call c_f_pointer(slice%raw_bytes(), mapped, [count])
      mapped = pattern(count, step)
      call up%publish(slice)
      call down%request(pending, slice%buffer(), bytes, slice%offset_bytes())
      call context%mark(ticket)
      call up%retire(slice, ticket)
      call pending%wait(view, 10 * pmb_second)
      call need(view%size_bytes == bytes, "a view has the size of its request")
      call c_f_pointer(view%bytes, arrived, [count])
      call need(all(arrived == pattern(count, step)), "the bytes of each step arrive")
      call pending%release()
      call need(.not. slice%is_live() .and. .not. pending%is_live(), &
                "retired slices and released readbacks are not live")
    end do
    call up%drain(pmb_ring_timeout)
    call down%drain(10 * pmb_second)
    call up%stats(stats)
    call need(stats%acquired == 100 .and. stats%live_slices == 0 .and. stats%capacity_bytes == capacity, &
              "an upload ring counts")
    call down%stats(stats)
    call need(stats%acquired == 100 .and. stats%live_slices == 0, "a readback ring counts")
  end subroutine stream

  subroutine slices()
    type(pmb_upload_ring) :: ring
    type(pmb_slice) :: slice, other
    type(pmb_ticket) :: ticket
    integer(int8) :: seen(count)
    integer :: stat
    call ring%create(context, capacity, max_capacity_bytes=2 * capacity, model=pmb_model_explicit_flush)
    call ring%acquire(slice, bytes, alignment=128_int64)
    call slice%copy_from(pattern(128, 1))
    call slice%copy_from(pattern(64, 2), 128_int64)
    call slice%copy_from(pattern(2, 3), bytes - 1, stat=stat)
    call need(stat == pmb_invalid_argument, "copy_from refuses what does not fit")
    call ring%publish(slice, 192_int64)
    call need(slice%size_bytes() == 192 .and. modulo(slice%offset_bytes(), 128_int64) == 0, &
              "a slice knows its size and place")
    call need(.not. c_associated(slice%raw_bytes()), "a published slice is not written any more")
    call context%download(slice%buffer(), seen, slice%offset_bytes(), 192_int64)
    call need(all(seen(:192) == [pattern(128, 1), pattern(64, 2)]), "the bytes of copy_from arrive")

    call ring%try_acquire(other, bytes)
    call ring%cancel(other)
    call need(.not. other%is_live(), "a cancelled slice is not live")
    call ring%publish(other, stat=stat)
    call need(stat == pmb_stale_handle, "a cancelled slice is stale")
    call context%mark(ticket)
    call ring%retire_all(ticket)
    call need(.not. slice%is_live(), "retire_all retires published slices")
    call ring%acquire(slice, bytes)
    call ring%publish(slice)
    call ring%retire_issued()
    call need(.not. slice%is_live(), "retire_issued retires published slices")
    call ring%destroy()
    call need(slice%size_bytes() == 0, "slices of a destroyed ring are stale")
  end subroutine slices

  subroutine readbacks()
    type(persistent_buffer) :: source
    type(pmb_readback_ring) :: ring
    type(pmb_pending_readback) :: pending
    type(pmb_ticket) :: ticket
    type(pmb_read_view) :: view
    integer(int8) :: seen(count)
    integer :: stat
    call create_persistent_buffer(source, context, capacity)
    call write_persistent_buffer(source, pattern(count, 4), bytes)
    call ring%create(context, capacity)
    call ring%request(pending, source%gl_buffer, bytes, bytes)
    call pending%try_view(view, stat)
    call need(stat == pmb_would_block, "a readback arrives after the next mark")
    call context%mark(ticket)
    ticket = pending%ticket()
    call ticket%wait(10 * pmb_second)
    call pending%try_view(view)
    call need(view%size_bytes == bytes, "a readback arrives")
    seen = 0
    call pending%copy_to(seen, 10 * pmb_second)
    call need(all(seen == pattern(count, 4)), "copy_to copies the bytes")
    call need(.not. pending%is_live(), "copy_to releases the readback")

    call ring%acquire(pending, bytes, alignment=64_int64)
    call context%upload(pending%buffer(), pattern(count, 5), pending%offset_bytes(), pending%size_bytes())
    call context%mark(ticket)
    call pending%copy_to(seen, 10 * pmb_second)
    call need(all(seen == pattern(count, 5)), "commands write into a readback directly")

    call context%download_async(pending, source%gl_buffer, bytes, bytes)
    call pending%copy_to(seen, 10 * pmb_second)
    call need(all(seen == pattern(count, 4)), "download_async needs no mark")
  end subroutine readbacks

  subroutine full_ring()
    type(pmb_upload_ring) :: ring
    type(pmb_slice) :: slice
    integer :: stat
    call ring%create(context, bytes)
    call ring%acquire(slice, bytes)
    call ring%try_acquire(slice, bytes, stat=stat)
    call need(stat == pmb_would_block, "a full ring would block")
    call ring%acquire(slice, 2 * bytes, stat=stat)
    call need(stat == pmb_too_large, "a slice larger than its ring is too large")
  end subroutine full_ring
end program rings
