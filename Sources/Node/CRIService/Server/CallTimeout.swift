import NIOCore
import NIOHTTP2

/// A call's time as a client's header `grpc-timeout` has it: one to eight digits and a unit (gRPC over HTTP/2, section
/// "Requests").
package struct CallTimeout: Equatable {
    package enum Unit: Character {
        case hours = "H"
        case minutes = "M"
        case seconds = "S"
        case milliseconds = "m"
        case microseconds = "u"
        case nanoseconds = "n"

        /// The next coarser one, and how many of this are one of it; nil for hours.
        fileprivate var coarser: (unit: Unit, count: Int64)? {
            switch self {
            case .hours: nil
            case .minutes: (.hours, 60)
            case .seconds: (.minutes, 60)
            case .milliseconds: (.seconds, 1000)
            case .microseconds: (.milliseconds, 1000)
            case .nanoseconds: (.microseconds, 1000)
            }
        }
    }

    private static let mostDigits = 8

    private let amount: Int64
    private let unit: Unit

    /// - Returns: nil for what is none.
    package init?(_ text: some StringProtocol) {
        let digits = text.dropLast()
        guard let unit = text.last.flatMap({ Unit(rawValue: $0) }),
            (1...Self.mostDigits).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let amount = Int64(digits)
        else { return nil }
        self.init(amount: amount, unit: unit)
    }

    private init(amount: Int64, unit: Unit) {
        self.amount = amount
        self.unit = unit
    }

    package var duration: Duration {
        switch unit {
        case .hours: .seconds(amount * 3600)
        case .minutes: .seconds(amount * 60)
        case .seconds: .seconds(amount)
        case .milliseconds: .milliseconds(amount)
        case .microseconds: .microseconds(amount)
        case .nanoseconds: .nanoseconds(amount)
        }
    }

    /// The same time in no more than seven digits, rounded up to a coarser unit: all that grpc-swift (2.4) reads, while
    /// grpc-go sends eight, for ten seconds to a minute and a half. Nil: longer than any call.
    package var readable: String? {
        if amount < 10_000_000 { return "\(amount)\(unit.rawValue)" }
        guard let (unit, count) = unit.coarser else { return nil }
        return CallTimeout(amount: (amount + count - 1) / count, unit: unit).readable
    }
}

/// Hands on the header `grpc-timeout` of a call in a form that grpc-swift can read, and none that is invalid:
/// grpc-swift (2.4) ends the process at a negative one.
///
/// Stands first in the pipeline of each HTTP/2 stream.
package final class CallTimeoutReader: ChannelInboundHandler {
    package typealias InboundIn = HTTP2Frame.FramePayload
    package typealias InboundOut = HTTP2Frame.FramePayload

    static let header = "grpc-timeout"

    /// Puts it into a stream that has not read anything.
    package static func add(to stream: any Channel) -> EventLoopFuture<Void> {
        stream.eventLoop.makeCompletedFuture {
            try stream.pipeline.syncOperations.addHandler(CallTimeoutReader(), position: .first)
        }
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .headers(var frame) = unwrapInboundIn(data),
            let text = frame.headers.first(name: Self.header)
        else { return context.fireChannelRead(data) }
        frame.headers.remove(name: Self.header)
        if let readable = CallTimeout(text)?.readable {
            frame.headers.add(name: Self.header, value: readable)
        }
        context.fireChannelRead(wrapInboundOut(.headers(frame)))
    }
}
