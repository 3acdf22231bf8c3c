! SPDX-License-Identifier: MIT
! Persistent buffers under each access and model: components, in place, and what the GPU wrote.
program buffers
  use, intrinsic :: iso_c_binding, only: c_associated, c_f_pointer
  use, intrinsic :: iso_fortran_env, only: int32, int64
  use gpu_persistent_buffers
  use checks
  implicit none

  integer, parameter :: count = 1024
  integer(int64), parameter :: bytes = 4 * count
  type(pmb_context) :: context
  integer(int32) :: numbers(count)
  integer :: i

  call open_context(context)
  call need(len(context%renderer()) > 0, "the context names its renderer")
  numbers = [(i, i = 1, count)]
  call components()
  call in_place(pmb_model_coherent)
  call in_place(pmb_model_explicit_flush)
  call written_by_gpu(pmb_model_coherent)
  call written_by_gpu(pmb_model_explicit_flush)

contains

  subroutine components()
    type(persistent_buffer) :: buffer
    call need(.not. buffer%is_mapped .and. .not. c_associated(buffer%c_handle()), "an unset buffer is empty")
    call create_persistent_buffer(buffer, context, bytes, model=pmb_model_coherent, label="numbers", prefault=.true.)
    call need(buffer%gl_buffer > 0 .and. c_associated(buffer%cpu_ptr) .and. buffer%size == bytes, &
              "create sets the components")
    call need(buffer%is_mapped .and. buffer%is_coherent, "the buffer is mapped and coherent")
    call create_persistent_buffer(buffer, context, 2 * bytes, model=pmb_model_explicit_flush)
    call need(buffer%size == 2 * bytes .and. .not. buffer%is_coherent, "create replaces the buffer")
    call destroy_persistent_buffer(buffer)
    call need(.not. buffer%is_mapped .and. .not. c_associated(buffer%cpu_ptr), "destroy clears the components")
    call need(buffer%gl_buffer == 0 .and. buffer%size == 0 .and. .not. buffer%is_coherent, "destroy clears the rest")
    call destroy_persistent_buffer(buffer)
  end subroutine components

  ! The CPU writes through a pointer; a copy by the GPU sees the bytes.
  subroutine in_place(model)
    integer, intent(in) :: model
    type(persistent_buffer) :: buffer
    integer(int32), pointer :: mapped(:)
    integer(int32) :: seen(count)
    call create_persistent_buffer(buffer, context, bytes, model=model)
    call c_f_pointer(buffer%cpu_ptr, mapped, [count])
    mapped = numbers
    call flush_persistent_buffer(buffer)
    call context%download(buffer%gl_buffer, seen)
    call need(all(seen == numbers), "the GPU sees numbers written in place")
    mapped(101:200) = -1
    call flush_persistent_buffer(buffer, 400_int64, 400_int64)
    call context%download(buffer%gl_buffer, seen)
    call need(all(seen(101:200) == -1) .and. seen(100) == 100 .and. seen(201) == 201, &
              "the GPU sees a part written in place")
    mapped(1001:) = -2
    call flush_persistent_buffer(buffer, 4000_int64)
    call context%download(buffer%gl_buffer, seen)
    call need(all(seen(1001:) == -2), "a flush without a size reaches the end")
  end subroutine in_place

  subroutine written_by_gpu(model)
    integer, intent(in) :: model
    type(persistent_buffer) :: source, buffer
    type(pmb_ticket) :: ticket
    integer(int32), pointer :: mapped(:)
    integer(int32) :: seen(count)
    integer :: stat
    call create_persistent_buffer(buffer, context, bytes, access=pmb_access_read, model=model)
    call context%upload(buffer%gl_buffer, numbers)
    call read_persistent_buffer(buffer, seen, after=ticket, stat=stat)
    call need(stat /= pmb_ok, "a read needs a ticket")
    call wait_for_gpu(context, ticket)
    call need(ticket%passed(), "a ticket passes")
    seen = 0
    call read_persistent_buffer(buffer, seen, after=ticket)
    call need(all(seen == numbers), "a read copies what the GPU wrote")
    call c_f_pointer(buffer%cpu_ptr, mapped, [count])
    call need(all(mapped == numbers), "a pointer reads what the GPU wrote")
    call write_persistent_buffer(buffer, numbers, stat=stat)
    call need(stat == pmb_refused, "a buffer for reading refuses a write")
    call create_persistent_buffer(source, context, bytes)
    call read_persistent_buffer(source, seen, after=ticket, stat=stat)
    call need(stat == pmb_refused, "a buffer for writing refuses a read")
  end subroutine written_by_gpu
end program buffers
