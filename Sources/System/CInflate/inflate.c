#include "CInflate.h"

#pragma weak isal_inflate_init
#pragma weak isal_inflate_reset
#pragma weak isal_inflate

_Bool cinflate_is_linked(void) { return isal_inflate != 0; }

void cinflate_init(struct inflate_state *state) { isal_inflate_init(state); }

void cinflate_reset(struct inflate_state *state) { isal_inflate_reset(state); }

int cinflate_run(struct inflate_state *state) { return isal_inflate(state); }
