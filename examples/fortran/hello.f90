! SPDX-License-Identifier: MIT
! The samples of docs/fortran.md: numbers go up, a compute shader doubles them, and they come down.
program hello
  use, intrinsic :: iso_c_binding, only: c_f_pointer
  use, intrinsic :: iso_fortran_env, only: int64, real32
  use gl
  use gpu_persistent_buffers
  implicit none

  integer, parameter :: count = 4096, steps = 100
  integer(int64), parameter :: bytes = 4 * count
  character(len=*), parameter :: double = "#version 430" // new_line("a") // &
    "layout(local_size_x = 64) in;" // &
    "layout(std430, binding = 0) readonly buffer Input { float numbers[]; };" // &
    "layout(std430, binding = 1) writeonly buffer Output { float doubled[]; };" // &
    "void main() { doubled[gl_GlobalInvocationID.x] = 2.0 * numbers[gl_GlobalInvocationID.x]; }"
  real(real32) :: numbers(count), doubled(count)
  type(pmb_context) :: context
  integer :: i

  call context%create_headless()          ! no window; the first GPU, or else the CPU
  call use_compute_shader(double)
  numbers = [(real(i, real32), i = 1, count)]
  call one_buffer()
  call stream()
  call transfers()
  call failure()

contains

  subroutine one_buffer()
    type(persistent_buffer) :: input, output
    type(pmb_ticket) :: ticket
    real(real32), pointer, asynchronous :: mapped(:)
    call create_persistent_buffer(input, context, bytes)
    call create_persistent_buffer(output, context, bytes, access=pmb_access_read)
    call write_persistent_buffer(input, numbers)      ! commands issued from now on see the numbers
    call gl_bind_buffer_base(gl_shader_storage_buffer, 0, input%gl_buffer)
    call gl_bind_buffer_base(gl_shader_storage_buffer, 1, output%gl_buffer)
    call gl_dispatch_compute(count / 64, 1, 1)
    call context%mark(ticket)                         ! a fence after those commands
    call ticket%wait(10 * pmb_second)
    call read_persistent_buffer(output, doubled, after=ticket)

    call c_f_pointer(output%cpu_ptr, mapped, [count]) ! or in place
    if (any(abs(mapped - 2 * numbers) > 0)) error stop "the buffer has other numbers"
    if (any(abs(doubled - mapped) > 0)) error stop "the array has other numbers"
  end subroutine one_buffer

  subroutine stream()
    type(pmb_upload_ring) :: uploads
    type(pmb_readback_ring) :: readbacks
    type(pmb_slice) :: slice
    type(pmb_pending_readback) :: pending
    type(pmb_ticket) :: ticket
    type(pmb_read_view) :: view
    real(real32), pointer, asynchronous :: mapped(:), arrived(:)
    integer :: step
    call uploads%create(context, 16 * bytes)
    call readbacks%create(context, 16 * bytes)
    do step = 1, steps
      call uploads%acquire(slice, bytes)                 ! reserve memory that CPU and GPU share
      call c_f_pointer(slice%raw_bytes(), mapped, [count])
      mapped = numbers + step                            ! write in place
      call uploads%publish(slice)                        ! make the bytes visible to the GPU
      call gl_bind_buffer_range(gl_shader_storage_buffer, 0, slice%buffer(), slice%offset_bytes(), bytes)
      call readbacks%acquire(pending, bytes)             ! memory for the results
      call gl_bind_buffer_range(gl_shader_storage_buffer, 1, pending%buffer(), pending%offset_bytes(), bytes)
      call gl_dispatch_compute(count / 64, 1, 1)
      call context%mark(ticket)                          ! a fence after those commands
      call uploads%retire(slice, ticket)                 ! reusable once the GPU has passed it
      call pending%wait(view, 10 * pmb_second)
      call c_f_pointer(view%bytes, arrived, [count])     ! read in place
      if (any(abs(arrived - 2 * (numbers + step)) > 0)) error stop "the stream has other numbers"
      call pending%release()
    end do
  end subroutine stream

  subroutine transfers()
    type(persistent_buffer) :: buffer
    type(pmb_pending_readback) :: pending
    integer :: name
    call create_persistent_buffer(buffer, context, bytes)
    name = buffer%gl_buffer                               ! any GL buffer
    call context%upload(name, numbers)                    ! instead of glBufferSubData
    call context%download(name, doubled)                  ! instead of glGetBufferSubData
    if (any(abs(doubled - numbers) > 0)) error stop "the buffer has other numbers"
    call context%download_async(pending, name, bytes)     ! without a wait
    call pending%copy_to(doubled, 10 * pmb_second)
    if (any(abs(doubled - numbers) > 0)) error stop "the readback has other numbers"
  end subroutine transfers

  subroutine failure()
    type(pmb_upload_ring) :: ring
    type(pmb_slice) :: slice
    character(len=200) :: sentence
    integer :: stat
    call ring%create(context, 4096_int64)
    call ring%acquire(slice, 8192_int64, stat=stat, errmsg=sentence)
    if (stat /= pmb_ok) print '(a)', trim(sentence)   ! a slice of 8192 bytes can never fit into this ring of 4096; …
    if (stat /= pmb_too_large) error stop "the slice fits"
  end subroutine failure
end program hello
