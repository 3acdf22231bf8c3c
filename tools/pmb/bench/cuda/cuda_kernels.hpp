// SPDX-License-Identifier: MIT
// The CUDA kernels of the limit, in PTX that the driver compiles for its GPU. Each loops over memory in units of 16 bytes,
// four at a time, with neighbouring threads on neighbouring units.
//
//   pmb_read(sums, source, units)     adds up every word; each thread stores its sum as its own word of `sums`
//   pmb_write(target, seed, units)    stores word i as i + seed
//   pmb_copy(target, source, units)
#pragma once

namespace pmb::tool::bench {

inline constexpr const char* kCudaKernels = R"ptx(
.version 6.0
.target sm_50
.address_size 64

.visible .entry pmb_read(.param .u64 read_sums, .param .u64 read_source, .param .u64 read_units)
{
  .reg .pred %p<3>;
  .reg .b32 %r<32>;
  .reg .b64 %rd<20>;
  ld.param.u64 %rd1, [read_sums];
  ld.param.u64 %rd2, [read_source];
  ld.param.u64 %rd3, [read_units];
  cvta.to.global.u64 %rd1, %rd1;
  cvta.to.global.u64 %rd2, %rd2;
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  mov.u32 %r4, %nctaid.x;
  cvt.u64.u32 %rd5, %r3;
  mad.wide.u32 %rd4, %r1, %r2, %rd5;
  mul.wide.u32 %rd6, %r4, %r2;
  shl.b64 %rd7, %rd6, 4;
  shl.b64 %rd8, %rd6, 2;
  shl.b64 %rd15, %rd4, 2;
  add.u64 %rd1, %rd1, %rd15;
  mov.u32 %r21, 0;
READ_FOUR:
  mad.lo.u64 %rd9, %rd6, 3, %rd4;
  setp.ge.u64 %p1, %rd9, %rd3;
  @%p1 bra READ_ONE;
  shl.b64 %rd10, %rd4, 4;
  add.u64 %rd11, %rd2, %rd10;
  add.u64 %rd12, %rd11, %rd7;
  add.u64 %rd13, %rd12, %rd7;
  add.u64 %rd14, %rd13, %rd7;
  ld.global.v4.u32 {%r5, %r6, %r7, %r8}, [%rd11];
  ld.global.v4.u32 {%r9, %r10, %r11, %r12}, [%rd12];
  ld.global.v4.u32 {%r13, %r14, %r15, %r16}, [%rd13];
  ld.global.v4.u32 {%r17, %r18, %r19, %r20}, [%rd14];
  add.u32 %r5, %r5, %r6;
  add.u32 %r7, %r7, %r8;
  add.u32 %r9, %r9, %r10;
  add.u32 %r11, %r11, %r12;
  add.u32 %r13, %r13, %r14;
  add.u32 %r15, %r15, %r16;
  add.u32 %r17, %r17, %r18;
  add.u32 %r19, %r19, %r20;
  add.u32 %r5, %r5, %r7;
  add.u32 %r9, %r9, %r11;
  add.u32 %r13, %r13, %r15;
  add.u32 %r17, %r17, %r19;
  add.u32 %r5, %r5, %r9;
  add.u32 %r13, %r13, %r17;
  add.u32 %r21, %r21, %r5;
  add.u32 %r21, %r21, %r13;
  add.u64 %rd4, %rd4, %rd8;
  bra READ_FOUR;
READ_ONE:
  setp.ge.u64 %p2, %rd4, %rd3;
  @%p2 bra READ_DONE;
  shl.b64 %rd10, %rd4, 4;
  add.u64 %rd11, %rd2, %rd10;
  ld.global.v4.u32 {%r5, %r6, %r7, %r8}, [%rd11];
  add.u32 %r5, %r5, %r6;
  add.u32 %r7, %r7, %r8;
  add.u32 %r21, %r21, %r5;
  add.u32 %r21, %r21, %r7;
  add.u64 %rd4, %rd4, %rd6;
  bra READ_ONE;
READ_DONE:
  st.global.u32 [%rd1], %r21;
  ret;
}

.visible .entry pmb_write(.param .u64 write_target, .param .u64 write_seed, .param .u64 write_units)
{
  .reg .pred %p<2>;
  .reg .b32 %r<12>;
  .reg .b64 %rd<12>;
  ld.param.u64 %rd1, [write_target];
  ld.param.u64 %rd2, [write_seed];
  ld.param.u64 %rd3, [write_units];
  cvta.to.global.u64 %rd1, %rd1;
  cvt.u32.u64 %r9, %rd2;
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  mov.u32 %r4, %nctaid.x;
  cvt.u64.u32 %rd5, %r3;
  mad.wide.u32 %rd4, %r1, %r2, %rd5;
  mul.wide.u32 %rd6, %r4, %r2;
WRITE_ONE:
  setp.ge.u64 %p1, %rd4, %rd3;
  @%p1 bra WRITE_DONE;
  cvt.u32.u64 %r5, %rd4;
  shl.b32 %r5, %r5, 2;
  add.u32 %r5, %r5, %r9;
  add.u32 %r6, %r5, 1;
  add.u32 %r7, %r5, 2;
  add.u32 %r8, %r5, 3;
  shl.b64 %rd7, %rd4, 4;
  add.u64 %rd8, %rd1, %rd7;
  st.global.v4.u32 [%rd8], {%r5, %r6, %r7, %r8};
  add.u64 %rd4, %rd4, %rd6;
  bra WRITE_ONE;
WRITE_DONE:
  ret;
}

.visible .entry pmb_copy(.param .u64 copy_target, .param .u64 copy_source, .param .u64 copy_units)
{
  .reg .pred %p<3>;
  .reg .b32 %r<24>;
  .reg .b64 %rd<24>;
  ld.param.u64 %rd1, [copy_target];
  ld.param.u64 %rd2, [copy_source];
  ld.param.u64 %rd3, [copy_units];
  cvta.to.global.u64 %rd1, %rd1;
  cvta.to.global.u64 %rd2, %rd2;
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  mov.u32 %r4, %nctaid.x;
  cvt.u64.u32 %rd5, %r3;
  mad.wide.u32 %rd4, %r1, %r2, %rd5;
  mul.wide.u32 %rd6, %r4, %r2;
  shl.b64 %rd7, %rd6, 4;
  shl.b64 %rd8, %rd6, 2;
COPY_FOUR:
  mad.lo.u64 %rd9, %rd6, 3, %rd4;
  setp.ge.u64 %p1, %rd9, %rd3;
  @%p1 bra COPY_ONE;
  shl.b64 %rd10, %rd4, 4;
  add.u64 %rd11, %rd2, %rd10;
  add.u64 %rd12, %rd11, %rd7;
  add.u64 %rd13, %rd12, %rd7;
  add.u64 %rd14, %rd13, %rd7;
  add.u64 %rd15, %rd1, %rd10;
  add.u64 %rd16, %rd15, %rd7;
  add.u64 %rd17, %rd16, %rd7;
  add.u64 %rd18, %rd17, %rd7;
  ld.global.v4.u32 {%r5, %r6, %r7, %r8}, [%rd11];
  ld.global.v4.u32 {%r9, %r10, %r11, %r12}, [%rd12];
  ld.global.v4.u32 {%r13, %r14, %r15, %r16}, [%rd13];
  ld.global.v4.u32 {%r17, %r18, %r19, %r20}, [%rd14];
  st.global.v4.u32 [%rd15], {%r5, %r6, %r7, %r8};
  st.global.v4.u32 [%rd16], {%r9, %r10, %r11, %r12};
  st.global.v4.u32 [%rd17], {%r13, %r14, %r15, %r16};
  st.global.v4.u32 [%rd18], {%r17, %r18, %r19, %r20};
  add.u64 %rd4, %rd4, %rd8;
  bra COPY_FOUR;
COPY_ONE:
  setp.ge.u64 %p2, %rd4, %rd3;
  @%p2 bra COPY_DONE;
  shl.b64 %rd10, %rd4, 4;
  add.u64 %rd11, %rd2, %rd10;
  add.u64 %rd15, %rd1, %rd10;
  ld.global.v4.u32 {%r5, %r6, %r7, %r8}, [%rd11];
  st.global.v4.u32 [%rd15], {%r5, %r6, %r7, %r8};
  add.u64 %rd4, %rd4, %rd6;
  bra COPY_ONE;
COPY_DONE:
  ret;
}
)ptx";

}  // namespace pmb::tool::bench
