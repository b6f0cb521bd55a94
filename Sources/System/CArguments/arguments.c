// The Swift library finds a program's arguments by reading and parsing /proc/self/maps, in every program and before
// main: a seventh of the time that a short command takes. The C library hands them to whoever runs before main.
//
// These are the two functions of the library's CommandLine.cpp. They are linked in its place, since its archive is asked
// only for what is still missing. Should a later library want other functions of it, the linker says that some are there
// twice.
#include "CArguments.h"

#define IN_PLACE_OF_THE_LIBRARYS __attribute__((visibility("hidden")))

static char **arguments;
static int argument_count;

// Before the constructors without a number, which may ask for arguments.
__attribute__((constructor(101))) static void take_arguments(int count, char **vector) {
    argument_count = count;
    arguments = vector;
}

IN_PLACE_OF_THE_LIBRARYS char **_swift_stdlib_getUnsafeArgvArgc(int *count) {
    *count = argument_count;
    return arguments;
}

IN_PLACE_OF_THE_LIBRARYS void _swift_stdlib_overrideUnsafeArgvArgc(char **vector, int count) {
    arguments = vector;
    argument_count = count;
}
