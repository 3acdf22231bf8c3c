! SPDX-License-Identifier: MIT
! Filters images with a compute shader, which must agree with a loop in Fortran. The images travel by the traditional
! calls, and through persistent buffers, in which the CPU paints and reads in place. Prints the time of an image for each.
program convolution
  use, intrinsic :: iso_c_binding, only: c_f_pointer, c_intptr_t, c_null_ptr
  use, intrinsic :: iso_fortran_env, only: int64, real32, real64
  use gl
  use gpu_persistent_buffers
  implicit none

  integer, parameter :: width = 512, height = 384, images = 20
  integer(int64), parameter :: bytes = 4_int64 * width * height
  ! Whole numbers, so that every order of additions gives the same sum.
  real(real32), parameter :: weights(-1:1, -1:1) = &
    reshape([real(real32) :: 1, 2, 1, 2, 4, 2, 1, 2, 1], [3, 3])
  character(len=*), parameter :: line = new_line("a")
  character(len=*), parameter :: shader = "#version 430" // line // &
    "layout(local_size_x = 16, local_size_y = 8) in;" // line // &
    "layout(std430, binding = 0) readonly buffer Input { float pixels[]; };" // line // &
    "layout(std430, binding = 1) writeonly buffer Output { float filtered[]; };" // line // &
    "const float weights[9] = float[9](1, 2, 1, 2, 4, 2, 1, 2, 1);" // line // &
    "const ivec2 size = ivec2(512, 384);" // line // &
    "void main() {" // line // &
    "  ivec2 at = ivec2(gl_GlobalInvocationID.xy);" // line // &
    "  float sum = 0.0;" // line // &
    "  for (int i = 0; i < 9; ++i) {" // line // &
    "    ivec2 from = clamp(at + ivec2(i % 3, i / 3) - 1, ivec2(0), size - 1);" // line // &
    "    sum += weights[i] * pixels[from.y * size.x + from.x];" // line // &
    "  }" // line // &
    "  filtered[at.y * size.x + at.x] = sum;" // line // &
    "}"

  type(pmb_context) :: context
  real(real64) :: loop_ms, traditional_ms, persistent_ms
  real(real32) :: expected(width, height, images), image(width, height)
  integer(int64) :: started
  integer :: frame

  call open_context()
  call use_compute_shader(shader)
  started = now()
  do frame = 1, images
    call paint(image, frame)
    call convolve(image, expected(:, :, frame))
  end do
  loop_ms = ms_since(started)
  call traditional()
  call persistent()
  print '(2a)', "renderer: ", context%renderer()
  print '(a, i0, a, i0, a)', "an image of ", width, " x ", height, " is painted, filtered and ready to read:"
  print '(f9.3, a)', loop_ms, " ms by a loop in Fortran"
  print '(f9.3, a)', traditional_ms, " ms by the GPU, through glBufferSubData and glGetBufferSubData"
  print '(f9.3, a)', persistent_ms, " ms by the GPU, through persistent buffers"

contains

  ! Without any GL, this test is skipped by the exit status 77.
  subroutine open_context()
    character(len=400) :: sentence
    integer :: stat, required
    call context%create_headless(stat=stat, errmsg=sentence)
    if (stat == pmb_ok) return
    print '(a)', trim(sentence)
    call get_environment_variable("PMB_REQUIRE_GL", length=required)
    if (stat == pmb_unsupported .and. required == 0) stop 77
    stop 1
  end subroutine open_context

  pure subroutine paint(pixels, seed)
    real(real32), intent(out) :: pixels(:, :)
    integer, intent(in) :: seed
    integer :: x, y
    do concurrent (y = 1:height, x = 1:width)
      pixels(x, y) = real(modulo(7 * x + 13 * y + 5 * seed, 256), real32)
    end do
  end subroutine paint

  ! Pixels beyond an edge are those of the edge.
  pure subroutine convolve(pixels, filtered)
    real(real32), intent(in) :: pixels(:, :)
    real(real32), intent(out) :: filtered(:, :)
    integer :: x, y, i, j
    do y = 1, height
      do x = 1, width
        filtered(x, y) = 0
        do j = -1, 1
          do i = -1, 1
            filtered(x, y) = filtered(x, y) &
              + weights(i, j) * pixels(min(max(x + i, 1), width), min(max(y + j, 1), height))
          end do
        end do
      end do
    end do
  end subroutine convolve

  subroutine dispatch()
    call gl_dispatch_compute(width / 16, height / 8, 1)
  end subroutine dispatch

  ! Two copies of each image by the driver, and a wait in the second.
  subroutine traditional()
    integer :: names(2)
    real(real32), allocatable :: filtered(:, :)
    integer :: i
    allocate(filtered(width, height))
    call gl_gen_buffers(2, names)
    do i = 1, 2
      call gl_bind_buffer(gl_shader_storage_buffer, names(i))
      call gl_buffer_data(gl_shader_storage_buffer, int(bytes, c_intptr_t), c_null_ptr, gl_dynamic_draw)
      call gl_bind_buffer_base(gl_shader_storage_buffer, i - 1, names(i))
    end do
    traditional_ms = 0
    do i = 1, images
      started = now()
      call paint(image, i)
      call gl_bind_buffer(gl_shader_storage_buffer, names(1))
      call gl_buffer_sub_data(gl_shader_storage_buffer, 0_c_intptr_t, int(bytes, c_intptr_t), image)
      call dispatch()
      call gl_memory_barrier(gl_buffer_update_barrier_bit)
      call gl_bind_buffer(gl_shader_storage_buffer, names(2))
      call gl_get_buffer_sub_data(gl_shader_storage_buffer, 0_c_intptr_t, int(bytes, c_intptr_t), filtered)
      traditional_ms = traditional_ms + ms_since(started)
      call check(filtered, i, "traditional")
    end do
  end subroutine traditional

  ! No copy: the CPU paints into the memory that the GPU reads, and reads where the GPU wrote.
  subroutine persistent()
    type(persistent_buffer) :: input, output
    type(pmb_ticket) :: ticket
    real(real32), pointer, asynchronous :: pixels(:, :), filtered(:, :)
    integer :: i
    call create_persistent_buffer(input, context, bytes, access=pmb_access_sequential_write)
    call create_persistent_buffer(output, context, bytes, access=pmb_access_read)
    call c_f_pointer(input%cpu_ptr, pixels, [width, height])
    call c_f_pointer(output%cpu_ptr, filtered, [width, height])
    call gl_bind_buffer_base(gl_shader_storage_buffer, 0, input%gl_buffer)
    call gl_bind_buffer_base(gl_shader_storage_buffer, 1, output%gl_buffer)
    persistent_ms = 0
    do i = 1, images
      started = now()
      call paint(pixels, i)
      call flush_persistent_buffer(input)
      call dispatch()
      call context%mark(ticket)
      call ticket%wait(60 * pmb_second)
      persistent_ms = persistent_ms + ms_since(started)
      call check(filtered, i, "persistent")
    end do
  end subroutine persistent

  subroutine check(filtered, frame, method)
    real(real32), intent(in) :: filtered(:, :)
    integer, intent(in) :: frame
    character(len=*), intent(in) :: method
    if (any(abs(filtered - expected(:, :, frame)) > 0)) error stop "other pixels than the loop's: " // method
  end subroutine check

  function now()
    integer(int64) :: now
    call system_clock(now)
  end function now

  ! Of one image, if all have been done since then.
  function ms_since(start) result(ms)
    integer(int64), intent(in) :: start
    real(real64) :: ms
    integer(int64) :: per_second
    call system_clock(count_rate=per_second)
    ms = 1000.0_real64 * real(now() - start, real64) / real(per_second, real64) / images
  end function ms_since
end program convolution
