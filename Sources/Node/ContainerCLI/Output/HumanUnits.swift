import ContainerShim

/// Sizes and times as the tables print them.
public enum HumanUnits {
    /// Powers of 1000 with up to `precision` significant digits: `4.26MB`.
    public static func decimalSize(_ bytes: Int64, precision: Int = 3) -> String {
        scaled(
            Double(bytes), base: 1000, units: ["B", "kB", "MB", "GB", "TB", "PB", "EB"], precision: precision)
    }

    /// Powers of 1024: `1.5MiB`.
    public static func binarySize(_ bytes: Int64, precision: Int = 4) -> String {
        scaled(
            Double(bytes), base: 1024, units: ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"],
            precision: precision)
    }

    private static func scaled(_ value: Double, base: Double, units: [String], precision: Int) -> String {
        var value = value
        var unit = 0
        while value >= base, unit < units.count - 1 {
            value /= base
            unit += 1
        }
        return significant(value, precision) + units[unit]
    }

    /// As printf's `%.<digits>g`, for numbers that stay below 10^digits or are whole.
    static func significant(_ value: Double, _ digits: Int) -> String {
        var whole = 1
        var limit = 10.0
        while value >= limit {
            whole += 1
            limit *= 10
        }
        return fixed(value, max(0, digits - whole), trimmed: true)
    }

    /// A decimal number with `places` digits behind the point.
    /// - Parameter trimmed: without zeros at the end.
    public static func fixed(_ value: Double, _ places: Int, trimmed: Bool = false) -> String {
        var scale: Int64 = 1
        for _ in 0..<places { scale *= 10 }
        let units = Int64((value.magnitude * Double(scale)).rounded(.toNearestOrEven))
        var text = String(units / scale)
        if places > 0 {
            var fraction = padded(units % scale, places)
            if trimmed { while fraction.last == "0" { fraction.removeLast() } }
            if !fraction.isEmpty { text += "." + fraction }
        }
        return value < 0 && units != 0 ? "-" + text : text
    }

    /// `5 minutes`, `About an hour`, `3 weeks`: one unit, rounded down.
    public static func duration(seconds: Int64) -> String {
        let minutes = seconds / 60
        // Hours are rounded to the nearest.
        let hours = (seconds + 1800) / 3600
        if seconds < 1 { return "Less than a second" }
        if seconds == 1 { return "1 second" }
        if seconds < 60 { return "\(seconds) seconds" }
        if minutes == 1 { return "About a minute" }
        if minutes < 60 { return "\(minutes) minutes" }
        if hours == 1 { return "About an hour" }
        if hours < 48 { return "\(hours) hours" }
        if hours < 24 * 7 * 2 { return "\(hours / 24) days" }
        if hours < 24 * 30 * 2 { return "\(hours / 24 / 7) weeks" }
        if hours < 24 * 365 * 2 { return "\(hours / 24 / 30) months" }
        return "\(hours / 24 / 365) years"
    }

    /// `5 minutes ago`.
    public static func age(of moment: Timestamp, now: Timestamp = .now) -> String {
        duration(seconds: now.wholeSeconds(since: moment)) + " ago"
    }
}
