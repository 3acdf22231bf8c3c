// SPDX-License-Identifier: MIT
// The generated GL types and function table, for src/ only: public headers never see GL.
#pragma once

#include <glad/gl.h>
