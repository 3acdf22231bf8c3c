! SPDX-License-Identifier: MIT
! stat and errmsg, misuse, and the constants of pmb.h.
program errors
  use, intrinsic :: iso_c_binding, only: c_char, c_f_pointer, c_int32_t, c_null_funptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: int8, int64
  use gpu_persistent_buffers
  use checks
  implicit none

  interface
    function pmb_status_name(status) bind(C)
      import :: c_int32_t, c_ptr
      integer(c_int32_t), value :: status
      type(c_ptr) :: pmb_status_name
    end function pmb_status_name

    function pmb_access_name(access) bind(C)
      import :: c_int32_t, c_ptr
      integer(c_int32_t), value :: access
      type(c_ptr) :: pmb_access_name
    end function pmb_access_name

    function pmb_model_name(model) bind(C)
      import :: c_int32_t, c_ptr
      integer(c_int32_t), value :: model
      type(c_ptr) :: pmb_model_name
    end function pmb_model_name
  end interface

  integer(int64), parameter :: bytes = 4096
  type(pmb_context) :: context

  call constants()
  call without_a_context()
  call open_context(context)
  call outcomes()
  call empty_objects()
  call wrong_numbers()
  call inert_objects()

contains

  subroutine constants()
    integer, parameter :: statuses(16) = [pmb_ok, pmb_would_block, pmb_timed_out, pmb_unsupported, pmb_out_of_memory, &
      pmb_too_large, pmb_map_failed, pmb_data_lost, pmb_context_lost, pmb_fence_failed, pmb_wait_failed, &
      pmb_invalid_argument, pmb_wrong_context, pmb_stale_handle, pmb_refused, pmb_gl_error]
    character(len=16), parameter :: names(16) = [character(len=16) :: "ok", "would_block", "timed_out", "unsupported", &
      "out_of_memory", "too_large", "map_failed", "data_lost", "context_lost", "fence_failed", "wait_failed", &
      "invalid_argument", "wrong_context", "stale_handle", "refused", "gl_error"]
    integer :: i
    do i = 1, size(statuses)
      call need(is(pmb_status_name(statuses(i)), trim(names(i))), "pmb.h calls this status " // names(i))
    end do
    call need(is(pmb_access_name(pmb_access_sequential_write), "sequential write"), &
              "the access sequential_write is that of pmb.h")
    call need(is(pmb_access_name(pmb_access_read), "read"), "the access read is that of pmb.h")
    call need(is(pmb_access_name(pmb_access_bidirectional), "bidirectional"), &
              "the access bidirectional is that of pmb.h")
    call need(is(pmb_model_name(pmb_model_coherent), "coherent"), "the model coherent is that of pmb.h")
    call need(is(pmb_model_name(pmb_model_explicit_flush), "explicit flush"), &
              "the model explicit_flush is that of pmb.h")
  end subroutine constants

  ! Whether a string of C is this one.
  function is(address, string)
    type(c_ptr), intent(in) :: address
    character(len=*), intent(in) :: string
    logical :: is
    character(kind=c_char), pointer :: text(:)
    call c_f_pointer(address, text, [len(string) + 1])
    is = all(transfer(text, [0_int8]) == [transfer(string, [0_int8]), 0_int8])
  end function is

  subroutine without_a_context()
    type(pmb_context) :: none
    integer :: stat
    call none%create_headless(gpu_name="no GPU has this name", stat=stat)
    call need(stat /= pmb_ok .and. none%renderer() == "", "a GPU that does not exist is an error")
    call none%from_current(c_null_funptr, stat=stat)
    call need(stat == pmb_invalid_argument, "a loader is needed")
    call none%make_current(stat)
    call need(stat == pmb_invalid_argument, "an empty context cannot be made current")
    call none%destroy()
  end subroutine without_a_context

  subroutine outcomes()
    type(persistent_buffer) :: buffer
    character(len=400) :: message
    character(len=5) :: short
    integer :: stat
    message = "as before"
    stat = 99
    call create_persistent_buffer(buffer, context, bytes, stat=stat, errmsg=message)
    call need(stat == 0 .and. message == "as before", "success sets stat to 0 and leaves errmsg")
    call write_persistent_buffer(buffer, [1, 2, 3], bytes, stat=stat, errmsg=message)
    call need(stat == pmb_invalid_argument .and. index(message, "4096") > 0, "a failure sets stat and errmsg")
    call write_persistent_buffer(buffer, [1, 2, 3], bytes, stat=stat, errmsg=short)
    call need(short == message(:5), "a short errmsg has the beginning of the sentence")
    call write_persistent_buffer(buffer, [1, 2, 3], size=13_int64, stat=stat, errmsg=message)
    call need(stat == pmb_invalid_argument .and. index(message, "array") > 0, "a size beyond the array is an error")
  end subroutine outcomes

  subroutine empty_objects()
    type(persistent_buffer) :: buffer
    type(pmb_upload_ring) :: up
    type(pmb_readback_ring) :: down
    type(pmb_slice) :: slice
    type(pmb_pending_readback) :: pending
    type(pmb_ticket) :: ticket
    type(pmb_context) :: none
    integer(int8) :: one(1)
    integer :: stat
    call write_persistent_buffer(buffer, one, stat=stat)
    call need(stat == pmb_invalid_argument, "a buffer that was never created refuses a write")
    call read_persistent_buffer(buffer, one, after=ticket, stat=stat)
    call need(stat == pmb_invalid_argument, "a buffer that was never created refuses a read")
    call flush_persistent_buffer(buffer, stat=stat)
    call need(stat == pmb_invalid_argument, "a buffer that was never created refuses a flush")
    call destroy_persistent_buffer(buffer, stat=stat)
    call need(stat == pmb_ok, "a buffer that was never created may be destroyed")
    call create_persistent_buffer(buffer, none, bytes, stat=stat)
    call need(stat == pmb_invalid_argument .and. .not. buffer%is_mapped, "an empty context makes no buffer")
    call up%acquire(slice, bytes, stat=stat)
    call need(stat == pmb_invalid_argument, "a ring that was never created has no slices")
    call up%publish(slice, stat=stat)
    call need(stat == pmb_invalid_argument, "a ring that was never created publishes nothing")
    call down%request(pending, 1, bytes, stat=stat)
    call need(stat == pmb_invalid_argument, "a ring that was never created reads nothing back")
    call pending%release(stat)
    call need(stat == pmb_stale_handle, "an empty readback is stale")
    call slice%copy_from(one, stat=stat)
    call need(stat == pmb_stale_handle .and. slice%buffer() == 0, "an empty slice is stale")
    call ticket%wait(0_int64, stat)
    call need(stat == pmb_stale_handle .and. .not. ticket%passed(), "an empty ticket is stale")
    call up%destroy()
    call down%destroy()
  end subroutine empty_objects

  subroutine wrong_numbers()
    type(persistent_buffer) :: buffer
    type(pmb_upload_ring) :: ring
    integer :: stat
    call create_persistent_buffer(buffer, context, 0_int64, stat=stat)
    call need(stat == pmb_invalid_argument, "a buffer has at least one byte")
    call create_persistent_buffer(buffer, context, -1_int64, stat=stat)
    call need(stat == pmb_invalid_argument, "a size is not negative")
    call create_persistent_buffer(buffer, context, huge(bytes), stat=stat)
    call need(stat == pmb_too_large .or. stat == pmb_out_of_memory, "a buffer larger than memory is refused")
    call create_persistent_buffer(buffer, context, bytes, access=99, stat=stat)
    call need(stat == pmb_invalid_argument, "an access is one of three")
    call ring%create(context, bytes, model=99, stat=stat)
    call need(stat == pmb_invalid_argument, "a model is one of two")
    call create_persistent_buffer(buffer, context, bytes)
    call flush_persistent_buffer(buffer, bytes + 1, stat=stat)
    call need(stat == pmb_invalid_argument, "a flush starts in the buffer")
    call destroy_persistent_buffer(buffer)
    call destroy_persistent_buffer(buffer, stat)
    call need(stat == pmb_ok, "a buffer may be destroyed twice")
    call write_persistent_buffer(buffer, [1], stat=stat)
    call need(stat == pmb_invalid_argument, "a destroyed buffer refuses a write")
  end subroutine wrong_numbers

  ! Objects outlive their context.
  subroutine inert_objects()
    type(pmb_context) :: short_lived
    type(persistent_buffer) :: buffer
    type(pmb_upload_ring) :: ring
    type(pmb_slice) :: slice
    integer :: stat
    call open_context(short_lived)
    call create_persistent_buffer(buffer, short_lived, bytes)
    call ring%create(short_lived, bytes)
    call context%make_current()
    call destroy_persistent_buffer(buffer, stat)
    call need(stat == pmb_wrong_context .and. buffer%is_mapped, "a buffer stays where its context is not current")
    call create_persistent_buffer(buffer, context, bytes, stat=stat)
    call need(stat == pmb_wrong_context .and. buffer%is_mapped, "create keeps a buffer that it cannot destroy")
    call short_lived%make_current()
    call short_lived%destroy()
    call context%make_current()
    call write_persistent_buffer(buffer, [1], stat=stat)
    call need(stat == pmb_stale_handle .and. .not. buffer%is_mapped, "a buffer without its context is not mapped")
    call ring%acquire(slice, bytes, stat=stat)
    call need(stat == pmb_wrong_context, "a ring without its context is inert")
  end subroutine inert_objects
end program errors
