/* Decompresses a gzip file in memory with one library, as often as told, and prints the milliseconds of each time.
   usage: inflate zlib|libdeflate|isal FILE COUNT
   zlib and ISA-L work as a pull does, piece by piece; libdeflate has no streams and needs all of both sides at once. */
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

enum { piece = 64 << 10 };

static unsigned char *input;
static size_t input_size;
static size_t output_size;

static void fail(const char *what) {
	fprintf(stderr, "inflate: %s\n", what);
	exit(1);
}

static void with_zlib(unsigned char *output) {
	z_stream stream = {0};
	if (inflateInit2(&stream, 15 + 16) != Z_OK) fail("zlib: no memory");
	size_t done = 0, written = 0;
	int result = Z_OK;
	while (result != Z_STREAM_END) {
		if (stream.avail_in == 0) {
			stream.next_in = input + done;
			stream.avail_in = input_size - done < piece ? input_size - done : piece;
			done += stream.avail_in;
		}
		stream.next_out = output;
		stream.avail_out = piece;
		result = inflate(&stream, Z_NO_FLUSH);
		if (result != Z_OK && result != Z_STREAM_END) fail("zlib: bad data");
		written += piece - stream.avail_out;
	}
	inflateEnd(&stream);
	if (written != output_size) fail("zlib: wrong size");
}

static void with_isal(unsigned char *output) {
	struct inflate_state *state = malloc(sizeof *state);
	isal_inflate_init(state);
	state->crc_flag = ISAL_GZIP;
	size_t done = 0, written = 0;
	while (state->block_state != ISAL_BLOCK_FINISH) {
		if (state->avail_in == 0) {
			state->next_in = input + done;
			state->avail_in = input_size - done < piece ? input_size - done : piece;
			done += state->avail_in;
		}
		state->next_out = output;
		state->avail_out = piece;
		if (isal_inflate(state) != ISAL_DECOMP_OK) fail("ISA-L: bad data");
		written += piece - state->avail_out;
	}
	free(state);
	if (written != output_size) fail("ISA-L: wrong size");
}

static void with_libdeflate(unsigned char *output) {
	struct libdeflate_decompressor *state = libdeflate_alloc_decompressor();
	size_t written;
	if (libdeflate_gzip_decompress(state, input, input_size, output, output_size, &written) != LIBDEFLATE_SUCCESS)
		fail("libdeflate: bad data");
	libdeflate_free_decompressor(state);
	if (written != output_size) fail("libdeflate: wrong size");
}

int main(int count, char **words) {
	if (count != 4) fail("usage: inflate zlib|libdeflate|isal FILE COUNT");
	FILE *file = fopen(words[2], "rb");
	if (!file || fseek(file, 0, SEEK_END) != 0) fail("cannot open the file");
	input_size = ftell(file);
	rewind(file);
	input = malloc(input_size);
	if (fread(input, 1, input_size, file) != input_size || input_size < 18) fail("cannot read the file");
	/* RFC 1952, section 2.3.1: the last four bytes are the size, of files below 4 GiB. */
	const unsigned char *end = input + input_size - 4;
	output_size = end[0] | end[1] << 8 | end[2] << 16 | (size_t)end[3] << 24;
	int whole = strcmp(words[1], "libdeflate") == 0;
	unsigned char *output = malloc(whole ? output_size : piece);
	memset(output, 0, whole ? output_size : piece);
	for (int round = atoi(words[3]); round > 0; round--) {
		struct timespec begin, now;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
		if (whole) with_libdeflate(output);
		else if (strcmp(words[1], "isal") == 0) with_isal(output);
		else with_zlib(output);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
		printf("%.3f\n", (now.tv_sec - begin.tv_sec) * 1e3 + (now.tv_nsec - begin.tv_nsec) / 1e6);
	}
}
