import CLinux
import ContainerRuntime
import Glibc
import LinuxKernel
import Testing

/// Messages as systemd's manager took and gave them.
struct DBusTests {
    /// `\` and an octal number stand for a byte.
    private func bytes(_ text: String) -> [UInt8] {
        var found: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                found.append(byte)
                continue
            }
            found.append(UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)!)
            rest = rest.dropFirst(3)
        }
        return found
    }

    private var call: [UInt8] {
        bytes(
            #"l\001\000\001\040\000\000\000\001\000\000\000h\000\000\000"#
                + #"\001\001o\000\031\000\000\000/org/freedesktop/systemd1\000\000\000\000\000\000\000"#
                + #"\002\001s\000\037\000\000\000org.freedesktop.DBus.Properties\000"#
                + #"\003\001s\000\003\000\000\000Get\000\000\000\000\000\010\001g\000\002ss\000"#
                + #"\005\000\000\000Alpha\000\000\000\014\000\000\000ControlGroup\000"#
        ).replacingBodyLength()
    }

    private var answer: [UInt8] {
        bytes(
            #"l\002\001\0016\000\000\000\001\000\000\0007\000\000\000\005\001u\000\001\000\000\000"#
                + #"\007\001s\000\030\000\000\000org.freedesktop.systemd1\000\000\000\000\000\000\000\000"#
                + #"\010\001g\000\001v\000\000"#
                + #"\001s\000\000-\000\000\000/user.slice/user-1000.slice/user@1000.service\000"#)
    }

    private var refusal: [UInt8] {
        bytes(
            #"l\003\001\001&\000\000\000\020\000\000\000g\000\000\000\005\001u\000\003\000\000\000"#
                + #"\004\001s\000#\000\000\000org.freedesktop.systemd1.NoSuchUnit\000\000\000\000\000"#
                + #"\007\001s\000\030\000\000\000org.freedesktop.systemd1\000\000\000\000\000\000\000\000"#
                + #"\010\001g\000\001s\000\000!\000\000\000Unit swiftlet-x.scope not loaded.\000"#)
    }

    // MARK: Writing

    @Test func aCallAsBytes() {
        var message = DBusMessage(.call, serial: 1)
        message.path = "/org/freedesktop/systemd1"
        message.interface = "org.freedesktop.DBus.Properties"
        message.member = "Get"
        message.signature = "ss"
        var writer = DBusWriter()
        writer.string("Alpha")
        writer.string("ControlGroup")
        message.body = writer.bytes
        #expect(message.encoded() == call)
    }

    @Test func properties() {
        var writer = DBusWriter()
        writer.properties([
            SystemdProperty("Delegate", .boolean(true)), SystemdProperty("PIDs", .numbers([7, 300])),
            SystemdProperty("TasksMax", .uint64(.max)), SystemdProperty("AllowedCPUs", .bytes([5])),
            SystemdProperty("Wants", .strings(["a", "bc"])),
        ])
        let expected = bytes(
            // The array's length does not count the gap before its first element.
            #"\202\000\000\000\000\000\000\000"#
                + #"\010\000\000\000Delegate\000\001b\000\001\000\000\000\000\000\000\000"#
                + #"\004\000\000\000PIDs\000\002au\000\000\000\000\010\000\000\000\007\000\000\000\054\001\000\000"#
                + #"\000\000\000\000"#
                + #"\010\000\000\000TasksMax\000\001t\000\377\377\377\377\377\377\377\377"#
                + #"\013\000\000\000AllowedCPUs\000\002ay\000\001\000\000\000\005\000\000\000\000\000\000\000"#
                + #"\005\000\000\000Wants\000\002as\000\000\000\017\000\000\000\001\000\000\000a\000\000\000"#
                + #"\002\000\000\000bc\000"#)
        // All but the length, which is easier to compute than to write in octal.
        #expect(Array(writer.bytes.dropFirst(4)) == Array(expected.dropFirst(4)))
        #expect(Int(writer.bytes[0]) | Int(writer.bytes[1]) << 8 == expected.count - 8)
    }

    @Test(arguments: [
        (DBusValue.byte(1), "y", 1), (.boolean(true), "b", 4), (.int16(-1), "n", 2), (.uint16(1), "q", 2),
        (.int32(-1), "i", 4), (.uint32(1), "u", 4), (.int64(-1), "x", 8), (.uint64(1), "t", 8),
        (.double(0.5), "d", 8), (.string("ab"), "s", 7), (.objectPath("/"), "o", 6),
        (.signature("as"), "g", 4),
    ])
    func eachTypeComesBack(value: DBusValue, signature: String, size: Int) throws {
        #expect(value.signature == signature)
        var writer = DBusWriter()
        writer.value(value)
        #expect(writer.bytes.count == size)
        var message = DBusMessage(.reply, serial: 9)
        message.replySerial = 3
        message.signature = signature
        message.body = writer.bytes
        let read = try DBusMessage(message.encoded())
        #expect(read == message)
        #expect(try read.arguments(signature) == [value])
    }

    // MARK: Reading

    @Test func anAnswer() throws {
        let message = try DBusMessage(answer)
        #expect(message.kind == .reply)
        #expect(message.replySerial == 1)
        #expect(
            try message.arguments("v") == [.string("/user.slice/user-1000.slice/user@1000.service")])
        for other in ["s", "", "vv"] {
            let error = #expect(throws: DBusError.self) { try message.arguments(other) }
            #expect("\(error!)".contains("not '\(other)'"))
        }
    }

    @Test func anError() throws {
        let message = try DBusMessage(refusal)
        #expect(message.kind == .error)
        #expect(message.errorName == "org.freedesktop.systemd1.NoSuchUnit")
        #expect(message.replySerial == 3)
    }

    @Test func aSignal() throws {
        var message = DBusMessage(.signal, serial: 5)
        message.path = "/org/freedesktop/systemd1"
        message.interface = "org.freedesktop.systemd1.Manager"
        message.member = "JobRemoved"
        message.signature = "uoss"
        var writer = DBusWriter()
        for value in [
            DBusValue.uint32(77), .objectPath("/job/77"), .string("a.scope"), .string("done"),
        ] { writer.value(value) }
        message.body = writer.bytes
        let values = try DBusMessage(message.encoded()).arguments("uoss")
        #expect(values == [.uint32(77), .objectPath("/job/77"), .string("a.scope"), .string("done")])
        message.member = nil
        #expect(throws: DBusError.self) { try DBusMessage(message.encoded()) }
    }

    @Test func lengthIsKnownFromTheBeginning() throws {
        for count in 0..<16 { #expect(try DBusMessage.length(Array(answer.prefix(count))) == nil) }
        for count in 16...answer.count {
            #expect(try DBusMessage.length(Array(answer.prefix(count))) == answer.count)
        }
    }

    @Test func cutShort() {
        for count in 0..<answer.count {
            #expect(throws: DBusError.self) { try DBusMessage(Array(answer.prefix(count))) }
        }
    }

    /// Whatever a byte is changed to: an error or another message, and nothing outside of it is read.
    @Test func changedBytes() {
        for original in [call, answer, refusal] {
            for index in original.indices {
                for value: UInt8 in [0, 1, 2, 8, 118, 127, 128, 255] {
                    var changed = original
                    changed[index] = value
                    guard let message = try? DBusMessage(changed) else { continue }
                    _ = try? message.arguments(message.signature)
                }
            }
        }
    }

    @Test(arguments: [
        (0, UInt8(ascii: "B"), "byte order"), (3, 2, "protocol version"), (1, 9, "type 9"), (7, 1, "bytes"),
        (15, 1, "bytes"),
    ])
    func refused(index: Int, value: UInt8, says: String) {
        var message = answer
        message[index] = value
        let error = #expect(throws: DBusError.self) { try DBusMessage(message) }
        #expect("\(error!)".contains(says), "\(error!)")
    }

    @Test func variantsOfVariantsEnd() {
        var message = DBusMessage(.reply, serial: 1)
        message.replySerial = 1
        message.signature = "v"
        // Each level is three bytes: without a limit they would exhaust the stack.
        message.body = (0..<100_000).flatMap { _ in [UInt8(1), UInt8(ascii: "v"), 0] }
        #expect(throws: DBusError.self) { try DBusMessage(message.encoded()).arguments("v") }
    }

    @Test func stringsEndWhereTheySay() {
        let bodies: [[UInt8]] = [
            [2, 0, 0, 0, 97, 98, 99], [2, 0, 0, 0, 97, 0, 0], [255, 255, 255, 255, 97, 0],
            [2, 0, 0, 0, 255, 254, 0],
            [1, 0, 0, 0, 97, 0, 0],
        ]
        for body in bodies {
            var message = DBusMessage(.reply, serial: 1)
            message.replySerial = 1
            message.signature = "s"
            message.body = body
            #expect(throws: DBusError.self, "\(body)") {
                try DBusMessage(message.encoded()).arguments("s")
            }
        }
    }

    // MARK: Connecting

    @Test func addresses() {
        #expect(DBusAddress.list("unix:path=/run/bus") == [.path("/run/bus")])
        #expect(
            DBusAddress.list("tcp:host=x,port=1;unix:guid=00,abstract=/tmp/a%2db;unix:path=/c%20d,guid=1")
                == [.abstract("/tmp/a-b"), .path("/c d")])
        for text in [
            "", "unix:", "unix:tmpdir=/tmp", "unix:path=%", "unix:path=%4", "unix:path=%00", "path=/a",
        ] {
            #expect(DBusAddress.list(text) == [], "\(text)")
        }
    }

    @Test func nobodyListens() {
        let error = #expect(throws: DBusError.self) {
            _ = try DBusConnection.open(.path("/no/such/socket"), user: 0, milliseconds: 1000)
        }
        #expect("\(error!)" == "connect to /no/such/socket: no such file or directory")
        #expect(throws: DBusError.self) {
            _ = try DBusConnection.open(
                .path(String(repeating: "x", count: 200)), user: 0, milliseconds: 1000)
        }
    }

    /// A peer that takes the connection and says nothing does not keep us.
    @Test func nobodyAnswers() throws {
        let name = "swiftlet-dbus-\(getpid())"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: [0] + Array(name.utf8)) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
        let listener = FileDescriptor(
            owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { clinux_bind(listener.raw, $0, length) }
        }
        try #require(bound == 0)
        try #require(listen(listener.raw, 1) == 0)
        let error = #expect(throws: DBusError.self) {
            _ = try DBusConnection.open(.abstract(name), user: 0, milliseconds: 50)
        }
        #expect("\(error!)".contains("no answer"))
    }
}

extension [UInt8] {
    /// The length of the body of a message whose header is 120 bytes long.
    fileprivate func replacingBodyLength() -> [UInt8] {
        var message = self
        message[4] = UInt8(count - 120)
        return message
    }
}
