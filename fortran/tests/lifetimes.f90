! SPDX-License-Identifier: MIT
! Objects are destroyed when they go out of scope, and when create replaces them.
program lifetimes
  use, intrinsic :: iso_c_binding, only: c_int64_t, c_ptr
  use, intrinsic :: iso_fortran_env, only: int64
  use gpu_persistent_buffers
  use checks
  implicit none

  interface
    function pmb_context_mapped_bytes(context) bind(C)
      import :: c_int64_t, c_ptr
      type(c_ptr), value :: context
      integer(c_int64_t) :: pmb_context_mapped_bytes
    end function pmb_context_mapped_bytes
  end interface

  integer(int64), parameter :: bytes = 65536
  type(pmb_context) :: context

  call open_context(context)
  call need(mapped() == 0, "a new context maps nothing")
  call scalars()
  call need(mapped() == 0, "buffers and rings end with their scope")
  call arrays()
  call need(mapped() == 0, "arrays and allocatable buffers end with their scope")
  call contexts()

contains

  function mapped()
    integer(int64) :: mapped
    mapped = pmb_context_mapped_bytes(context%c_handle())
  end function mapped

  subroutine scalars()
    type(persistent_buffer) :: buffer
    type(pmb_upload_ring) :: up
    type(pmb_readback_ring) :: down
    integer :: i
    do i = 1, 3
      call create_persistent_buffer(buffer, context, bytes)
      call up%create(context, bytes)
      call down%create(context, bytes)
      call need(mapped() == 3 * bytes, "create replaces buffers and rings")
    end do
  end subroutine scalars

  subroutine arrays()
    type(persistent_buffer) :: buffers(2, 2)
    type(persistent_buffer), allocatable :: buffer
    type(pmb_upload_ring), allocatable :: rings(:)
    integer :: i
    allocate(buffer, rings(2))
    call create_persistent_buffer(buffer, context, bytes)
    do i = 1, 2
      call create_persistent_buffer(buffers(i, i), context, bytes)
      call rings(i)%create(context, bytes)
    end do
    call need(mapped() == 5 * bytes, "each element owns its buffer")
    deallocate(rings)
    call need(mapped() == 3 * bytes, "deallocate destroys")
  end subroutine arrays

  subroutine contexts()
    integer :: i
    do i = 1, 3
      call make_one()
    end do
    call context%make_current()
  end subroutine contexts

  subroutine make_one()
    type(pmb_context) :: local
    type(persistent_buffer) :: buffer
    call open_context(local)
    call create_persistent_buffer(buffer, local, bytes)
    call need(buffer%is_mapped, "a second context works")
  end subroutine make_one
end program lifetimes
