/// A file of manifests: YAML or JSON, several documents, an object or a list in each.
package enum Manifest {
    /// What one document of a file says.
    package struct Document: Sendable {
        /// Counted from 1.
        package var number: Int
        /// What could be read, with problems or without.
        package var objects: [any KubernetesObject]
        /// What is wrong, each with its place: `document 2, line 7: unknown field "spec.x"`.
        package var problems: [String]
    }

    /// Reads all documents. None that is wrong takes another one with it.
    package static func read(_ bytes: [UInt8]) -> [Document] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return [Document(number: 1, objects: [], problems: ["the file is not UTF-8"])]
        }
        return YAMLDocument.split(text).map(read)
    }

    private static func read(_ document: YAMLDocument) -> Document {
        do {
            var problems = Problems()
            let objects = ObjectKinds.readAll(try document.value(), reporting: &problems)
            let texts = problems.all.map { problem in
                "document \(document.number), line \(document.line(of: problem.path)): \(problem)"
            }
            return Document(number: document.number, objects: objects, problems: texts)
        } catch {
            let text = "document \(document.number), \(error)"
            return Document(number: document.number, objects: [], problems: [text])
        }
    }
}
