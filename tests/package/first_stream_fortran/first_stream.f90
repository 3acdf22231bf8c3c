! SPDX-License-Identifier: MIT
! A user's first program in Fortran: numbers go to the GPU through one ring and return through another.
program first_stream
  use, intrinsic :: iso_fortran_env, only: int64
  use gpu_persistent_buffers
  implicit none
  type(pmb_context) :: context
  type(pmb_upload_ring) :: up
  type(pmb_readback_ring) :: down
  type(pmb_slice) :: slice
  type(pmb_pending_readback) :: pending
  type(pmb_ticket) :: ticket
  character(len=400) :: sentence
  integer :: sent(4) = [1, 2, 3, 4], received(4) = 0, stat, required

  call context%create_headless(stat=stat, errmsg=sentence)
  if (stat /= pmb_ok) then
    call get_environment_variable("PMB_REQUIRE_GL", length=required)
    if (required > 0) error stop trim(sentence)
    stop
  end if
  call up%create(context, 4096_int64)
  call down%create(context, 4096_int64)
  call up%acquire(slice, 16_int64)
  call slice%copy_from(sent)
  call up%publish(slice)
  call down%request(pending, slice%buffer(), 16_int64, slice%offset_bytes())
  call context%mark(ticket)
  call pending%copy_to(received, 60 * pmb_second)
  if (any(received /= sent)) error stop "other numbers returned"
  print '(a)', "the numbers returned"
end program first_stream
