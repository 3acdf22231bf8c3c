! SPDX-License-Identifier: MIT
! A program opens its current GL context with a loader of its own. This one counts the flushes that reach GL.
module counting_loader
  use, intrinsic :: iso_c_binding
  implicit none
  private
  public :: counting, flushes, flushed_offset, flushed_bytes

  integer :: flushes = 0
  integer(c_intptr_t) :: flushed_offset = 0, flushed_bytes = 0

  interface
    subroutine flush_named(buffer, offset, length) bind(C)
      import :: c_int, c_intptr_t
      integer(c_int), value :: buffer
      integer(c_intptr_t), value :: offset, length
    end subroutine flush_named

    subroutine flush_bound(target, offset, length) bind(C)
      import :: c_int, c_intptr_t
      integer(c_int), value :: target
      integer(c_intptr_t), value :: offset, length
    end subroutine flush_bound

    function pmb_headless_context_loader(name) bind(C) result(address)
      import :: c_char, c_funptr
      character(kind=c_char), intent(in) :: name(*)
      type(c_funptr) :: address
    end function pmb_headless_context_loader
  end interface

  procedure(flush_named), pointer :: driver_named => null()
  procedure(flush_bound), pointer :: driver_bound => null()

contains

  ! As eglGetProcAddress.
  function counting(name) bind(C) result(address)
    character(kind=c_char), intent(in) :: name(*)
    type(c_funptr) :: address
    address = pmb_headless_context_loader(name)
    if (is(name, "glFlushMappedNamedBufferRange")) then
      call c_f_procpointer(address, driver_named)
      address = c_funloc(count_named)
    else if (is(name, "glFlushMappedBufferRange")) then
      call c_f_procpointer(address, driver_bound)
      address = c_funloc(count_bound)
    end if
  end function counting

  function is(name, string)
    character(kind=c_char), intent(in) :: name(*)
    character(len=*), intent(in) :: string
    logical :: is
    integer :: i
    is = .false.
    do i = 1, len(string)
      if (name(i) /= string(i:i)) return
    end do
    is = name(len(string) + 1) == c_null_char
  end function is

  subroutine count(offset, length)
    integer(c_intptr_t), intent(in) :: offset, length
    flushes = flushes + 1
    flushed_offset = offset
    flushed_bytes = length
  end subroutine count

  subroutine count_named(buffer, offset, length) bind(C)
    integer(c_int), value :: buffer
    integer(c_intptr_t), value :: offset, length
    call count(offset, length)
    call driver_named(buffer, offset, length)
  end subroutine count_named

  subroutine count_bound(target, offset, length) bind(C)
    integer(c_int), value :: target
    integer(c_intptr_t), value :: offset, length
    call count(offset, length)
    call driver_bound(target, offset, length)
  end subroutine count_bound
end module counting_loader

program main
  use, intrinsic :: iso_c_binding, only: c_funloc, c_funptr
  use, intrinsic :: iso_fortran_env, only: int64
  use checks
  use counting_loader
  use gpu_persistent_buffers
  implicit none

  integer(int64), parameter :: bytes = 4096
  integer :: numbers(16) = 1
  type(pmb_context) :: headless, context
  type(persistent_buffer) :: buffer
  type(c_funptr) :: loader

  call open_context(headless)
  loader = c_funloc(counting)
  call context%from_current(loader)
  call create_persistent_buffer(buffer, context, bytes, model=pmb_model_explicit_flush)
  call write_persistent_buffer(buffer, numbers, 128_int64)
  call need(flushes == 1 .and. flushed(128_int64, 64_int64), "a write flushes its bytes")
  call flush_persistent_buffer(buffer, 256_int64, 512_int64)
  call need(flushes == 2 .and. flushed(256_int64, 512_int64), "a flush has its range")
  call flush_persistent_buffer(buffer, 1024_int64)
  call need(flushes == 3 .and. flushed(1024_int64, bytes - 1024), "without a size, a flush reaches the end")
  call flush_persistent_buffer(buffer)
  call need(flushes == 4 .and. flushed(0_int64, bytes), "without a range, a flush is of the whole buffer")
  call create_persistent_buffer(buffer, context, bytes, model=pmb_model_coherent)
  call flush_persistent_buffer(buffer)
  call need(flushes == 4, "coherent buffers are not flushed")

contains

  function flushed(offset, length)
    integer(int64), intent(in) :: offset, length
    logical :: flushed
    flushed = flushed_offset == offset .and. flushed_bytes == length
  end function flushed
end program main
