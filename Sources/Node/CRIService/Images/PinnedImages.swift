import ImageStore

/// The configuration's list of images that must stay.
struct PinnedImages: Sendable {
    private var names: Set<ImageReference> = []
    private var beginnings: [String] = []

    /// Of what the configuration was checked for (`problem`).
    init(_ texts: [String]) {
        for text in texts {
            if text.hasSuffix("*") {
                beginnings.append(String(text.dropLast()))
            } else if let name = try? ImageReference(text) {
                names.insert(name.withDefaultTag)
            }
        }
    }

    func contain(_ image: ImageRecord) -> Bool {
        (image.names + image.digestNames).contains { name in
            names.contains(name) || beginnings.contains { name.description.hasPrefix($0) }
        } || image.digests.contains(where: names.contains)
    }

    /// What is wrong with such a list.
    static func problem(_ texts: [String]) -> String? {
        for text in texts where !text.hasSuffix("*") {
            do { _ = try ImageReference(text) } catch { return "\(error)" }
        }
        return nil
    }
}
