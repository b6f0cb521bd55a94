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
        private var text: YAMLDocument?

        fileprivate init(
            _ number: Int, _ text: YAMLDocument?, _ objects: [any KubernetesObject], _ problems: [String]
        ) {
            self.number = number
            self.text = text
            self.objects = objects
            self.problems = problems
        }

        /// The line of the file on which a field of the document's only object stands.
        /// - Returns: nil for a document with several objects, whose fields' paths begin at each of them.
        package func line(of path: FieldPath) -> Int? { objects.count == 1 ? text?.line(of: path) : nil }
    }

    /// Reads all documents. None that is wrong takes another one with it.
    package static func read(_ bytes: [UInt8]) -> [Document] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return [Document(1, nil, [], ["the file is not UTF-8"])]
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
            return Document(document.number, document, objects, texts)
        } catch {
            let text = "document \(document.number), \(error)"
            return Document(document.number, document, [], [text])
        }
    }
}
