/// The name of one folder, made of what manifests or a runtime say: never a path that leads elsewhere.
package enum FolderName {
    /// NAME_MAX.
    private static let longest = 255

    /// - Throws: `FolderNameError` for what no folder can have as its name.
    /// - Returns: the name.
    package static func checked(_ name: String) throws(FolderNameError) -> String {
        if name.utf8.count > longest {
            throw FolderNameError(
                name: name, reason: "has \(name.utf8.count) bytes: a file's name has \(longest) at most")
        }
        guard !name.isEmpty, name != ".", name != "..",
            !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 })
        else { throw FolderNameError(name: name, reason: "leads elsewhere") }
        return name
    }

    static func isOne(_ name: String) -> Bool { (try? checked(name)) != nil }
}

package struct FolderNameError: Error, CustomStringConvertible {
    let name: String
    let reason: String

    package var description: String { "the name of a folder, \"\(name)\", \(reason)" }
}
