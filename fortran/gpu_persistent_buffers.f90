! SPDX-License-Identifier: MIT
! pmb for Fortran: buffers in memory that CPU and GPU share, rings on them, and transfers. Library target pmb::fortran.
!
!   type(pmb_context) :: context
!   type(persistent_buffer) :: buffer
!   call context%create_headless()                           ! or from_current, in a program that has a window
!   call create_persistent_buffer(buffer, context, 4096_int64)
!   call write_persistent_buffer(buffer, numbers)            ! any kind and rank; commands issued from now on see it
!
! Names:   the five procedures of persistent buffers, and otherwise those of pmb.h: pmb_upload_ring_acquire is acquire
!          of a pmb_upload_ring. Comments of pmb.h hold here too, statuses included.
! Units:   bytes and nanoseconds, as integer(int64).
! Arrays:  data may have any kind and rank. An array that is not contiguous is copied on the way. Pointers to shared
!          memory have the attribute asynchronous, since the GPU works while the program runs.
! Objects: persistent_buffer, pmb_context and the rings own their memory: they are destroyed when they go out of scope,
!          and must not be assigned. Their create replaces the object that the variable held. Destroying an empty one
!          does nothing.
! Values:  slices, tickets and pending readbacks are copied freely. A stale one is safe to use. A failed call sets an
!          empty one.
! Errors:  stat is set to 0 or to a status, and errmsg, after a failure, to a sentence with what to do. Without stat a
!          failure ends the program with that sentence.
! Threads: those of pmb.h: one thread calls pmb for a context; others may fill and read bytes, and wait for tickets.
module gpu_persistent_buffers
  use, intrinsic :: iso_c_binding, only: c_funptr, c_int32_t, c_int64_t, c_null_ptr, c_ptr, c_size_t
  use, intrinsic :: iso_fortran_env, only: int64
  use gpu_persistent_buffers_c, only: c_words
  implicit none
  private

  ! Values of stat. Positive ones mean "not now".
  integer, parameter, public :: pmb_ok = 0, pmb_would_block = 1, pmb_timed_out = 2, pmb_unsupported = -1, &
    pmb_out_of_memory = -2, pmb_too_large = -3, pmb_map_failed = -4, pmb_data_lost = -5, pmb_context_lost = -6, &
    pmb_fence_failed = -7, pmb_wait_failed = -8, pmb_invalid_argument = -9, pmb_wrong_context = -10, &
    pmb_stale_handle = -11, pmb_refused = -12, pmb_gl_error = -13
  ! How the CPU touches the bytes.
  integer, parameter, public :: pmb_access_sequential_write = 1, pmb_access_read = 2, pmb_access_bidirectional = 3
  ! How CPU writes become visible to the GPU.
  integer, parameter, public :: pmb_model_coherent = 1, pmb_model_explicit_flush = 2
  integer(int64), parameter, public :: pmb_second = 1000000000_int64
  ! For drain: the timeout of the ring's acquire.
  integer(int64), parameter, public :: pmb_ring_timeout = -1_int64

  ! A status of this module alone: data has fewer bytes than the call needs. Callers see pmb_invalid_argument.
  integer, parameter :: array_too_short = -1000

  ! An owner of one object of pmb.h.
  type, abstract :: owner
    private
    type(c_ptr) :: handle = c_null_ptr
  contains
    ! The pointer of pmb.h, for its functions that this module lacks; c_null_ptr for an empty object.
    procedure :: c_handle
    ! Ends the program: two variables cannot own one object.
    generic, public :: assignment(=) => refuse_copy
    procedure, private :: refuse_copy
  end type owner

  ! A GL context, its timeline and its transfers. With create_headless, it owns the GL context too.
  type, extends(owner), public :: pmb_context
    private
    type(c_ptr) :: headless = c_null_ptr
  contains
    procedure :: create_headless => context_create_headless
    procedure :: from_current => context_from_current
    procedure :: make_current => context_make_current
    procedure :: destroy => context_destroy
    procedure :: renderer => context_renderer
    procedure :: mark => context_mark
    procedure :: poll => context_poll
    procedure :: upload => context_upload
    procedure :: download => context_download
    procedure :: download_async => context_download_async
    final :: context_final
  end type pmb_context

  ! One GL buffer with immutable storage that stays mapped for its whole life. The components are for reading.
  type, extends(owner), public :: persistent_buffer
    integer :: gl_buffer = 0
    ! The bytes, for c_f_pointer: an array in the memory that CPU and GPU share.
    type(c_ptr) :: cpu_ptr = c_null_ptr
    integer(int64) :: size = 0
    logical :: is_coherent = .false.
    ! False before create, after destroy, and once a call has returned that the context is gone.
    logical :: is_mapped = .false.
  contains
    final :: buffer_final
  end type persistent_buffer

  ! A point on the timeline of a context.
  type, public :: pmb_ticket
    private
    type(c_words) :: words
  contains
    procedure :: passed => ticket_passed
    procedure :: wait => ticket_wait
  end type pmb_ticket

  ! A byte range of an upload ring, lent to the CPU for one use.
  type, public :: pmb_slice
    private
    type(c_words) :: words
  contains
    procedure :: raw_bytes => slice_raw_bytes
    procedure :: buffer => slice_buffer
    procedure :: offset_bytes => slice_offset_bytes
    procedure :: size_bytes => slice_size_bytes
    procedure :: is_live => slice_is_live
    procedure :: copy_from => slice_copy_from
  end type pmb_slice

  ! Streams bytes to the GPU. The CPU fills slices of one mapped buffer while the GPU reads others.
  type, extends(owner), public :: pmb_upload_ring
  contains
    procedure :: create => upload_create
    procedure :: destroy => upload_destroy
    procedure :: acquire => upload_acquire
    procedure :: try_acquire => upload_try_acquire
    procedure :: publish => upload_publish
    procedure :: cancel => upload_cancel
    procedure :: retire => upload_retire
    procedure :: retire_all => upload_retire_all
    procedure :: retire_issued => upload_retire_issued
    procedure :: drain => upload_drain
    procedure :: stats => upload_stats
    final :: upload_final
  end type pmb_upload_ring

  ! A readback in flight.
  type, public :: pmb_pending_readback
    private
    type(c_words) :: words
  contains
    procedure :: try_view => pending_try_view
    procedure :: wait => pending_wait
    procedure :: copy_to => pending_copy_to
    procedure :: release => pending_release
    procedure :: buffer => pending_buffer
    procedure :: offset_bytes => pending_offset_bytes
    procedure :: size_bytes => pending_size_bytes
    procedure :: is_live => pending_is_live
    procedure :: ticket => pending_ticket
  end type pmb_pending_readback

  ! Bytes that have arrived, in place, for c_f_pointer. Valid until the readback is released.
  type, bind(C), public :: pmb_read_view
    type(c_ptr) :: bytes = c_null_ptr
    integer(c_int64_t) :: size_bytes = 0
  end type pmb_read_view

  ! Streams bytes from the GPU. Results arrive in mapped memory and are read in place.
  type, extends(owner), public :: pmb_readback_ring
  contains
    procedure :: create => readback_create
    procedure :: destroy => readback_destroy
    procedure :: request => readback_request
    procedure :: acquire => readback_acquire
    procedure :: drain => readback_drain
    procedure :: stats => readback_stats
    final :: readback_final
  end type pmb_readback_ring

  ! Where calls had to wait for the GPU: a function of pmb.h.
  type, bind(C) :: stall
    type(c_ptr) :: where
    integer(c_int64_t) :: waits, waited_ns
  end type stall

  ! The members of the struct of pmb.h, in its order.
  type, bind(C), public :: pmb_ring_stats
    integer(c_size_t), private :: struct_bytes = 0
    integer(c_int64_t) :: capacity_bytes, held_bytes, live_slices, acquired, handed_out_bytes, high_water_bytes, &
      flushes, waits, would_blocks, growths, shrinks, waited_ns, recommended_capacity_bytes
    type(stall), private :: stalls(8)
  end type pmb_ring_stats

  public :: create_persistent_buffer, write_persistent_buffer, read_persistent_buffer, flush_persistent_buffer, &
    destroy_persistent_buffer

  ! --- persistent buffers ---
  interface
    ! Makes a buffer of size bytes and maps it, for sequential_write unless access says otherwise. The context chooses
    ! the model unless it is given. prefault touches every page now.
    module subroutine create_persistent_buffer(buffer, context, size, access, model, label, prefault, stat, errmsg)
      type(persistent_buffer), intent(inout) :: buffer
      type(pmb_context), intent(in) :: context
      integer(int64), intent(in) :: size
      integer, intent(in), optional :: access, model
      character(len=*), intent(in), optional :: label
      logical, intent(in), optional :: prefault
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine create_persistent_buffer

    ! Copies data, or its first size bytes, to the offset in the buffer, and makes them visible to commands issued from
    ! now on. No GPU command in flight may read these bytes.
    module subroutine write_persistent_buffer(buffer, data, offset, size, stat, errmsg)
      type(persistent_buffer), intent(inout) :: buffer
      type(*), dimension(..), contiguous, target, intent(in) :: data
      integer(int64), intent(in), optional :: offset, size
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine write_persistent_buffer

    ! Fills data, or its first size bytes, with bytes that the GPU wrote. after is a ticket that has passed and was
    ! marked after the last command that writes them; otherwise stat is pmb_would_block.
    module subroutine read_persistent_buffer(buffer, data, offset, size, after, stat, errmsg)
      type(persistent_buffer), intent(inout) :: buffer
      type(*), dimension(..), contiguous, target, intent(inout) :: data
      integer(int64), intent(in), optional :: offset, size
      type(pmb_ticket), intent(in) :: after
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine read_persistent_buffer

    ! Makes bytes visible that were written through cpu_ptr: size bytes, or all that follow the offset.
    module subroutine flush_persistent_buffer(buffer, offset, size, stat, errmsg)
      type(persistent_buffer), intent(inout) :: buffer
      integer(int64), intent(in), optional :: offset, size
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine flush_persistent_buffer

    ! Unmaps and deletes. Waits for nothing: GL keeps the storage until its commands are done. Pointers to the bytes
    ! must not be used afterwards.
    module subroutine destroy_persistent_buffer(buffer, stat, errmsg)
      type(persistent_buffer), intent(inout) :: buffer
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine destroy_persistent_buffer

    impure elemental module subroutine buffer_final(buffer)
      type(persistent_buffer), intent(inout) :: buffer
    end subroutine buffer_final
  end interface

  ! --- contexts, timeline, tickets ---
  interface
    ! Makes a GL context without a window, on the first GPU or else on the CPU, and makes it current. gpu_name is a part
    ! of a GPU's name; software chooses the CPU. from_environment reads PMB_MODEL, PMB_PATH and the like.
    module subroutine context_create_headless(this, gpu_name, software, timeout_ns, from_environment, stat, errmsg)
      class(pmb_context), intent(inout) :: this
      character(len=*), intent(in), optional :: gpu_name
      logical, intent(in), optional :: software
      integer(int64), intent(in), optional :: timeout_ns
      logical, intent(in), optional :: from_environment
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine context_create_headless

    ! Opens the GL context that is current on this thread. loader is the address of eglGetProcAddress,
    ! glfwGetProcAddress or the like.
    module subroutine context_from_current(this, loader, timeout_ns, from_environment, stat, errmsg)
      class(pmb_context), intent(inout) :: this
      type(c_funptr), intent(in) :: loader
      integer(int64), intent(in), optional :: timeout_ns
      logical, intent(in), optional :: from_environment
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine context_from_current

    ! Makes a headless context current on this thread.
    module subroutine context_make_current(this, stat, errmsg)
      class(pmb_context), intent(in) :: this
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine context_make_current

    ! Objects that the context made are inert afterwards.
    module subroutine context_destroy(this)
      class(pmb_context), intent(inout) :: this
    end subroutine context_destroy

    impure elemental module subroutine context_final(context)
      type(pmb_context), intent(inout) :: context
    end subroutine context_final

    ! GL_RENDERER, or "" for an empty context.
    module function context_renderer(this) result(name)
      class(pmb_context), intent(in) :: this
      character(len=:), allocatable :: name
    end function context_renderer

    ! Inserts a fence after every command issued so far, and sets ticket to that point.
    module subroutine context_mark(this, ticket, stat, errmsg)
      class(pmb_context), intent(in) :: this
      type(pmb_ticket), intent(out) :: ticket
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine context_mark

    ! Finds out which tickets have passed. Never blocks.
    module subroutine context_poll(this, stat, errmsg)
      class(pmb_context), intent(in) :: this
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine context_poll

    ! True once the thread of the context has noticed that the GPU finished everything before the mark. Any thread.
    module function ticket_passed(this) result(passed)
      class(pmb_ticket), intent(in) :: this
      logical :: passed
    end function ticket_passed

    ! Blocks until the ticket has passed, for at most timeout_ns. On other threads than its context's it sleeps, until
    ! that thread polls or waits.
    module subroutine ticket_wait(this, timeout_ns, stat, errmsg)
      class(pmb_ticket), intent(in) :: this
      integer(int64), intent(in) :: timeout_ns
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine ticket_wait
  end interface

  ! --- transfers ---
  interface
    ! Copies data, or its first size_bytes, into a GL buffer, instead of glBufferSubData. Later commands see the new
    ! bytes. data may be reused on return.
    module subroutine context_upload(this, buffer, data, offset_bytes, size_bytes, stat, errmsg)
      class(pmb_context), intent(in) :: this
      integer, intent(in) :: buffer
      type(*), dimension(..), contiguous, target, intent(in) :: data
      integer(int64), intent(in), optional :: offset_bytes, size_bytes
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine context_upload

    ! Fills data, or its first size_bytes, from a GL buffer after all earlier commands, instead of glGetBufferSubData.
    ! Waits for the GPU.
    module subroutine context_download(this, buffer, data, offset_bytes, size_bytes, stat, errmsg)
      class(pmb_context), intent(in) :: this
      integer, intent(in) :: buffer
      type(*), dimension(..), contiguous, target, intent(inout) :: data
      integer(int64), intent(in), optional :: offset_bytes, size_bytes
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine context_download

    ! Starts copying size_bytes of a GL buffer, after all earlier commands, into memory of the context. Makes the fence
    ! itself. Does not wait for these bytes.
    module subroutine context_download_async(this, pending, buffer, size_bytes, offset_bytes, stat, errmsg)
      class(pmb_context), intent(in) :: this
      type(pmb_pending_readback), intent(out) :: pending
      integer, intent(in) :: buffer
      integer(int64), intent(in) :: size_bytes
      integer(int64), intent(in), optional :: offset_bytes
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine context_download_async
  end interface

  ! --- upload rings ---
  interface
    ! Makes a ring. A ring with max_capacity_bytes grows up to that instead of waiting. timeout_ns is that of acquire.
    module subroutine upload_create(this, context, capacity_bytes, max_capacity_bytes, timeout_ns, label, model, &
        stat, errmsg)
      class(pmb_upload_ring), intent(inout) :: this
      type(pmb_context), intent(in) :: context
      integer(int64), intent(in) :: capacity_bytes
      integer(int64), intent(in), optional :: max_capacity_bytes, timeout_ns
      character(len=*), intent(in), optional :: label
      integer, intent(in), optional :: model
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine upload_create

    ! Frees the ring. Its slices are stale then.
    module subroutine upload_destroy(this)
      class(pmb_upload_ring), intent(inout) :: this
    end subroutine upload_destroy

    impure elemental module subroutine upload_final(ring)
      type(pmb_upload_ring), intent(inout) :: ring
    end subroutine upload_final

    ! Reserves size_bytes, at an offset that is a multiple of alignment. Without one, the offset suits every indexed
    ! binding. Waits for the oldest retired slice while the ring is full.
    module subroutine upload_acquire(this, slice, size_bytes, alignment, stat, errmsg)
      class(pmb_upload_ring), intent(in) :: this
      type(pmb_slice), intent(out) :: slice
      integer(int64), intent(in) :: size_bytes
      integer(int64), intent(in), optional :: alignment
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine upload_acquire

    ! As acquire, but sets stat to pmb_would_block instead of waiting.
    module subroutine upload_try_acquire(this, slice, size_bytes, alignment, stat, errmsg)
      class(pmb_upload_ring), intent(in) :: this
      type(pmb_slice), intent(out) :: slice
      integer(int64), intent(in) :: size_bytes
      integer(int64), intent(in), optional :: alignment
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine upload_try_acquire

    ! Ends filling. The slice, or its first used_bytes, becomes visible to commands issued from now on.
    module subroutine upload_publish(this, slice, used_bytes, stat, errmsg)
      class(pmb_upload_ring), intent(in) :: this
      type(pmb_slice), intent(in) :: slice
      integer(int64), intent(in), optional :: used_bytes
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine upload_publish

    ! Undoes an acquire.
    module subroutine upload_cancel(this, slice, stat, errmsg)
      class(pmb_upload_ring), intent(in) :: this
      type(pmb_slice), intent(in) :: slice
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine upload_cancel

    ! Makes a published slice reusable once ticket has passed. Every reader must have been issued before the mark.
    module subroutine upload_retire(this, slice, ticket, stat, errmsg)
      class(pmb_upload_ring), intent(in) :: this
      type(pmb_slice), intent(in) :: slice
      type(pmb_ticket), intent(in) :: ticket
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine upload_retire

    ! Retires every slice that is published and not yet retired.
    module subroutine upload_retire_all(this, ticket, stat, errmsg)
      class(pmb_upload_ring), intent(in) :: this
      type(pmb_ticket), intent(in) :: ticket
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine upload_retire_all

    ! The same with a new mark, but the ring makes its own fences, and few of them.
    module subroutine upload_retire_issued(this, stat, errmsg)
      class(pmb_upload_ring), intent(in) :: this
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine upload_retire_issued

    ! Waits until everything retired is reusable, for at most timeout_ns.
    module subroutine upload_drain(this, timeout_ns, stat, errmsg)
      class(pmb_upload_ring), intent(in) :: this
      integer(int64), intent(in) :: timeout_ns
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine upload_drain

    module subroutine upload_stats(this, stats, stat, errmsg)
      class(pmb_upload_ring), intent(in) :: this
      type(pmb_ring_stats), intent(out), target :: stats
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine upload_stats

    ! The bytes to fill while the slice is acquired, for c_f_pointer; c_null_ptr afterwards. They are write-only: reads
    ! are undefined, and can be a hundred times slower than reads of system memory.
    module function slice_raw_bytes(this) result(bytes)
      class(pmb_slice), intent(in) :: this
      type(c_ptr) :: bytes
    end function slice_raw_bytes

    ! The GL name for binding calls, after publish; 0 when stale.
    module function slice_buffer(this) result(buffer)
      class(pmb_slice), intent(in) :: this
      integer :: buffer
    end function slice_buffer

    ! From the start of the GL buffer, after publish.
    module function slice_offset_bytes(this) result(bytes)
      class(pmb_slice), intent(in) :: this
      integer(int64) :: bytes
    end function slice_offset_bytes

    ! As acquired; as used once published; 0 when stale.
    module function slice_size_bytes(this) result(bytes)
      class(pmb_slice), intent(in) :: this
      integer(int64) :: bytes
    end function slice_size_bytes

    ! True while acquired or published.
    module function slice_is_live(this) result(live)
      class(pmb_slice), intent(in) :: this
      logical :: live
    end function slice_is_live

    ! Copies data to offset_bytes in the slice.
    module subroutine slice_copy_from(this, data, offset_bytes, stat, errmsg)
      class(pmb_slice), intent(in) :: this
      type(*), dimension(..), contiguous, target, intent(in) :: data
      integer(int64), intent(in), optional :: offset_bytes
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine slice_copy_from
  end interface

  ! --- readback rings ---
  interface
    ! Makes a ring, with the options of an upload ring.
    module subroutine readback_create(this, context, capacity_bytes, max_capacity_bytes, timeout_ns, label, model, &
        stat, errmsg)
      class(pmb_readback_ring), intent(inout) :: this
      type(pmb_context), intent(in) :: context
      integer(int64), intent(in) :: capacity_bytes
      integer(int64), intent(in), optional :: max_capacity_bytes, timeout_ns
      character(len=*), intent(in), optional :: label
      integer, intent(in), optional :: model
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine readback_create

    ! Frees the ring. Its readbacks are stale then, and their views invalid.
    module subroutine readback_destroy(this)
      class(pmb_readback_ring), intent(inout) :: this
    end subroutine readback_destroy

    impure elemental module subroutine readback_final(ring)
      type(pmb_readback_ring), intent(inout) :: ring
    end subroutine readback_final

    ! Copies size_bytes of any GL buffer into the ring on the GPU. They arrive after the next mark.
    module subroutine readback_request(this, pending, buffer, size_bytes, offset_bytes, stat, errmsg)
      class(pmb_readback_ring), intent(in) :: this
      type(pmb_pending_readback), intent(out) :: pending
      integer, intent(in) :: buffer
      integer(int64), intent(in) :: size_bytes
      integer(int64), intent(in), optional :: offset_bytes
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine readback_request

    ! Reserves memory that GL commands write directly. They must be issued before the next mark.
    module subroutine readback_acquire(this, pending, size_bytes, alignment, stat, errmsg)
      class(pmb_readback_ring), intent(in) :: this
      type(pmb_pending_readback), intent(out) :: pending
      integer(int64), intent(in) :: size_bytes
      integer(int64), intent(in), optional :: alignment
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine readback_acquire

    ! As that of an upload ring, for released readbacks.
    module subroutine readback_drain(this, timeout_ns, stat, errmsg)
      class(pmb_readback_ring), intent(in) :: this
      integer(int64), intent(in) :: timeout_ns
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine readback_drain

    module subroutine readback_stats(this, stats, stat, errmsg)
      class(pmb_readback_ring), intent(in) :: this
      type(pmb_ring_stats), intent(out), target :: stats
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine readback_stats

    ! Sets view if the bytes have arrived. Otherwise stat is pmb_would_block.
    module subroutine pending_try_view(this, view, stat, errmsg)
      class(pmb_pending_readback), intent(in) :: this
      type(pmb_read_view), intent(out), target :: view
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine pending_try_view

    ! Waits for the bytes, for at most timeout_ns. stat is pmb_would_block at once if no mark was made after the writer.
    module subroutine pending_wait(this, view, timeout_ns, stat, errmsg)
      class(pmb_pending_readback), intent(in) :: this
      type(pmb_read_view), intent(out), target :: view
      integer(int64), intent(in) :: timeout_ns
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine pending_wait

    ! Waits as wait does, copies the bytes to the start of data, and releases the readback.
    module subroutine pending_copy_to(this, data, timeout_ns, stat, errmsg)
      class(pmb_pending_readback), intent(in) :: this
      type(*), dimension(..), contiguous, target, intent(inout) :: data
      integer(int64), intent(in) :: timeout_ns
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine pending_copy_to

    ! Makes the memory reusable, at once or when the bytes have arrived. Never waits.
    module subroutine pending_release(this, stat, errmsg)
      class(pmb_pending_readback), intent(in) :: this
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine pending_release

    ! GL name to write into, for a readback that acquire reserved; 0 when stale.
    module function pending_buffer(this) result(buffer)
      class(pmb_pending_readback), intent(in) :: this
      integer :: buffer
    end function pending_buffer

    ! From the start of the GL buffer.
    module function pending_offset_bytes(this) result(bytes)
      class(pmb_pending_readback), intent(in) :: this
      integer(int64) :: bytes
    end function pending_offset_bytes

    ! 0 when stale.
    module function pending_size_bytes(this) result(bytes)
      class(pmb_pending_readback), intent(in) :: this
      integer(int64) :: bytes
    end function pending_size_bytes

    ! False once released.
    module function pending_is_live(this) result(live)
      class(pmb_pending_readback), intent(in) :: this
      logical :: live
    end function pending_is_live

    ! Passes when the bytes have arrived. Empty until the mark that follows the writer, and after release.
    module function pending_ticket(this) result(ticket)
      class(pmb_pending_readback), intent(in) :: this
      type(pmb_ticket) :: ticket
    end function pending_ticket
  end interface

  ! --- shared by the submodules ---
  interface
    module function c_handle(this) result(handle)
      class(owner), intent(in) :: this
      type(c_ptr) :: handle
    end function c_handle

    impure elemental module subroutine refuse_copy(left, right)
      class(owner), intent(inout) :: left
      class(owner), intent(in) :: right
    end subroutine refuse_copy

    ! Ends every call that can fail: sets stat and errmsg, or stops.
    module subroutine report(status, stat, errmsg)
      integer(c_int32_t), intent(in) :: status
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine report

    ! Where data lies, and how many bytes a call takes from it: wanted, or all. Returns pmb_ok or array_too_short.
    module subroutine locate(data, wanted, first, bytes, status)
      type(*), dimension(..), target, intent(in) :: data
      integer(int64), intent(in), optional :: wanted
      type(c_ptr), intent(out) :: first
      integer(c_int64_t), intent(out) :: bytes
      integer(c_int32_t), intent(out) :: status
    end subroutine locate
  end interface
end module gpu_persistent_buffers
