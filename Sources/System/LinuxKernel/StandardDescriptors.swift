import Glibc

/// The descriptors 0, 1 and 2, which whoever starts a program may have closed (`<&-` in a shell).
public enum StandardDescriptors {
    /// Makes /dev/null of those that are closed: else the next file or socket that is opened would be taken for
    /// standard input or output. To be called first of all in a program.
    public static func fill() {
        for number: Int32 in 0...2 where fcntl(number, F_GETFD) < 0 {
            // The lowest number that is free, which all below it are not. Programs that are started have it, too.
            _ = open("/dev/null", O_RDWR)
        }
    }
}
