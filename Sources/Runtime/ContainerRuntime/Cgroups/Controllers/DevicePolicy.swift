import OCISpec

/// What a list of device rules amounts to: what is done with a device that no rule names, and the exceptions.
///
/// The list is carried out in order, as runc does and as version 1's files `devices.allow` and `devices.deny`
/// would: a rule for all devices begins anew, a rule that says what holds anyway takes exceptions away. Before
/// the first rule everything is refused.
package struct DevicePolicy: Equatable {
    package typealias Rule = RuntimeSpec.DeviceRule

    /// Devices of one type, by numbers; nil is every number.
    package struct Devices: Equatable {
        package enum Kind: Equatable { case character, block }
        package let kind: Kind
        package let major: UInt32?
        package let minor: UInt32?
    }

    package struct Exception: Equatable {
        package let devices: Devices
        /// What is allowed, or in a policy that allows by default, refused.
        package var access: Rule.Access
    }

    /// With at most three instructions for each, all jumps of a program stay within their 16 bits.
    private static let largest = 8192

    package private(set) var allowsByDefault = false
    /// With distinct devices.
    package private(set) var exceptions: [Exception] = []

    package init(_ rules: [Rule]) throws(CgroupError) {
        for rule in rules {
            guard let devices = try Self.devices(of: rule) else {
                allowsByDefault = rule.allow
                exceptions = []
                continue
            }
            if rule.allow == allowsByDefault {
                try take(rule.access, from: devices)
            } else if let index = exceptions.firstIndex(where: { $0.devices == devices }) {
                exceptions[index].access.formUnion(rule.access)
            } else if exceptions.count == Self.largest {
                throw .invalid(
                    field: "linux.resources.devices", reason: "more than \(Self.largest) devices")
            } else {
                exceptions.append(Exception(devices: devices, access: rule.access))
            }
        }
    }

    /// Everything is allowed: no program is needed.
    package var allowsAll: Bool { allowsByDefault && exceptions.isEmpty }

    /// - Returns: nil for a rule about all devices, whose numbers mean nothing.
    private static func devices(of rule: Rule) throws(CgroupError) -> Devices? {
        func number(_ value: Int64?, _ field: String) throws(CgroupError) -> UInt32? {
            guard let value, value != -1 else { return nil }
            guard let number = UInt32(exactly: value) else {
                throw .invalid(
                    field: "linux.resources.devices", reason: "\(value) is not a \(field) device number")
            }
            return number
        }
        let kind: Devices.Kind
        switch rule.type {
        case .all: return nil
        case .character: kind = .character
        case .block: kind = .block
        }
        return Devices(
            kind: kind, major: try number(rule.major, "major"), minor: try number(rule.minor, "minor"))
    }

    /// Takes an exception back, or part of its access. A hole in an exception for many devices is refused:
    /// version 1 ignores such a rule, and whoever wrote it would believe in a protection that is not there.
    private mutating func take(_ access: Rule.Access, from devices: Devices) throws(CgroupError) {
        let wider = [
            Devices(kind: devices.kind, major: nil, minor: devices.minor),
            Devices(kind: devices.kind, major: devices.major, minor: nil),
            Devices(kind: devices.kind, major: nil, minor: nil),
        ]
        for exception in exceptions
        where exception.devices != devices && wider.contains(exception.devices)
            && !exception.access.isDisjoint(with: access)
        {
            throw .invalid(
                field: "linux.resources.devices",
                reason: "cannot punch a hole for \(devices.description) in the rule for "
                    + exception.devices.description)
        }
        guard let index = exceptions.firstIndex(where: { $0.devices == devices }) else { return }
        exceptions[index].access.subtract(access)
        if exceptions[index].access.isEmpty { exceptions.remove(at: index) }
    }
}

extension DevicePolicy.Devices {
    /// `c 1:*`
    var description: String {
        "\(kind == .character ? "c" : "b") \(major.map(String.init) ?? "*"):\(minor.map(String.init) ?? "*")"
    }
}
