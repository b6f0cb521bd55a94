/// Where a value stands in an object, printed as Kubernetes does: `spec.containers[0].name`,
/// `metadata.labels[app]`. Grown a step at a time on the way down and printed only for a message.
package struct FieldPath: Sendable, CustomStringConvertible {
    /// A step: a member by its name, an element by its place, an entry of a map by its key.
    package enum Step: Sendable, Equatable {
        case field(String)
        case index(Int)
        case key(String)
    }

    private final class Link: Sendable {
        let step: Step
        let parent: Link?

        init(_ step: Step, below parent: Link?) {
            self.step = step
            self.parent = parent
        }
    }

    private var last: Link?

    /// The object itself.
    package static let root = FieldPath()

    package init() {}

    package init(_ field: String, _ fields: String...) {
        last = Link(.field(field), below: nil)
        for field in fields { last = Link(.field(field), below: last) }
    }

    package func appending(_ step: Step) -> FieldPath {
        var path = self
        path.last = Link(step, below: last)
        return path
    }

    /// The member of an object.
    package func field(_ name: String) -> FieldPath { appending(.field(name)) }

    /// The element of a list.
    package func index(_ index: Int) -> FieldPath { appending(.index(index)) }

    /// The entry of a map, or the element of a list that has a key.
    package func key(_ key: String) -> FieldPath { appending(.key(key)) }

    /// From the object itself down.
    package var steps: [Step] {
        var steps: [Step] = []
        var link = last
        while let current = link {
            steps.append(current.step)
            link = current.parent
        }
        return steps.reversed()
    }

    package var description: String {
        var text = ""
        for step in steps {
            switch step {
            case .field(let name): text += text.isEmpty ? name : "." + name
            case .index(let index): text += "[\(index)]"
            case .key(let key): text += "[\(key)]"
            }
        }
        return text
    }
}

extension FieldPath: Equatable {
    package static func == (left: Self, right: Self) -> Bool {
        left.last === right.last || left.steps == right.steps
    }
}
