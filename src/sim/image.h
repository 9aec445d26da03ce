/* SPDX-License-Identifier: MIT */
/* How large an image is, from its first bytes. */
#ifndef SIM_IMAGE_H
#define SIM_IMAGE_H

#include "base/str.h"

/* Width and height of a PNG, GIF, JPEG or WebP, from its data in Base64. False when they cannot be seen. */
bool image_size(struct str base64, int64_t *ret_width, int64_t *ret_height) MUSTCHECK;

#endif
