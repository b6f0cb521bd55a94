import LinuxKernel
import Logging

// The addresses that pods get, and who else may have them.
extension PodEngine {
    /// Takes over the ranges that the cluster gives to pods of this node, as `PodNetworks` does, and tells which routes lead
    /// into those that are new.
    /// - Returns: false where others were chosen, which stay.
    public func setPodRanges(_ ranges: [IPPrefix]) throws -> Bool {
        // Damaged ones are replaced.
        let before = try? networks.builtinRanges()
        guard try networks.setPodRanges(ranges) else { return false }
        if try networks.builtinRanges() != before { tellOfRoutesIntoPodRanges() }
        return true
    }

    /// Which of the addresses behind them others have is not known here.
    func tellOfRoutesIntoPodRanges() {
        do {
            for route in try networks.routesIntoPodRanges() {
                logger.warning(
                    "the host has a route into the pods' range: whoever is there may have an address that a pod gets",
                    metadata: ["route": "\(route)"])
            }
        } catch {
            logger.warning(
                "whether the host has routes into the pods' range is not known",
                metadata: ["error": "\(error)"])
        }
    }
}
