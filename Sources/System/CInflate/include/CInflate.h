#pragma once

#include <isa-l/igzip_lib.h>

// ISA-L's decoder where the program is linked with it. Debian has ISA-L as a shared library only, and a static
// program can do without: its symbols are weak.

/// Whether the functions below may be called.
_Bool cinflate_is_linked(void);

void cinflate_init(struct inflate_state *state);
void cinflate_reset(struct inflate_state *state);
int cinflate_run(struct inflate_state *state);
