! SPDX-License-Identifier: MIT
! What the test programs share.
module checks
  use, intrinsic :: iso_fortran_env, only: int8, int64
  use gpu_persistent_buffers
  implicit none
  private
  public :: need, open_context, pattern, round_trip, wait_for_gpu

contains

  ! Ends the program with the sentence unless it holds.
  subroutine need(held, sentence)
    logical, intent(in) :: held
    character(len=*), intent(in) :: sentence
    if (.not. held) error stop "this does not hold: " // sentence
  end subroutine need

  ! Opens a headless context. Ends the program with 77 where there is no GL, unless PMB_REQUIRE_GL is set.
  subroutine open_context(context)
    type(pmb_context), intent(inout) :: context
    character(len=400) :: sentence
    integer :: stat, length
    call context%create_headless(from_environment=.true., stat=stat, errmsg=sentence)
    if (stat == pmb_ok) return
    call get_environment_variable("PMB_REQUIRE_GL", length=length)
    if (stat == pmb_unsupported .and. length == 0) stop 77
    error stop trim(sentence)
  end subroutine open_context

  ! Bytes that differ from their neighbours and from those of other seeds.
  pure function pattern(count, seed) result(bytes)
    integer, intent(in) :: count, seed
    integer(int8) :: bytes(count)
    integer :: i
    bytes = [(int(modulo(31 * i + 7 * seed, 256) - 128, int8), i = 1, count)]
  end function pattern

  subroutine wait_for_gpu(context, ticket)
    type(pmb_context), intent(in) :: context
    type(pmb_ticket), intent(out) :: ticket
    call context%mark(ticket)
    call ticket%wait(10 * pmb_second)
  end subroutine wait_for_gpu

  ! Writes one array and reads the other.
  subroutine round_trip(context, buffer, sent, received, offset)
    type(pmb_context), intent(in) :: context
    type(persistent_buffer), intent(inout) :: buffer
    type(*), dimension(..), contiguous, intent(in) :: sent
    type(*), dimension(..), contiguous, intent(inout) :: received
    integer(int64), intent(in) :: offset
    type(pmb_ticket) :: ticket
    call write_persistent_buffer(buffer, sent, offset)
    call wait_for_gpu(context, ticket)
    call read_persistent_buffer(buffer, received, offset, after=ticket)
  end subroutine round_trip
end module checks
