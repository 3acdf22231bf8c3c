! SPDX-License-Identifier: MIT
! Ends with an error, as its argument says: a failure without stat, or an assignment.
program stops
  use, intrinsic :: iso_fortran_env, only: int64
  use gpu_persistent_buffers
  use checks
  implicit none
  type(pmb_context) :: context
  type(persistent_buffer) :: buffer, other
  type(pmb_upload_ring) :: ring
  type(pmb_slice) :: slice
  character(len=10) :: how

  call get_command_argument(1, how)
  call open_context(context)
  if (how == "assignment") then
    call create_persistent_buffer(buffer, context, 4096_int64)
    other = buffer
  else
    call ring%create(context, 4096_int64)
    call ring%acquire(slice, 8192_int64)
  end if
end program stops
