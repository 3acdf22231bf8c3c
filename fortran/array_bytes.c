// SPDX-License-Identifier: MIT
// The one thing about an array of any type that Fortran cannot ask: the bytes of its elements.
#include <ISO_Fortran_binding.h>
#include <stdint.h>

void pmb_fortran_array_bytes(const CFI_cdesc_t* array, void** first, int64_t* bytes);

// Sets `bytes` to -1 for an array of assumed size, which knows all of its extents but the last.
void pmb_fortran_array_bytes(const CFI_cdesc_t* array, void** first, int64_t* bytes) {
  *first = array->base_addr;
  *bytes = (int64_t)array->elem_len;
  for (CFI_rank_t i = 0; i < array->rank; ++i) {
    if (array->dim[i].extent < 0) {
      *bytes = -1;
      return;
    }
    *bytes *= array->dim[i].extent;
  }
}
