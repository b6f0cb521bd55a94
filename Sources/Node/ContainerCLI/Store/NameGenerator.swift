/// Names for containers whose user gave none: an adjective and something from the sea, as `calm_heron`.
public enum NameGenerator {
    private static let adjectives: StaticString = """
        able agile amber ample azure balmy bold brave breezy bright brisk calm candid casual cheery \
        chipper civil clear clever coastal cosmic cozy crisp curious dapper daring deft distant drifting \
        eager early earnest easy electric fair fabled fearless festive fleet floating fluent fond frank \
        free fresh frosty gallant gentle gilded glad gleaming golden graceful grand happy hardy hasty \
        hearty hidden honest humble jolly jovial keen kind lasting lively loyal lucid lucky mellow merry \
        mighty mild misty modest neat nimble noble northern patient peaceful placid plucky polite prompt \
        proud quick quiet rapid rested robust rosy rugged serene sharp shiny silent silver sincere sleek \
        smooth snug sober solar solid southern spry stable steady still stoic sturdy subtle sunny swift \
        tender thrifty tidal tidy timely tranquil trusty upbeat valiant vast velvet vivid warm wary \
        western whimsical wise witty young zesty
        """
    private static let nouns: StaticString = """
        albatross anchor anchovy atoll barge barnacle barque bay beacon boatswain bollard bowsprit breaker \
        brig buoy cape captain capstan catamaran channel clam clipper coast cockle compass coral cormorant \
        cove crab cruiser current cutter cuttlefish dinghy dolphin dory dune eddy eel egret estuary ferry \
        fjord flounder fluke frigate galleon galley grebe grouper gull haddock halibut halyard harbor \
        heron herring hull islet jellyfish jetty kayak keel kelp ketch kestrel kingfisher krill lagoon \
        lantern ledge limpet lobster longboat lugger mackerel manatee mangrove mariner marlin mast minnow \
        mooring mussel narwhal nautilus navigator oar octopus orca osprey otter oyster paddle pelican \
        penguin petrel pier pilot plaice plover porpoise puffin quay raft reef rigging rudder sailor \
        salmon sandbar sandpiper sardine schooner seahorse seal shoal shore shrimp skiff skipper sloop \
        sounding spinnaker sprat squid starfish steamer stern sturgeon surf swan tern tide tiller trawler \
        triton trout tugboat tuna turbot turtle urchin wake walrus wave whale wharf whelk windlass yawl
        """

    /// A pseudo-random name; another one each time, not unique by itself.
    public static func next() -> String {
        var random = SystemRandomNumberGenerator()
        return pick(adjectives, random.next()) + "_" + pick(nouns, random.next())
    }

    private static func pick(_ words: StaticString, _ random: UInt64) -> String {
        words.withUTF8Buffer { bytes in
            let all = bytes.split(separator: UInt8(ascii: " "))
            return String(decoding: all[Int(random % UInt64(all.count))], as: UTF8.self)
        }
    }
}
