! SPDX-License-Identifier: MIT
! Contexts, their timeline, and transfers.
submodule (gpu_persistent_buffers) context
  use, intrinsic :: iso_c_binding, only: c_associated, c_bool, c_char, c_funloc, c_sizeof
  use gpu_persistent_buffers_c
  implicit none
contains

  module procedure context_create_headless
    type(c_headless_options) :: options
    character(kind=c_char), allocatable, target :: name(:)
    type(c_funptr) :: loader
    integer(c_int32_t) :: status
    call this%destroy()
    options%struct_bytes = c_sizeof(options)
    call to_c(gpu_name, name, options%gpu_name)
    options%software = given_flag(software)
    status = pmb_headless_context_create(options, this%headless)
    if (status == pmb_ok) status = pmb_headless_context_make_current(this%headless)
    ! In an expression, gfortran 12 makes a constant of the address, which shared libraries cannot relocate.
    loader = c_funloc(pmb_headless_context_loader)
    if (status == pmb_ok) status = open(this, loader, timeout_ns, from_environment)
    if (status /= pmb_ok) call pmb_headless_context_destroy(this%headless)
    call report(status, stat, errmsg)
  end procedure context_create_headless

  module procedure context_from_current
    call this%destroy()
    call report(open(this, loader, timeout_ns, from_environment), stat, errmsg)
  end procedure context_from_current

  function open(this, loader, timeout_ns, from_environment) result(status)
    class(pmb_context), intent(inout) :: this
    type(c_funptr), intent(in) :: loader
    integer(int64), intent(in), optional :: timeout_ns
    logical, intent(in), optional :: from_environment
    integer(c_int32_t) :: status
    type(c_options) :: options
    options%struct_bytes = c_sizeof(options)
    options%timeout_ns = given_bytes(timeout_ns)
    options%from_environment = given_flag(from_environment)
    status = pmb_context_from_current(loader, options, this%handle)
  end function open

  module procedure context_make_current
    call report(pmb_headless_context_make_current(this%headless), stat, errmsg)
  end procedure context_make_current

  module procedure context_destroy
    call pmb_context_destroy(this%handle)
    call pmb_headless_context_destroy(this%headless)
  end procedure context_destroy

  module procedure context_final
    call context%destroy()
  end procedure context_final

  module procedure context_renderer
    type(c_driver) :: driver
    driver%struct_bytes = c_sizeof(driver)
    name = ""
    if (pmb_context_driver(this%handle, driver) == pmb_ok) name = from_c(driver%renderer)
  end procedure context_renderer

  module procedure context_mark
    call report(pmb_timeline_mark(this%handle, ticket%words), stat, errmsg)
  end procedure context_mark

  module procedure context_poll
    call report(pmb_timeline_poll(this%handle), stat, errmsg)
  end procedure context_poll

  module procedure ticket_passed
    passed = pmb_ticket_passed(this%words)
  end procedure ticket_passed

  module procedure ticket_wait
    call report(pmb_ticket_wait(this%words, timeout_ns), stat, errmsg)
  end procedure ticket_wait

  module procedure context_upload
    type(c_ptr) :: first
    integer(c_int64_t) :: bytes
    integer(c_int32_t) :: status
    call locate(data, size_bytes, first, bytes, status)
    if (status == pmb_ok) &
      status = pmb_upload(this%handle, c_buffer_target(buffer), given_bytes(offset_bytes), first, bytes)
    call report(status, stat, errmsg)
  end procedure context_upload

  module procedure context_download
    type(c_ptr) :: first
    integer(c_int64_t) :: bytes
    integer(c_int32_t) :: status
    call locate(data, size_bytes, first, bytes, status)
    if (status == pmb_ok) &
      status = pmb_download(this%handle, c_buffer_target(buffer), given_bytes(offset_bytes), first, bytes)
    call report(status, stat, errmsg)
  end procedure context_download

  module procedure context_download_async
    call report(pmb_download_async(this%handle, c_buffer_target(buffer), given_bytes(offset_bytes), size_bytes, &
                                   pending%words), stat, errmsg)
  end procedure context_download_async
end submodule context
