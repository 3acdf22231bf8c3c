! SPDX-License-Identifier: MIT
! Persistent buffers: pmb_mapped_buffer, with its facts in components.
submodule (gpu_persistent_buffers) persistent_buffer_calls
  use, intrinsic :: iso_c_binding, only: c_char, c_sizeof
  use gpu_persistent_buffers_c
  implicit none
contains

  module procedure create_persistent_buffer
    type(c_mapped_buffer_options) :: options
    character(kind=c_char), allocatable, target :: text(:)
    integer(c_int32_t) :: status
    options%struct_bytes = c_sizeof(options)
    options%size_bytes = size
    options%access = given_choice(access)
    options%model = given_choice(model)
    options%prefault = given_flag(prefault)
    call to_c(label, text, options%label)
    status = pmb_mapped_buffer_destroy(buffer%handle)
    ! The buffer lives on then, and the variable must keep it.
    if (status /= pmb_wrong_context) status = pmb_mapped_buffer_create(context%handle, options, buffer%handle)
    call describe(buffer)
    call report(status, stat, errmsg)
  end procedure create_persistent_buffer

  module procedure write_persistent_buffer
    type(c_ptr) :: first
    integer(c_int64_t) :: bytes
    integer(c_int32_t) :: status
    call locate(data, size, first, bytes, status)
    if (status == pmb_ok) status = pmb_mapped_buffer_write(buffer%handle, given_bytes(offset), first, bytes)
    if (status == pmb_stale_handle) call describe(buffer)
    call report(status, stat, errmsg)
  end procedure write_persistent_buffer

  module procedure read_persistent_buffer
    type(c_ptr) :: first
    integer(c_int64_t) :: bytes
    integer(c_int32_t) :: status
    call locate(data, size, first, bytes, status)
    if (status == pmb_ok) status = pmb_mapped_buffer_read(buffer%handle, given_bytes(offset), first, bytes, after%words)
    if (status == pmb_stale_handle) call describe(buffer)
    call report(status, stat, errmsg)
  end procedure read_persistent_buffer

  module procedure flush_persistent_buffer
    integer(c_int64_t) :: bytes
    integer(c_int32_t) :: status
    bytes = max(0_int64, buffer%size - given_bytes(offset))
    if (present(size)) bytes = size
    status = pmb_mapped_buffer_flush(buffer%handle, given_bytes(offset), bytes)
    if (status == pmb_stale_handle) call describe(buffer)
    call report(status, stat, errmsg)
  end procedure flush_persistent_buffer

  module procedure destroy_persistent_buffer
    integer(c_int32_t) :: status
    status = pmb_mapped_buffer_destroy(buffer%handle)
    call describe(buffer)
    call report(status, stat, errmsg)
  end procedure destroy_persistent_buffer

  ! Elsewhere than where its context is current, this leaves the buffer to the context.
  module procedure buffer_final
    integer :: ignored
    call destroy_persistent_buffer(buffer, stat=ignored)
  end procedure buffer_final

  subroutine describe(buffer)
    type(persistent_buffer), intent(inout) :: buffer
    type(c_plan) :: plan
    buffer%gl_buffer = pmb_mapped_buffer_buffer(buffer%handle)
    buffer%cpu_ptr = pmb_mapped_buffer_raw_bytes(buffer%handle)
    buffer%size = pmb_mapped_buffer_size_bytes(buffer%handle)
    buffer%is_mapped = pmb_mapped_buffer_is_mapped(buffer%handle)
    plan%struct_bytes = c_sizeof(plan)
    buffer%is_coherent = .false.
    if (buffer%is_mapped) buffer%is_coherent = pmb_mapped_buffer_plan(buffer%handle, plan) == pmb_ok &
                                               .and. plan%model == pmb_model_coherent
  end subroutine describe
end submodule persistent_buffer_calls
