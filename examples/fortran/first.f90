! SPDX-License-Identifier: MIT
! The first program of docs/install.md: numbers go into a GL buffer, and come back.
program first
  use, intrinsic :: iso_fortran_env, only: int64
  use gpu_persistent_buffers
  implicit none
  type(pmb_context) :: context
  type(pmb_upload_ring) :: ring
  type(pmb_slice) :: slice
  type(pmb_ticket) :: ticket
  real :: numbers(4) = [1, 2, 3, 4], back(4) = 0

  call context%create_headless()                   ! no window; the first GPU, or else the CPU
  call ring%create(context, 8 * 1024_int64**2)
  call ring%acquire(slice, 16_int64)               ! reserve memory that CPU and GPU share
  call slice%copy_from(numbers)                    ! or write in place, through raw_bytes()
  call ring%publish(slice)                         ! make the bytes visible to the GPU
  call context%download(slice%buffer(), back, slice%offset_bytes())
  call context%mark(ticket)
  call ring%retire(slice, ticket)                  ! reusable once the GPU has passed the mark
  print '(4f4.1)', back
  if (any(abs(back - numbers) > 0)) error stop "other numbers returned"
end program first
