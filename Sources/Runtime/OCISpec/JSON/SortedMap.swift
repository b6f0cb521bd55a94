/// A map from text, sorted by the keys' bytes. These documents' maps are small and are read more
/// often than changed; sorted, they print the same each time and need no hashing.
///
/// Other modules see the code: where it is not specialized for what is kept in it, it goes by witness tables.
@frozen public struct SortedMap<Value> {
    @usableFromInline var sorted: [(key: String, value: Value)] = []

    @inlinable public var entries: [(key: String, value: Value)] { sorted }

    @inlinable public init() {}

    /// Of entries with the same key the last counts.
    @inlinable public init(_ unsorted: [(key: String, value: Value)]) {
        if unsorted.count <= 64 {
            for entry in unsorted { self[entry.key] = entry.value }
            return
        }
        // A stable order by key keeps later duplicates behind earlier ones.
        let ordered = unsorted.enumerated().sorted { left, right in
            if Self.precedes(left.element.key, right.element.key) { return true }
            if Self.precedes(right.element.key, left.element.key) { return false }
            return left.offset < right.offset
        }
        sorted.reserveCapacity(ordered.count)
        for (_, entry) in ordered {
            if let last = sorted.last, Self.same(last.key, entry.key) { sorted.removeLast() }
            sorted.append(entry)
        }
    }

    @inlinable public subscript(key: String) -> Value? {
        get {
            let index = position(of: key)
            return index < sorted.count && Self.same(sorted[index].key, key) ? sorted[index].value : nil
        }
        set {
            let index = position(of: key)
            let exists = index < sorted.count && Self.same(sorted[index].key, key)
            switch (newValue, exists) {
            case (let value?, true): sorted[index].value = value
            case (let value?, false): sorted.insert((key, value), at: index)
            case (nil, true): sorted.remove(at: index)
            case (nil, false): break
            }
        }
    }

    @inlinable public var keys: some Sequence<String> { sorted.lazy.map(\.key) }

    @inlinable func position(of key: String) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if Self.precedes(sorted[middle].key, key) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // By bytes: String's own comparison takes different but canonically equivalent texts as equal.
    @inlinable static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    @inlinable static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8)
    }
}

extension SortedMap: RandomAccessCollection {
    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { entries.count }
    @inlinable public subscript(position: Int) -> (key: String, value: Value) { entries[position] }
}

extension SortedMap: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, Value)...) {
        self.init(elements.map { (key: $0.0, value: $0.1) })
    }
}

extension SortedMap: Equatable where Value: Equatable {
    public static func == (left: Self, right: Self) -> Bool {
        left.entries.elementsEqual(right.entries) { same($0.key, $1.key) && $0.value == $1.value }
    }
}

extension SortedMap: Sendable where Value: Sendable {}

extension SortedMap: JSONDecodable where Value: JSONDecodable {
    /// Members that are null count as absent.
    @inlinable public init(from json: JSONValue) throws(JSONError) {
        var found: [(key: String, value: Value)] = []
        for (key, value) in try json.object().members {
            if key.utf8.contains(0) { throw value.error("the key contains a NUL character") }
            if !value.isNull { found.append((key, try Value(from: value))) }
        }
        self.init(found)
    }
}

extension SortedMap: JSONEncodable where Value: JSONEncodable {
    public func encode(to json: inout JSONWriter) {
        json.object { json in
            for (key, value) in entries { json.member(key, value) }
        }
    }
}
