// What the linker puts in the place of swift_copyAuxiliaryExecutablePath where it is told so (Package.swift).
//
// The Swift library asks for `swift-backtrace` before main: ten calls to find a program that is not there, and where
// there is no /proc it ends the process for not finding itself.
char *__wrap_swift_copyAuxiliaryExecutablePath(const char *folder, const char *name) {
    (void)folder;
    (void)name;
    return 0;
}
