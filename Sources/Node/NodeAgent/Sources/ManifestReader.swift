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
        /// By uid: of two documents with one, the first one's.
        package var places: [String: PodPlace] = [:]
        package var objects: [any KubernetesResource] = []
        /// One line each: the file, the document and its line, the field, and what is wrong with it.
        package var problems: [String] = []

        /// A text with errors says nothing new after one that could be read as a whole. Before there was one, what is good
        /// in it counts, beside what was good before.
        mutating func keep(_ before: Content, isWhole: Bool) {
            if isWhole {
                pods = before.pods
                places = before.places
                objects = before.objects
                return
            }
            let names = Set(pods.map(\.fullName))
            pods += before.pods.filter { !names.contains($0.fullName) }
            places.merge(before.places) { now, _ in now }
            let known = Set(objects.map(Self.key))
            objects += before.objects.filter { !known.contains(Self.key($0)) }
        }

        private static func key(_ object: any KubernetesResource) -> [String] {
            [type(of: object).kind, object.metadata.namespace, object.metadata.name]
        }
    }

    /// A document with an error is left out; the others are read.
    /// - Parameter before: what the same source said last: what is immutable in it cannot be changed.
    package func read(
        _ bytes: [UInt8], from source: StaticPod.Source, before: Content? = nil
    ) -> Content {
        var content = Content()
        let file: String =
            switch source {
            case .file(let path): path
            case .http(let url): url
            }
        for document in Manifest.read(bytes) {
            guard document.problems.isEmpty else {
                content.problems += document.problems.map { "\(file): \($0)" }
                continue
            }
            for object in document.objects { add(object, of: document, file, source, before, &content) }
        }
        return content
    }

    private func add(
        _ object: any KubernetesObject, of document: Manifest.Document, _ file: String,
        _ source: StaticPod.Source, _ before: Content?, _ content: inout Content
    ) {
        var errors = FieldErrors()
        switch object {
        case let pod as Pod:
            let pod = StaticPod.prepare(pod, node: nodeName, source: source)
            errors = StaticPod.validate(pod)
            if errors.isEmpty {
                content.pods.append(pod)
                let place = PodPlace(file: file, document: document.number)
                content.places.merge([pod.metadata.uid: place]) { first, _ in first }
            }
        case let object as any KubernetesResource where Self.isUsed(object):
            var object = object
            if object.metadata.namespace.isEmpty { object.metadata.namespace = "default" }
            errors = Self.validate(&object, before)
            if errors.isEmpty { content.objects.append(object) }
        default:
            content.problems.append(
                "\(file): document \(document.number): kind \(type(of: object).kind): a node takes pods, services, and the "
                    + "config maps, secrets and claims that pods name")
        }
        for error in errors.all {
            let line = document.line(of: error.path).map { ", line \($0)" } ?? ""
            content.problems.append("\(file): document \(document.number)\(line): \(error)")
        }
    }

    private static func validate(_ object: inout any KubernetesResource, _ before: Content?) -> FieldErrors {
        let name = object.metadata.name
        let namespace = object.metadata.namespace
        func known<Object: KubernetesResource>(_ type: Object.Type) -> Object? {
            before?.objects.lazy.compactMap { $0 as? Object }
                .first { $0.metadata.name == name && $0.metadata.namespace == namespace }
        }
        switch object {
        case let map as ConfigMap:
            let errors = map.validate()
            guard errors.isEmpty, let before = known(ConfigMap.self) else { return errors }
            return map.validateChange(from: before)
        case let raw as Secret:
            let secret = raw.withDefaults()
            object = secret
            let errors = secret.validate()
            guard errors.isEmpty, let before = known(Secret.self) else { return errors }
            return secret.validateChange(from: before)
        default: return FieldErrors()
        }
    }

    /// What pods are made of, besides themselves.
    private static func isUsed(_ object: any KubernetesResource) -> Bool {
        object is ConfigMap || object is Secret || object is PersistentVolume
            || object is PersistentVolumeClaim || object is Service
    }
}
