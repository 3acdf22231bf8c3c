! SPDX-License-Identifier: MIT
! Arrays of every kind and rank arrive byte for byte, and so do parts of arrays.
program arrays
  use, intrinsic :: iso_c_binding, only: c_f_pointer
  use, intrinsic :: iso_fortran_env, only: int8, int16, int32, int64, real32, real64
  use gpu_persistent_buffers
  use checks
  implicit none

  type :: point
    integer(int16) :: number
    real(real64) :: place(2)
  end type point

  integer, parameter :: count = 24
  integer(int64), parameter :: offset = 64
  type(pmb_context), target :: context
  type(persistent_buffer) :: buffer
  ! The bytes at the offset, as the GPU sees them.
  integer(int8), pointer :: mapped(:)
  integer(int8) :: bytes(8 * 2 * count)
  integer :: i

  call open_context(context)
  call create_persistent_buffer(buffer, context, 4096_int64, access=pmb_access_bidirectional, model=pmb_model_coherent)
  call c_f_pointer(buffer%cpu_ptr, mapped, [4096])
  mapped => mapped(offset + 1:)
  bytes = pattern(size(bytes), 1)
  call integers()
  call others()
  call ranks()
  call parts()
  call assumed_size(bytes)

contains

  subroutine integers()
    integer(int8) :: i8(count), j8(count)
    integer(int16) :: i16(count), j16(count)
    integer(int32) :: i32(count), j32(count)
    integer(int64) :: i64(count), j64(count)
    i8 = transfer(bytes, i8)
    i16 = transfer(bytes, i16)
    i32 = transfer(bytes, i32)
    i64 = transfer(bytes, i64)
    call round_trip(context, buffer, i8, j8, offset)
    call need(all(i8 == j8) .and. all(mapped(:count) == bytes(:count)), "int8 arrives")
    call round_trip(context, buffer, i16, j16, offset)
    call need(all(i16 == j16) .and. all(mapped(:2 * count) == bytes(:2 * count)), "int16 arrives")
    call round_trip(context, buffer, i32, j32, offset)
    call need(all(i32 == j32) .and. all(mapped(:4 * count) == bytes(:4 * count)), "int32 arrives")
    call round_trip(context, buffer, i64, j64, offset)
    call need(all(i64 == j64) .and. all(mapped(:8 * count) == bytes(:8 * count)), "int64 arrives")
  end subroutine integers

  subroutine others()
    real(real32) :: r32(count), s32(count)
    real(real64) :: r64(count), s64(count)
    complex(real32) :: c32(count), d32(count)
    complex(real64) :: c64(count), d64(count)
    logical :: flags(count), same(count)
    character(len=3) :: words(2), read(2)
    type(point) :: points(2), places(2)
    r32 = [(0.1_real32 * real(i, real32), i = 1, count)]
    r64 = 0.1_real64 * r32
    c32 = cmplx(r32, -r32, real32)
    c64 = cmplx(r64, -r64, real64)
    flags = [(modulo(i, 3) == 0, i = 1, count)]
    words = ["one", "two"]
    points = [point(1_int16, [1.0_real64, 2.0_real64]), point(2_int16, [3.0_real64, 4.0_real64])]
    call round_trip(context, buffer, r32, s32, offset)
    call need(all(abs(r32 - s32) <= 0) .and. all(mapped(:4 * count) == transfer(r32, mapped)), "real32 arrives")
    call round_trip(context, buffer, r64, s64, offset)
    call need(all(abs(r64 - s64) <= 0) .and. all(mapped(:8 * count) == transfer(r64, mapped)), "real64 arrives")
    call round_trip(context, buffer, c32, d32, offset)
    call need(all(abs(c32 - d32) <= 0) .and. all(mapped(:8 * count) == transfer(c32, mapped)), "complex32 arrives")
    call round_trip(context, buffer, c64, d64, offset)
    call need(all(abs(c64 - d64) <= 0) .and. all(mapped(:16 * count) == transfer(c64, mapped)), "complex64 arrives")
    call round_trip(context, buffer, flags, same, offset)
    call need(all(flags .eqv. same), "logical arrives")
    call round_trip(context, buffer, words, read, offset)
    call need(all(words == read) .and. all(mapped(:6) == transfer("onetwo", mapped)), "character arrives")
    call round_trip(context, buffer, points, places, offset)
    call need(places(2)%number == 2 .and. all(abs(places(2)%place - [3, 4]) <= 0), "a derived type arrives")
  end subroutine others

  subroutine ranks()
    integer(int32) :: scalar, same
    integer(int32) :: a1(24), b1(24), a2(6, 4), b2(6, 4), a3(2, 3, 4), b3(2, 3, 4), a4(2, 3, 2, 2), b4(2, 3, 2, 2), &
      a5(2, 3, 2, 1, 2), b5(2, 3, 2, 1, 2), a6(2, 3, 2, 1, 1, 2), b6(2, 3, 2, 1, 1, 2), a7(2, 3, 2, 1, 1, 1, 2), &
      b7(2, 3, 2, 1, 1, 1, 2)
    a1 = [(1000000 * i, i = 1, 24)]
    scalar = a1(7)
    a2 = reshape(a1, shape(a2))
    a3 = reshape(a1, shape(a3))
    a4 = reshape(a1, shape(a4))
    a5 = reshape(a1, shape(a5))
    a6 = reshape(a1, shape(a6))
    a7 = reshape(a1, shape(a7))
    call round_trip(context, buffer, scalar, same, offset)
    call need(scalar == same .and. all(mapped(:4) == transfer(scalar, mapped)), "rank 0 arrives")
    call round_trip(context, buffer, a1, b1, offset)
    call round_trip(context, buffer, a2, b2, offset)
    call round_trip(context, buffer, a3, b3, offset)
    call round_trip(context, buffer, a4, b4, offset)
    call round_trip(context, buffer, a5, b5, offset)
    call round_trip(context, buffer, a6, b6, offset)
    call round_trip(context, buffer, a7, b7, offset)
    call need(all(a1 == b1), "rank 1 arrives")
    call need(all(a2 == b2), "rank 2 arrives")
    call need(all(a3 == b3), "rank 3 arrives")
    call need(all(a4 == b4), "rank 4 arrives")
    call need(all(a5 == b5), "rank 5 arrives")
    call need(all(a6 == b6), "rank 6 arrives")
    call need(all(a7 == b7), "rank 7 arrives")
  end subroutine ranks

  ! Bytes that no call names keep their values.
  subroutine parts()
    integer(int16) :: table(6, 4), copy(6, 4)
    type(pmb_ticket) :: ticket
    table = reshape(transfer(bytes(:48), [0_int16]), shape(table))
    call round_trip(context, buffer, table(1:6:2, 2:4), copy(2:6:2, 1:3), offset)
    call need(all(copy(2:6:2, 1:3) == table(1:6:2, 2:4)), "a part of an array arrives in a part of another")
    call need(all(mapped(:18) == transfer(table(1:6:2, 2:4), mapped)), "a part of an array is written without gaps")

    mapped(:48) = 0
    call write_persistent_buffer(buffer, table, offset, 10_int64)
    call need(all(mapped(:10) == bytes(:10)) .and. all(mapped(11:48) == 0), "size limits what is written")
    copy = -1
    call wait_for_gpu(context, ticket)
    call read_persistent_buffer(buffer, copy, offset, 10_int64, ticket)
    call need(all(copy(:5, 1) == table(:5, 1)) .and. all(copy(:, 2:) == -1), "size limits what is read")

    call write_persistent_buffer(buffer, table(:0, :), offset)
    call need(all(mapped(:10) == bytes(:10)), "an array without elements writes nothing")
    call write_persistent_buffer(buffer, bytes(1:2))
    call c_f_pointer(buffer%cpu_ptr, mapped, [4096])
    call need(all(mapped(:2) == bytes(:2)), "without an offset, the first bytes are written")
  end subroutine parts

  subroutine assumed_size(array)
    integer(int8), intent(in) :: array(*)
    integer :: stat
    call write_persistent_buffer(buffer, array, size=16_int64)
    call need(all(mapped(:16) == bytes(:16)), "an array of assumed size arrives with a size")
    call write_persistent_buffer(buffer, array, stat=stat)
    call need(stat == pmb_invalid_argument, "an array of assumed size needs a size")
  end subroutine assumed_size
end program arrays
