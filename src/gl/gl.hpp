// SPDX-License-Identifier: MIT
// The generated GL types and function table, for src/ only: no public header includes GL.
#pragma once

#include <glad/gl.h>
