import CLinux
import Glibc

/// Tells the file system that the folders in this one have nothing to do with each other (FS_TOPDIR_FL of
/// ioctl_iflags(2), `chattr +T`): ext4 then puts each of them into another part of the disk instead of the next one to
/// it.
///
/// ext4 does not use an inode again for some minutes after it was freed (`recently_deleted` in fs/ext4/ialloc.c), and
/// at each new file it looks at all of those in that part of the disk before it takes a fresh one. Where containers or
/// pods come and go in one place, that is most of what making them costs (docs/benchmarks.md).
///
/// The part is chosen by the sub-folder's name: only for names that do not come again.
///
/// A hint: file systems without it go on as they are.
/// - Parameter path: a folder of our own; nothing happens when it is not there.
public func spreadSubfolders(of path: String) {
    guard let folder = try? FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else { return }
    let isTop: Int32 = 0x0002_0000
    // The kernel reads and writes an int, whatever the calls' numbers say of their size.
    var flags: Int32 = 0
    guard clinux_ioctl(folder.raw, 0x8008_6601, &flags) == 0, flags & isTop == 0 else { return }
    flags |= isTop
    _ = clinux_ioctl(folder.raw, 0x4008_6602, &flags)
}
