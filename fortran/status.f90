! SPDX-License-Identifier: MIT
! What calls have in common: how they end, where their arrays lie, and who owns an object.
submodule (gpu_persistent_buffers) status
  use gpu_persistent_buffers_c, only: array_bytes, from_c, pmb_last_error_message
  implicit none
contains

  module procedure report
    character(len=:), allocatable :: sentence
    integer :: code
    code = status
    if (status == array_too_short) code = pmb_invalid_argument
    if (present(stat)) stat = code
    if (code == pmb_ok) return
    if (status == array_too_short) then
      sentence = "the array has fewer bytes than the call needs, or has an assumed size: pass all of it, and its size"
    else
      sentence = from_c(pmb_last_error_message())
    end if
    if (present(errmsg)) errmsg = sentence
    if (.not. present(stat)) error stop sentence
  end procedure report

  module procedure locate
    integer(c_int64_t) :: whole
    call array_bytes(data, first, whole)
    bytes = whole
    if (present(wanted)) bytes = wanted
    status = pmb_ok
    if (whole < bytes .and. whole >= 0 .or. whole < 0 .and. .not. present(wanted)) status = array_too_short
  end procedure locate

  module procedure c_handle
    handle = this%handle
  end procedure c_handle

  module procedure refuse_copy
    associate (unused => left, same => right)
    end associate
    error stop "an object of gpu_persistent_buffers cannot be assigned: pass it as an argument, or point to it"
  end procedure refuse_copy
end submodule status
