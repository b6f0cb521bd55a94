#include <archive.h>
#include <archive_entry.h>
#include <lzma.h>
// ZSTD_createDCtx_advanced, which the shared library has, too, takes an allocator.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>
