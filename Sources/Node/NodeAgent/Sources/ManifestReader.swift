import KubernetesAPI

/// Manifests as text become pods, and the config maps, secrets and claims that they are made of.
package struct ManifestReader: Sendable {
    /// Bytes of a file or an answer.
    static let largestFile = 10 << 20

    private let nodeName: String

    package init(nodeName: String) {
        self.nodeName = nodeName
    }

    package struct Content: Sendable {
        package var pods: [Pod] = []
        package var objects: [any KubernetesResource] = []
        /// One line each: the file, the document and its line, the field, and what is wrong with it.
        package var problems: [String] = []
    }

    /// A document with an error is left out; the others are read.
    package func read(_ bytes: [UInt8], from source: StaticPod.Source) -> Content {
        var content = Content()
        let file: String =
            switch source {
            case .file(let path): path
            case .http(let url): url
            }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            content.problems.append("\(file): is not UTF-8")
            return content
        }
        let documents = YAMLDocument.split(text)
        for document in documents {
            let place = documents.count > 1 ? "\(file): document \(document.number)" : file
            do {
                let value = try document.value()
                for (index, item) in Self.items(value).enumerated() {
                    let part = Self.isList(value) ? "\(place): items[\(index)]" : place
                    read(item, document, part, source, &content)
                }
            } catch {
                content.problems.append("\(place): \(error)")
            }
        }
        return content
    }

    /// What pods are made of, besides themselves.
    private static func isUsed(_ object: any KubernetesResource) -> Bool {
        object is ConfigMap || object is Secret || object is PersistentVolume
            || object is PersistentVolumeClaim
    }

    private static func isList(_ value: APIValue) -> Bool {
        guard let kind = value["kind"]?.string else { return false }
        return (kind == "List" || kind == "PodList") && value["items"]?.array != nil
    }

    private static func items(_ value: APIValue) -> [APIValue] {
        isList(value) ? value["items"]?.array ?? [] : [value]
    }

    private func read(
        _ value: APIValue, _ document: YAMLDocument, _ place: String, _ source: StaticPod.Source,
        _ content: inout Content
    ) {
        var problems = Problems()
        let object = ObjectKinds.read(value, reporting: &problems)
        guard problems.isEmpty, let object else {
            for problem in problems.all {
                content.problems.append("\(place), line \(document.line(of: problem.path)): \(problem)")
            }
            return
        }
        switch object {
        case let pod as Pod:
            let pod = StaticPod.prepare(pod, node: nodeName, source: source)
            let errors = pod.validate()
            if errors.isEmpty {
                content.pods.append(pod)
            } else {
                for error in errors.all {
                    content.problems.append("\(place), line \(document.line(of: error.path)): \(error)")
                }
            }
        case let object as any KubernetesResource where Self.isUsed(object):
            var object = object
            if object.metadata.namespace.isEmpty { object.metadata.namespace = "default" }
            content.objects.append(object)
        default:
            content.problems.append(
                "\(place): kind \(type(of: object).kind): a node takes pods, and the config maps, secrets and "
                    + "claims that they name")
        }
    }
}
