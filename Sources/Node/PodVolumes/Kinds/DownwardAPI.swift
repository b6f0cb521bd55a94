import KubernetesAPI

/// What a pod may read about itself.
package enum DownwardAPI {
    /// - Parameter allocatable: the node's, which counts where a container has no limit.
    static func payload(
        _ items: [DownwardAPIVolumeFile], of pod: Pod, allocatable: ResourceList,
        defaults: ObjectPayload.Defaults
    ) throws(VolumeFailure) -> Payload {
        var payload = Payload()
        var failures: [String] = []
        for item in items {
            do throws(VolumeFailure) {
                let text: String
                if let field = item.fieldRef {
                    guard let value = value(ofField: field.fieldPath, in: pod) else {
                        throw VolumeFailure("unsupported fieldPath: \(field.fieldPath)")
                    }
                    text = value
                } else if let resource = item.resourceFieldRef {
                    text = try ResourceField.value(
                        resource, in: pod, container: nil, allocatable: allocatable)
                } else {
                    throw VolumeFailure("item \"\(item.path)\" has neither fieldRef nor resourceFieldRef")
                }
                try payload.put(
                    item.path, Array(text.utf8), mode: item.mode ?? defaults.mode,
                    owner: item.user ?? defaults.owner)
            } catch {
                failures.append(error.description)
            }
        }
        if !failures.isEmpty { throw VolumeFailure(failures) }
        return payload
    }

    /// Of the fields that files may hold; the node knows more, which variables hold.
    /// - Returns: nil for any other.
    package static func value(ofField path: String, in pod: Pod) -> String? {
        let metadata = pod.metadata
        switch path {
        case "metadata.name": return metadata.name
        case "metadata.namespace": return pod.namespace
        case "metadata.uid": return metadata.uid
        case "metadata.labels": return lines(metadata.labels)
        case "metadata.annotations": return lines(metadata.annotations)
        default:
            if let key = subscripted(path, "metadata.labels") { return metadata.labels[key] ?? "" }
            if let key = subscripted(path, "metadata.annotations") { return metadata.annotations[key] ?? "" }
            return nil
        }
    }

    /// `KEY` of `field['KEY']`.
    private static func subscripted(_ path: String, _ field: String) -> String? {
        guard path.hasPrefix(field + "['"), path.hasSuffix("']"), path.utf8.count > field.utf8.count + 4
        else {
            return nil
        }
        return String(path.dropFirst(field.count + 2).dropLast(2))
    }

    /// One line for each, sorted, the value in quotes: `app="web"`.
    private static func lines(_ map: [String: String]) -> String {
        map.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { $0.key + "=" + quoted($0.value) }.joined(separator: "\n")
    }

    /// As Go's %q: what does not print is escaped.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{7}": result += "\\a"
            case "\u{8}": result += "\\b"
            case "\u{b}": result += "\\v"
            case "\u{c}": result += "\\f"
            default:
                if prints(scalar) {
                    result.unicodeScalars.append(scalar)
                } else if scalar.value < 0x80 {
                    result += "\\x" + hexadecimal(scalar.value, 2)
                } else if scalar.value < 0x1_0000 {
                    result += "\\u" + hexadecimal(scalar.value, 4)
                } else {
                    result += "\\U" + hexadecimal(scalar.value, 8)
                }
            }
        }
        return result + "\""
    }

    private static func hexadecimal(_ value: UInt32, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: width - digits.count) + digits
    }

    private static func prints(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x20..<0x7f).contains(scalar.value) }
        return switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
        default: true
        }
    }
}
