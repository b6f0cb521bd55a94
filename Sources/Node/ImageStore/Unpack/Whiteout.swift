/// The names with which layers remove things (image-spec layer.md, "Whiteouts").
enum Whiteout {
    /// `.wh..wh..opq`: hide everything of lower layers in the folder.
    case opaque
    /// `.wh.NAME`: hide NAME of lower layers.
    case name(ArraySlice<UInt8>)
    /// aufs' own bookkeeping, which old Docker versions left in layers.
    case ignored

    private static let prefix = Array(".wh.".utf8)
    private static let reserved = Array(".wh..wh.".utf8)

    /// Nil for an ordinary path.
    init?(_ path: LayerPath) throws {
        if path.name.elementsEqual(".wh..wh..opq".utf8) {
            self = .opaque
        } else if path.components.contains(where: { $0.starts(with: Self.reserved) }) {
            self = .ignored
        } else if path.parent.components.contains(where: { $0.starts(with: Self.prefix) }) {
            throw ImageError.corrupt("'\(path)' is inside of a whiteout")
        } else if path.name.starts(with: Self.prefix) {
            let name = path.name.dropFirst(Self.prefix.count)
            if name.isEmpty || name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) {
                throw ImageError.corrupt("'\(path)' is a whiteout of no name")
            }
            self = .name(name)
        } else {
            return nil
        }
    }
}
