#pragma once

// Nothing to call: a static program that depends on this target finds its arguments without reading
// /proc/self/maps. See arguments.c.
