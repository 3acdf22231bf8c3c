! SPDX-License-Identifier: MIT
! What the module gpu_persistent_buffers calls: functions of pmb.h, under their names, with the structs that they take.
module gpu_persistent_buffers_c
  use, intrinsic :: iso_c_binding
  implicit none

  ! pmb_ticket, pmb_slice and pmb_pending_readback.
  type, bind(C) :: c_words
    integer(c_int64_t) :: words(2) = 0
  end type c_words

  type, bind(C) :: c_options
    integer(c_size_t) :: struct_bytes = 0
    type(c_funptr) :: log = c_null_funptr
    type(c_ptr) :: log_user = c_null_ptr
    type(c_funptr) :: validation = c_null_funptr
    type(c_ptr) :: validation_user = c_null_ptr
    type(c_funptr) :: parallel_for = c_null_funptr
    type(c_ptr) :: parallel_for_user = c_null_ptr
    type(c_funptr) :: current_context = c_null_funptr
    type(c_ptr) :: transfer = c_null_ptr, profile = c_null_ptr, disabled_quirks = c_null_ptr
    integer(c_int64_t) :: memory_limit_bytes = 0, timeout_ns = 0, long_wait_ns = 0, share_group = 0
    integer(c_int32_t) :: copy_threads = 0, model = 0, path = 0
    logical(c_bool) :: bind_to_edit = .false., page_guard = .false., from_environment = .false.
  end type c_options

  type, bind(C) :: c_headless_options
    integer(c_size_t) :: struct_bytes = 0
    type(c_ptr) :: gpu_name = c_null_ptr, share_with = c_null_ptr
    integer(c_int32_t) :: gpu_index = 0, gl_major = 0, gl_minor = 0
    logical(c_bool) :: by_index = .false., software = .false., gles = .false., no_error = .false., not_robust = .false.
    logical(c_bool) :: by_cuda_device = .false.
    integer(c_int32_t) :: cuda_device = 0
  end type c_headless_options

  type, bind(C) :: c_driver
    integer(c_size_t) :: struct_bytes = 0
    type(c_ptr) :: vendor = c_null_ptr, renderer = c_null_ptr, version = c_null_ptr, kind = c_null_ptr
    integer(c_int32_t) :: release(3) = 0
    logical(c_bool) :: mesa = .false., software = .false.
  end type c_driver

  type, bind(C) :: c_plan
    integer(c_size_t) :: struct_bytes = 0
    integer(c_int64_t) :: size_bytes = 0
    integer(c_int32_t) :: access = 0, model = 0, path = 0, gpu_reads = 0, storage_flags = 0, map_flags = 0
    type(c_ptr) :: reasons(6) = c_null_ptr
  end type c_plan

  type, bind(C) :: c_mapped_buffer_options
    integer(c_size_t) :: struct_bytes = 0
    integer(c_int64_t) :: size_bytes = 0
    type(c_ptr) :: label = c_null_ptr
    integer(c_int32_t) :: access = 0, model = 0
    logical(c_bool) :: prefault = .false.
  end type c_mapped_buffer_options

  type, bind(C) :: c_ring_options
    integer(c_size_t) :: struct_bytes = 0
    integer(c_int64_t) :: capacity_bytes = 0, max_capacity_bytes = 0, timeout_ns = 0
    type(c_ptr) :: label = c_null_ptr
    integer(c_int32_t) :: max_slices = 0, model = 0
    logical(c_bool) :: prefault = .false.
  end type c_ring_options

  type, bind(C) :: c_buffer_target
    integer(c_int32_t) :: buffer = 0, opaque = 0
    integer(c_int64_t) :: words(3) = 0
  end type c_buffer_target

  interface
    ! array_bytes.c: where an array lies and how many bytes it has; -1 if its shape does not tell.
    subroutine array_bytes(array, first, bytes) bind(C, name="pmb_fortran_array_bytes")
      import :: c_ptr, c_int64_t
      type(*), dimension(..), intent(in) :: array
      type(c_ptr), intent(out) :: first
      integer(c_int64_t), intent(out) :: bytes
    end subroutine array_bytes

    function strlen(text) bind(C) result(length)
      import :: c_ptr, c_size_t
      type(c_ptr), value :: text
      integer(c_size_t) :: length
    end function strlen

    function pmb_last_error_message() bind(C) result(message)
      import :: c_ptr
      type(c_ptr) :: message
    end function pmb_last_error_message
  end interface

  ! Contexts, timeline, tickets.
  interface
    function pmb_headless_context_create(options, headless) bind(C) result(status)
      import :: c_headless_options, c_int32_t, c_ptr
      type(c_headless_options), intent(in) :: options
      type(c_ptr), intent(inout) :: headless
      integer(c_int32_t) :: status
    end function pmb_headless_context_create

    function pmb_headless_context_make_current(headless) bind(C) result(status)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: headless
      integer(c_int32_t) :: status
    end function pmb_headless_context_make_current

    subroutine pmb_headless_context_destroy(headless) bind(C)
      import :: c_ptr
      type(c_ptr), intent(inout) :: headless
    end subroutine pmb_headless_context_destroy

    function pmb_headless_context_loader(name) bind(C) result(address)
      import :: c_funptr, c_ptr
      type(c_ptr), value :: name
      type(c_funptr) :: address
    end function pmb_headless_context_loader

    function pmb_context_from_current(loader, options, context) bind(C) result(status)
      import :: c_funptr, c_int32_t, c_options, c_ptr
      type(c_funptr), value :: loader
      type(c_options), intent(in) :: options
      type(c_ptr), intent(inout) :: context
      integer(c_int32_t) :: status
    end function pmb_context_from_current

    subroutine pmb_context_destroy(context) bind(C)
      import :: c_ptr
      type(c_ptr), intent(inout) :: context
    end subroutine pmb_context_destroy

    function pmb_context_driver(context, driver) bind(C) result(status)
      import :: c_driver, c_int32_t, c_ptr
      type(c_ptr), value :: context
      type(c_driver), intent(inout) :: driver
      integer(c_int32_t) :: status
    end function pmb_context_driver

    function pmb_timeline_mark(context, ticket) bind(C) result(status)
      import :: c_int32_t, c_ptr, c_words
      type(c_ptr), value :: context
      type(c_words), intent(inout) :: ticket
      integer(c_int32_t) :: status
    end function pmb_timeline_mark

    function pmb_timeline_poll(context) bind(C) result(status)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: context
      integer(c_int32_t) :: status
    end function pmb_timeline_poll

    function pmb_ticket_passed(ticket) bind(C) result(passed)
      import :: c_bool, c_words
      type(c_words), value :: ticket
      logical(c_bool) :: passed
    end function pmb_ticket_passed

    function pmb_ticket_wait(ticket, timeout_ns) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_words
      type(c_words), value :: ticket
      integer(c_int64_t), value :: timeout_ns
      integer(c_int32_t) :: status
    end function pmb_ticket_wait
  end interface

  ! Transfers.
  interface
    function pmb_upload(context, buffer, offset_bytes, bytes, size_bytes) bind(C) result(status)
      import :: c_buffer_target, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: context
      type(c_buffer_target), value :: buffer
      integer(c_int64_t), value :: offset_bytes
      type(c_ptr), value :: bytes
      integer(c_int64_t), value :: size_bytes
      integer(c_int32_t) :: status
    end function pmb_upload

    function pmb_download(context, buffer, offset_bytes, bytes, size_bytes) bind(C) result(status)
      import :: c_buffer_target, c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: context
      type(c_buffer_target), value :: buffer
      integer(c_int64_t), value :: offset_bytes
      type(c_ptr), value :: bytes
      integer(c_int64_t), value :: size_bytes
      integer(c_int32_t) :: status
    end function pmb_download

    function pmb_download_async(context, buffer, offset_bytes, size_bytes, pending) bind(C) result(status)
      import :: c_buffer_target, c_int32_t, c_int64_t, c_ptr, c_words
      type(c_ptr), value :: context
      type(c_buffer_target), value :: buffer
      integer(c_int64_t), value :: offset_bytes, size_bytes
      type(c_words), intent(inout) :: pending
      integer(c_int32_t) :: status
    end function pmb_download_async
  end interface

  ! Mapped buffers.
  interface
    function pmb_mapped_buffer_create(context, options, buffer) bind(C) result(status)
      import :: c_int32_t, c_mapped_buffer_options, c_ptr
      type(c_ptr), value :: context
      type(c_mapped_buffer_options), intent(in) :: options
      type(c_ptr), intent(inout) :: buffer
      integer(c_int32_t) :: status
    end function pmb_mapped_buffer_create

    function pmb_mapped_buffer_destroy(buffer) bind(C) result(status)
      import :: c_int32_t, c_ptr
      type(c_ptr), intent(inout) :: buffer
      integer(c_int32_t) :: status
    end function pmb_mapped_buffer_destroy

    function pmb_mapped_buffer_write(buffer, offset_bytes, bytes, size_bytes) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: buffer
      integer(c_int64_t), value :: offset_bytes
      type(c_ptr), value :: bytes
      integer(c_int64_t), value :: size_bytes
      integer(c_int32_t) :: status
    end function pmb_mapped_buffer_write

    function pmb_mapped_buffer_read(buffer, offset_bytes, bytes, size_bytes, after_writer) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_ptr, c_words
      type(c_ptr), value :: buffer
      integer(c_int64_t), value :: offset_bytes
      type(c_ptr), value :: bytes
      integer(c_int64_t), value :: size_bytes
      type(c_words), value :: after_writer
      integer(c_int32_t) :: status
    end function pmb_mapped_buffer_read

    function pmb_mapped_buffer_flush(buffer, offset_bytes, size_bytes) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: buffer
      integer(c_int64_t), value :: offset_bytes, size_bytes
      integer(c_int32_t) :: status
    end function pmb_mapped_buffer_flush

    function pmb_mapped_buffer_raw_bytes(buffer) bind(C) result(bytes)
      import :: c_ptr
      type(c_ptr), value :: buffer
      type(c_ptr) :: bytes
    end function pmb_mapped_buffer_raw_bytes

    function pmb_mapped_buffer_buffer(buffer) bind(C) result(name)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: buffer
      integer(c_int32_t) :: name
    end function pmb_mapped_buffer_buffer

    function pmb_mapped_buffer_size_bytes(buffer) bind(C) result(bytes)
      import :: c_int64_t, c_ptr
      type(c_ptr), value :: buffer
      integer(c_int64_t) :: bytes
    end function pmb_mapped_buffer_size_bytes

    function pmb_mapped_buffer_is_mapped(buffer) bind(C) result(mapped)
      import :: c_bool, c_ptr
      type(c_ptr), value :: buffer
      logical(c_bool) :: mapped
    end function pmb_mapped_buffer_is_mapped

    function pmb_mapped_buffer_plan(buffer, plan) bind(C) result(status)
      import :: c_int32_t, c_plan, c_ptr
      type(c_ptr), value :: buffer
      type(c_plan), intent(inout) :: plan
      integer(c_int32_t) :: status
    end function pmb_mapped_buffer_plan
  end interface

  ! Upload rings.
  interface
    function pmb_upload_ring_create(context, options, ring) bind(C) result(status)
      import :: c_int32_t, c_ptr, c_ring_options
      type(c_ptr), value :: context
      type(c_ring_options), intent(in) :: options
      type(c_ptr), intent(inout) :: ring
      integer(c_int32_t) :: status
    end function pmb_upload_ring_create

    subroutine pmb_upload_ring_destroy(ring) bind(C)
      import :: c_ptr
      type(c_ptr), intent(inout) :: ring
    end subroutine pmb_upload_ring_destroy

    function pmb_upload_ring_acquire(ring, size_bytes, alignment, slice) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_ptr, c_words
      type(c_ptr), value :: ring
      integer(c_int64_t), value :: size_bytes, alignment
      type(c_words), intent(inout) :: slice
      integer(c_int32_t) :: status
    end function pmb_upload_ring_acquire

    function pmb_upload_ring_try_acquire(ring, size_bytes, alignment, slice) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_ptr, c_words
      type(c_ptr), value :: ring
      integer(c_int64_t), value :: size_bytes, alignment
      type(c_words), intent(inout) :: slice
      integer(c_int32_t) :: status
    end function pmb_upload_ring_try_acquire

    function pmb_upload_ring_publish(ring, slice, used_bytes) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_ptr, c_words
      type(c_ptr), value :: ring
      type(c_words), value :: slice
      integer(c_int64_t), value :: used_bytes
      integer(c_int32_t) :: status
    end function pmb_upload_ring_publish

    function pmb_upload_ring_cancel(ring, slice) bind(C) result(status)
      import :: c_int32_t, c_ptr, c_words
      type(c_ptr), value :: ring
      type(c_words), value :: slice
      integer(c_int32_t) :: status
    end function pmb_upload_ring_cancel

    function pmb_upload_ring_retire(ring, slice, ticket) bind(C) result(status)
      import :: c_int32_t, c_ptr, c_words
      type(c_ptr), value :: ring
      type(c_words), value :: slice, ticket
      integer(c_int32_t) :: status
    end function pmb_upload_ring_retire

    function pmb_upload_ring_retire_all(ring, ticket) bind(C) result(status)
      import :: c_int32_t, c_ptr, c_words
      type(c_ptr), value :: ring
      type(c_words), value :: ticket
      integer(c_int32_t) :: status
    end function pmb_upload_ring_retire_all

    function pmb_upload_ring_retire_issued(ring) bind(C) result(status)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: ring
      integer(c_int32_t) :: status
    end function pmb_upload_ring_retire_issued

    function pmb_upload_ring_drain(ring, timeout_ns) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: ring
      integer(c_int64_t), value :: timeout_ns
      integer(c_int32_t) :: status
    end function pmb_upload_ring_drain

    ! stats: a pmb_ring_stats.
    function pmb_upload_ring_stats(ring, stats) bind(C) result(status)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: ring, stats
      integer(c_int32_t) :: status
    end function pmb_upload_ring_stats

    function pmb_slice_raw_bytes(slice) bind(C) result(bytes)
      import :: c_ptr, c_words
      type(c_words), value :: slice
      type(c_ptr) :: bytes
    end function pmb_slice_raw_bytes

    function pmb_slice_buffer(slice) bind(C) result(name)
      import :: c_int32_t, c_words
      type(c_words), value :: slice
      integer(c_int32_t) :: name
    end function pmb_slice_buffer

    function pmb_slice_offset_bytes(slice) bind(C) result(bytes)
      import :: c_int64_t, c_words
      type(c_words), value :: slice
      integer(c_int64_t) :: bytes
    end function pmb_slice_offset_bytes

    function pmb_slice_size_bytes(slice) bind(C) result(bytes)
      import :: c_int64_t, c_words
      type(c_words), value :: slice
      integer(c_int64_t) :: bytes
    end function pmb_slice_size_bytes

    function pmb_slice_is_live(slice) bind(C) result(live)
      import :: c_bool, c_words
      type(c_words), value :: slice
      logical(c_bool) :: live
    end function pmb_slice_is_live

    function pmb_slice_copy_from(slice, offset_bytes, bytes, size_bytes) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_ptr, c_words
      type(c_words), value :: slice
      integer(c_int64_t), value :: offset_bytes
      type(c_ptr), value :: bytes
      integer(c_int64_t), value :: size_bytes
      integer(c_int32_t) :: status
    end function pmb_slice_copy_from
  end interface

  ! Readback rings.
  interface
    function pmb_readback_ring_create(context, options, ring) bind(C) result(status)
      import :: c_int32_t, c_ptr, c_ring_options
      type(c_ptr), value :: context
      type(c_ring_options), intent(in) :: options
      type(c_ptr), intent(inout) :: ring
      integer(c_int32_t) :: status
    end function pmb_readback_ring_create

    subroutine pmb_readback_ring_destroy(ring) bind(C)
      import :: c_ptr
      type(c_ptr), intent(inout) :: ring
    end subroutine pmb_readback_ring_destroy

    function pmb_readback_ring_request(ring, buffer, offset_bytes, size_bytes, pending) bind(C) result(status)
      import :: c_buffer_target, c_int32_t, c_int64_t, c_ptr, c_words
      type(c_ptr), value :: ring
      type(c_buffer_target), value :: buffer
      integer(c_int64_t), value :: offset_bytes, size_bytes
      type(c_words), intent(inout) :: pending
      integer(c_int32_t) :: status
    end function pmb_readback_ring_request

    function pmb_readback_ring_acquire(ring, size_bytes, alignment, pending) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_ptr, c_words
      type(c_ptr), value :: ring
      integer(c_int64_t), value :: size_bytes, alignment
      type(c_words), intent(inout) :: pending
      integer(c_int32_t) :: status
    end function pmb_readback_ring_acquire

    function pmb_readback_ring_drain(ring, timeout_ns) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_ptr
      type(c_ptr), value :: ring
      integer(c_int64_t), value :: timeout_ns
      integer(c_int32_t) :: status
    end function pmb_readback_ring_drain

    ! stats: a pmb_ring_stats.
    function pmb_readback_ring_stats(ring, stats) bind(C) result(status)
      import :: c_int32_t, c_ptr
      type(c_ptr), value :: ring, stats
      integer(c_int32_t) :: status
    end function pmb_readback_ring_stats

    ! view: a pmb_read_view.
    function pmb_pending_readback_try_view(pending, view) bind(C) result(status)
      import :: c_int32_t, c_ptr, c_words
      type(c_words), value :: pending
      type(c_ptr), value :: view
      integer(c_int32_t) :: status
    end function pmb_pending_readback_try_view

    ! view: a pmb_read_view.
    function pmb_pending_readback_wait(pending, timeout_ns, view) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_ptr, c_words
      type(c_words), value :: pending
      integer(c_int64_t), value :: timeout_ns
      type(c_ptr), value :: view
      integer(c_int32_t) :: status
    end function pmb_pending_readback_wait

    function pmb_pending_readback_copy_to(pending, target, target_bytes, timeout_ns) bind(C) result(status)
      import :: c_int32_t, c_int64_t, c_ptr, c_words
      type(c_words), value :: pending
      type(c_ptr), value :: target
      integer(c_int64_t), value :: target_bytes, timeout_ns
      integer(c_int32_t) :: status
    end function pmb_pending_readback_copy_to

    function pmb_pending_readback_release(pending) bind(C) result(status)
      import :: c_int32_t, c_words
      type(c_words), value :: pending
      integer(c_int32_t) :: status
    end function pmb_pending_readback_release

    function pmb_pending_readback_buffer(pending) bind(C) result(name)
      import :: c_int32_t, c_words
      type(c_words), value :: pending
      integer(c_int32_t) :: name
    end function pmb_pending_readback_buffer

    function pmb_pending_readback_offset_bytes(pending) bind(C) result(bytes)
      import :: c_int64_t, c_words
      type(c_words), value :: pending
      integer(c_int64_t) :: bytes
    end function pmb_pending_readback_offset_bytes

    function pmb_pending_readback_size_bytes(pending) bind(C) result(bytes)
      import :: c_int64_t, c_words
      type(c_words), value :: pending
      integer(c_int64_t) :: bytes
    end function pmb_pending_readback_size_bytes

    function pmb_pending_readback_is_live(pending) bind(C) result(live)
      import :: c_bool, c_words
      type(c_words), value :: pending
      logical(c_bool) :: live
    end function pmb_pending_readback_is_live

    function pmb_pending_readback_ticket(pending) bind(C) result(ticket)
      import :: c_words
      type(c_words), value :: pending
      type(c_words) :: ticket
    end function pmb_pending_readback_ticket
  end interface

contains

  ! The value of an optional argument. Absent, it is 0 or false, which pmb.h takes as the default.
  pure function given_bytes(argument) result(bytes)
    integer(c_int64_t), intent(in), optional :: argument
    integer(c_int64_t) :: bytes
    bytes = 0
    if (present(argument)) bytes = argument
  end function given_bytes

  pure function given_choice(argument) result(choice)
    integer(c_int32_t), intent(in), optional :: argument
    integer(c_int32_t) :: choice
    choice = 0
    if (present(argument)) choice = argument
  end function given_choice

  pure function given_flag(argument) result(flag)
    logical, intent(in), optional :: argument
    logical(c_bool) :: flag
    flag = .false.
    if (present(argument)) flag = logical(argument, c_bool)
  end function given_flag

  ! A string as C has it. The result must live as long as C uses it. Absent, it is not allocated, and its address null.
  subroutine to_c(string, text, address)
    character(len=*), intent(in), optional :: string
    character(kind=c_char), allocatable, target, intent(out) :: text(:)
    type(c_ptr), intent(out) :: address
    address = c_null_ptr
    if (.not. present(string)) return
    text = transfer(string // c_null_char, [c_null_char])
    address = c_loc(text)
  end subroutine to_c

  function from_c(address) result(string)
    type(c_ptr), intent(in) :: address
    character(len=:), allocatable :: string
    character(kind=c_char), pointer :: text(:)
    call c_f_pointer(address, text, [strlen(address)])
    string = transfer(text, repeat(" ", size(text)))
  end function from_c
end module gpu_persistent_buffers_c
